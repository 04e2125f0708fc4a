// Leica's SCN: the first description is an XML that lists the images of a scan, each with a place on the glass slide and
// with pages of several resolutions, focal planes and channels. One image covers the whole glass slide: the macro image.
#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "slide/colour_planes.h"
#include "slide/dialects/dialect.h"
#include "slide/numeric_text.h"
#include "slide/page_marks.h"
#include "slide/resolution.h"
#include "slide/xml_scan.h"
#include "slide/xml_text.h"

namespace microtome::slide {
namespace {

constexpr std::string_view kLeicaNamespace = "leica-microsystems.com/scn/";
// Far above what a scan has; bounds the memory that a hostile text takes.
constexpr std::size_t kMostLeicaImages = 1 << 12;
constexpr std::size_t kMostLeicaPages = 1 << 16;
constexpr double kNanometresPerMicron = 1000;

std::optional<std::uint64_t> leica_number(std::string_view attributes, std::string_view name) noexcept {
  const auto value = xml_attribute(attributes, name);
  return value ? parse_count(*value) : std::nullopt;
}

// What one page of the chain shows.
struct LeicaPage {
  std::size_t image = 0;
  std::uint64_t width_px = 0;
  std::uint64_t height_px = 0;
  std::uint64_t z = 0;
  std::uint64_t channel = 0;
};

// A rectangle of the glass slide, in nanometres.
struct LeicaView {
  std::uint64_t width_nm = 0;
  std::uint64_t height_nm = 0;
  std::optional<std::uint64_t> left_nm;
  std::optional<std::uint64_t> top_nm;
};

struct LeicaImage {
  LeicaView view;
  std::vector<std::pair<std::string, std::string>> texts;  // by the names of the properties
  std::string illumination;
};

struct LeicaScan {
  std::uint64_t width_nm = 0;  // of the glass slide
  std::uint64_t height_nm = 0;
  std::string barcode;
  std::vector<LeicaImage> images;
  std::map<std::uint64_t, LeicaPage> pages;           // by their numbers
  std::map<std::uint64_t, std::string> supplemental;  // "label": pages that are no images of the scan
};

class LeicaReader {
 public:
  explicit LeicaReader(std::string_view xml) noexcept : scan_(xml) {}

  LeicaScan run() {
    while (scan_.next()) {
      if (scan_.kind() == XmlScan::Kind::End)
        close();
      else
        open();
    }
    return std::move(result_);
  }

 private:
  [[noreturn]] static void too_many(const char* what, std::size_t most) {
    throw Error(Code::LIMIT_EXCEEDED, Stage::Slide,
                "the XML of the scan lists more than " + std::to_string(most) + " " + what +
                    ", expected those of one slide");
  }

  [[nodiscard]] std::uint64_t number(std::string_view name) const {
    return leica_number(scan_.attributes(), name).value_or(0);
  }

  void open() {
    const std::string_view name = scan_.name();
    if (name == "image") {
      if (result_.images.size() == kMostLeicaImages) too_many("images", kMostLeicaImages);
      result_.images.emplace_back();
      in_image_ = scan_.kind() == XmlScan::Kind::Start;
    } else if (name == "collection") {
      result_.width_nm = number("sizeX");
      result_.height_nm = number("sizeY");
    } else if (name == "supplementalImage") {
      const auto page = leica_number(scan_.attributes(), "ifd");
      if (result_.supplemental.size() == kMostLeicaPages) too_many("pages", kMostLeicaPages);
      if (page)
        result_.supplemental.emplace(*page, known_page_name(xml_attribute(scan_.attributes(), "type").value_or("")));
    } else if (in_image_) {
      open_in_image(name);
    }
  }

  void open_in_image(std::string_view name) {
    LeicaImage& image = result_.images.back();
    if (name == "view") {
      image.view = {number("sizeX"), number("sizeY"), leica_number(scan_.attributes(), "offsetX"),
                    leica_number(scan_.attributes(), "offsetY")};
    } else if (name == "dimension") {
      const auto page = leica_number(scan_.attributes(), "ifd");
      if (result_.pages.size() == kMostLeicaPages) too_many("pages", kMostLeicaPages);
      // The first that names a page: no page is of two images.
      if (page)
        result_.pages.emplace(*page, LeicaPage{result_.images.size() - 1, number("sizeX"), number("sizeY"), number("z"),
                                               number("c")});
    } else if (name == "device") {
      text("device-model", xml_attribute(scan_.attributes(), "model").value_or(""));
      text("device-version", xml_attribute(scan_.attributes(), "version").value_or(""));
    }
  }

  void close() {
    const std::string_view name = scan_.name();
    if (name == "image") in_image_ = false;
    if (name == "barcode" && result_.barcode.empty()) result_.barcode = xml_text(trim(scan_.text()));
    if (!in_image_) return;
    constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kTexts = {
        {{"numericalAperture", "aperture"},
         {"creationDate", "creation-date"},
         {"illuminationSource", "illumination-source"},
         {"objective", "objective"}}};
    for (const auto& [element, property] : kTexts) {
      if (name == element) text(property, scan_.text());
    }
    if (name == "illuminationSource") result_.images.back().illumination = trim(scan_.text());
  }

  void text(std::string_view property, std::string_view value) {
    constexpr std::size_t kMostTexts = 32;
    auto& texts = result_.images.back().texts;
    if (texts.size() < kMostTexts) texts.emplace_back("leica." + std::string(property), xml_text(trim(value)));
  }

  XmlScan scan_;
  LeicaScan result_;
  bool in_image_ = false;
};

class LeicaRules final : public TiffRules {
 public:
  explicit LeicaRules(const TiffContents& file) : scan_(LeicaReader(file.description).run()) {
    is_macro_.reserve(scan_.images.size());
    for (const LeicaImage& image : scan_.images) is_macro_.push_back(covers_slide(image.view));
    for (const Page& page : file.pages) {
      const LeicaPage* said = described(page);
      if (said != nullptr && is_macro_[said->image] && said->z == 0 && said->channel == 0)
        widest_[said->image] = std::max(widest_[said->image], page.size.width_px);
    }
    choose_image(file.pages);
  }

  static std::optional<std::string> detect(const TiffContents& file) {
    if (file.description.find(kLeicaNamespace) == std::string::npos) return std::nullopt;
    return "the description is an XML of the namespace " + std::string(kLeicaNamespace);
  }

  [[nodiscard]] std::string_view image_word() const override { return "image of the scan"; }
  [[nodiscard]] bool images_hold_levels() const override { return true; }

  void assign_images(std::vector<Page>& pages) const override {
    for (Page& page : pages) {
      if (const LeicaPage* said = described(page)) page.image = said->image;
    }
  }

  [[nodiscard]] std::string mark(Page& page) const override {
    if (!page.sub) {
      const auto other = scan_.supplemental.find(page.number);
      if (other != scan_.supplemental.end()) return other->second.empty() ? page.name : other->second;
    }
    const LeicaPage* said = described(page);
    if (said == nullptr) return TiffRules::mark(page);
    if (said->z != 0 || said->channel != 0) return page.name;
    if (!is_macro_[said->image] || said->image == chosen_) return {};
    return page.size.width_px == widest_.at(said->image) ? "macro" : page.name;
  }

  [[nodiscard]] std::optional<std::size_t> slide_page(const std::vector<Page>& pages) const override {
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < pages.size(); ++i) {
      const LeicaPage* said = described(pages[i]);
      if (said == nullptr || said->image != chosen_ || said->z != 0 || said->channel != 0) continue;
      if (!best || pages[i].size.width_px > pages[*best].size.width_px) best = i;
    }
    return best;
  }

  void join_planes(std::vector<Page>& pages, std::size_t slide, std::vector<std::string>&) const override {
    const std::uint64_t channels = 1 + most([](const LeicaPage& page) { return page.channel; });
    if (is_single_channel(pages[slide]) && channels > 1)
      refuse_channels("found the " + std::to_string(channels) + " channels of a scan by Leica as pages of their own");
  }

  [[nodiscard]] std::optional<Mpp> resolution(const SlidePage& slide, std::vector<std::string>&) const override {
    const LeicaPage* said = described(slide.page);
    if (said == nullptr || !same_size(*said, slide.page)) return std::nullopt;
    const LeicaView& view = scan_.images[said->image].view;
    if (view.width_nm == 0 || view.height_nm == 0) return std::nullopt;
    return stated_mpp(microns(view.width_nm, said->width_px), microns(view.height_nm, said->height_px), "leica");
  }

  [[nodiscard]] std::vector<std::string> remarks(const std::vector<Page>& pages, std::size_t slide) const override;

  void add_properties(PropertyList& properties) const override {
    properties.add("leica.barcode", scan_.barcode);
    if (!chosen_) return;
    for (const auto& [name, value] : scan_.images[*chosen_].texts) properties.add(name, value);
  }

 private:
  static double microns(std::uint64_t nm, std::uint64_t px) {
    return static_cast<double>(nm) / static_cast<double>(px) / kNanometresPerMicron;
  }

  static bool same_size(const LeicaPage& said, const Page& page) {
    return said.width_px == static_cast<std::uint64_t>(page.size.width_px) &&
           said.height_px == static_cast<std::uint64_t>(page.size.height_px);
  }

  [[nodiscard]] bool covers_slide(const LeicaView& view) const {
    return view.left_nm == 0u && view.top_nm == 0u && view.width_nm != 0 && view.width_nm == scan_.width_nm &&
           view.height_nm == scan_.height_nm;
  }

  // What the XML says of a page of the chain; null where it says nothing.
  [[nodiscard]] const LeicaPage* described(const Page& page) const {
    if (page.sub) return nullptr;
    const auto found = scan_.pages.find(page.number);
    return found == scan_.pages.end() ? nullptr : &found->second;
  }

  // The image with the largest page; one in bright field before any other, the macro image only where nothing else is.
  void choose_image(const std::vector<Page>& pages) {
    using Rank = std::array<std::int64_t, 3>;
    Rank best{};
    for (const Page& page : pages) {
      const LeicaPage* said = described(page);
      if (said == nullptr || said->z != 0 || said->channel != 0) continue;
      const Rank rank = {is_macro_[said->image] ? 0 : 1, scan_.images[said->image].illumination == "brightfield" ? 1 : 0,
                         page.size.width_px * page.size.height_px};  // sides below 2^31
      if (!chosen_ || rank > best) {
        best = rank;
        chosen_ = said->image;
      }
    }
  }

  // The largest of a number of the pages of the slide's image.
  template <typename Number>
  [[nodiscard]] std::uint64_t most(Number&& number) const {
    std::uint64_t result = 0;
    for (const auto& [place, page] : scan_.pages) {
      if (page.image == chosen_) result = std::max(result, std::min<std::uint64_t>(number(page), kMostLeicaPages));
    }
    return result;
  }

  LeicaScan scan_;
  std::vector<bool> is_macro_;                    // by image
  std::map<std::size_t, std::int64_t> widest_;    // of a macro image: the width of its largest page
  std::optional<std::size_t> chosen_;             // the image that is the slide
};

std::vector<std::string> LeicaRules::remarks(const std::vector<Page>& pages, std::size_t slide) const {
  std::vector<std::string> result;
  if (const LeicaPage* said = described(pages[slide]); said != nullptr && !same_size(*said, pages[slide]))
    result.push_back("the XML of the scan gives " + pages[slide].name + " " + std::to_string(said->width_px) + " x " +
                     std::to_string(said->height_px) + " pixels, which it has not; the resolution that it states is not used");
  if (!chosen_) {
    result.emplace_back("the XML of the scan names no page of the file; pages are taken by their sizes");
    return result;
  }
  const auto scanned = std::count(is_macro_.begin(), is_macro_.end(), false);
  if (scanned > 1) {
    const LeicaView& view = scan_.images[*chosen_].view;
    result.push_back("the scan has " + std::to_string(scanned) + " images; the slide is image " +
                     std::to_string(*chosen_) + ", which begins " + std::to_string(view.left_nm.value_or(0)) + " x " +
                     std::to_string(view.top_nm.value_or(0)) +
                     " nm from the corner of the glass slide, pages of the others are associated images");
  }
  if (const std::uint64_t planes = 1 + most([](const LeicaPage& page) { return page.z; }); planes > 1)
    result.push_back("the scan has " + std::to_string(planes) + " focal planes; only the first is read");
  if (const std::uint64_t channels = 1 + most([](const LeicaPage& page) { return page.channel; }); channels > 1)
    result.push_back("the scan has " + std::to_string(channels) + " channels; only the first is read");
  return result;
}

}  // namespace

const TiffDialect& leica_dialect() {
  static const TiffDialect dialect = make_dialect<LeicaRules>("leica");
  return dialect;
}

}  // namespace microtome::slide

// Leica's SCN: the first description is an XML that lists the images of a scan. A level is the whole glass slide, with
// each image at its place, as other readers show it. One image covers all of the glass slide: the macro image.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "slide/colour_planes.h"
#include "slide/dialects/dialect.h"
#include "slide/dialects/leica_xml.h"
#include "slide/resolution.h"

namespace microtome::slide {
namespace {

constexpr std::string_view kLeicaNamespace = "leica-microsystems.com/scn/";
constexpr std::string_view kBrightField = "brightfield";
constexpr double kNanometresPerMicron = 1000;
// Images of one scan differ in resolution by rounding alone.
constexpr double kLeastSimilarity = 0.98;

// One resolution of an image of the scan.
struct LeicaDimension {
  std::uint64_t number = 0;  // of the page
  LeicaPage said;
};

class LeicaRules final : public TiffRules {
 public:
  explicit LeicaRules(const TiffContents& file) : scan_(read_leica_xml(file.description)) {
    dimensions_.resize(scan_.images.size());
    for (const auto& [number, said] : scan_.pages) {
      if (said.z == 0 && said.channel == 0 && said.width_px != 0) dimensions_[said.image].push_back({number, said});
    }
    for (auto& one : dimensions_)
      std::stable_sort(one.begin(), one.end(),
                       [](const auto& a, const auto& b) { return a.said.width_px > b.said.width_px; });
    for (std::size_t i = 0; i < file.pages.size(); ++i) {
      if (!file.pages[i].sub) places_.emplace(file.pages[i].number, i);
    }
    choose_images();
    if (!chosen_.empty()) lay(file.pages);
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
    if (is_chosen(said->image)) return {};
    const auto& dimensions = dimensions_[said->image];
    const bool largest = !dimensions.empty() && dimensions.front().number == page.number;
    return is_macro(said->image) && largest ? "macro" : page.name;
  }

  [[nodiscard]] std::optional<std::size_t> slide_page(const std::vector<Page>&) const override {
    if (laid_.empty() || laid_.front().places.front().page == Page::kNone) return std::nullopt;
    return laid_.front().places.front().page;
  }

  [[nodiscard]] std::vector<LaidLevel> laid_levels() const override { return laid_; }

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
    if (chosen_.empty()) return;
    for (const auto& [name, value] : scan_.images[chosen_.front()].texts) properties.add(name, value);
    // Which parts of level 0 were scanned, by the names that others gave them.
    properties.add("openslide.bounds-x", std::to_string(left_px_));
    properties.add("openslide.bounds-y", std::to_string(top_px_));
    properties.add("openslide.bounds-width", std::to_string(right_px_ - left_px_));
    properties.add("openslide.bounds-height", std::to_string(bottom_px_ - top_px_));
    for (std::size_t i = 0; i < regions_.size(); ++i) {
      const auto& [x, y, width, height] = regions_[i];
      const std::string region = "openslide.region[" + std::to_string(i) + "].";
      properties.add(region + "x", std::to_string(x));
      properties.add(region + "y", std::to_string(y));
      properties.add(region + "width", std::to_string(width));
      properties.add(region + "height", std::to_string(height));
    }
  }

 private:
  static double microns(std::uint64_t nm, std::uint64_t px) {
    return static_cast<double>(nm) / static_cast<double>(px) / kNanometresPerMicron;
  }

  static bool same_size(const LeicaPage& said, const Page& page) {
    return said.width_px == static_cast<std::uint64_t>(page.size.width_px) &&
           said.height_px == static_cast<std::uint64_t>(page.size.height_px);
  }

  // True: the image shows all of the glass slide.
  [[nodiscard]] bool is_macro(std::size_t image) const {
    const LeicaView& view = scan_.images[image].view;
    return view.left_nm == 0u && view.top_nm == 0u && view.width_nm != 0 && view.width_nm == scan_.width_nm &&
           view.height_nm == scan_.height_nm;
  }

  [[nodiscard]] bool is_chosen(std::size_t image) const {
    return std::find(chosen_.begin(), chosen_.end(), image) != chosen_.end();
  }

  // What the XML says of a page of the chain; null where it says nothing.
  [[nodiscard]] const LeicaPage* described(const Page& page) const {
    if (page.sub) return nullptr;
    const auto found = scan_.pages.find(page.number);
    return found == scan_.pages.end() ? nullptr : &found->second;
  }

  // All images in bright field; where there are none, those in the light of the first one; the macro image only where
  // there is nothing else.
  void choose_images() {
    std::vector<std::size_t> scanned, macros;
    for (std::size_t i = 0; i < dimensions_.size(); ++i) {
      if (!dimensions_[i].empty()) (is_macro(i) ? macros : scanned).push_back(i);
    }
    if (scanned.empty()) {
      if (!macros.empty()) chosen_.assign(1, macros.front());
      return;
    }
    const auto bright = [&](std::size_t i) { return scan_.images[i].illumination == kBrightField; };
    const bool any = std::any_of(scanned.begin(), scanned.end(), bright);
    const std::string light = any ? std::string(kBrightField) : scan_.images[scanned.front()].illumination;
    for (const std::size_t i : scanned) {
      if (scan_.images[i].illumination == light) chosen_.push_back(i);
    }
    others_ = scanned.size() - chosen_.size();
  }

  [[nodiscard]] double pixel_nm(std::size_t image, std::size_t level) const {
    return static_cast<double>(scan_.images[image].view.width_nm) /
           static_cast<double>(dimensions_[image][level].said.width_px);
  }

  // Throws for images that do not go together: their pixels would be of several sizes.
  void require_similar(std::size_t image) const {
    const std::size_t first = chosen_.front();
    bool similar = scan_.images[image].objective == scan_.images[first].objective &&
                   dimensions_[image].size() == dimensions_[first].size();
    for (std::size_t level = 0; similar && level < dimensions_[first].size(); ++level) {
      const double nm = pixel_nm(first, level);
      similar = 1 - std::abs(pixel_nm(image, level) - nm) / nm >= kLeastSimilarity;
    }
    if (!similar)
      throw Error(Code::UNSUPPORTED_PIXELS, Stage::Slide,
                  "found the images " + std::to_string(first) + " and " + std::to_string(image) +
                      " of a scan by Leica with another objective, another number of resolutions or pixels of another "
                      "size, expected images that show one slide together");
  }

  void require_places() const {
    for (const std::size_t image : chosen_) {
      const LeicaView& view = scan_.images[image].view;
      if (view.width_nm == 0 || view.height_nm == 0 || !view.left_nm || !view.top_nm || scan_.width_nm == 0 ||
          scan_.height_nm == 0)
        throw Error(Code::NOT_A_SLIDE, Stage::Slide,
                    "the XML of the scan does not say where image " + std::to_string(image) +
                        " lies on the glass slide, expected sizes and offsets in nanometres");
    }
  }

  void lay(const std::vector<Page>& pages) {
    require_places();
    for (const std::size_t image : chosen_) require_similar(image);
    double first_nm = 0;
    for (std::size_t level = 0; level < dimensions_[chosen_.front()].size(); ++level) {
      double nm = pixel_nm(chosen_.front(), level);
      for (const std::size_t image : chosen_) nm = std::min(nm, pixel_nm(image, level));
      if (level == 0) first_nm = nm;
      LaidLevel laid;
      laid.width_px = std::ceil(static_cast<double>(scan_.width_nm) / nm);
      laid.height_px = std::ceil(static_cast<double>(scan_.height_nm) / nm);
      laid.factor = nm / first_nm;
      for (const std::size_t image : chosen_) laid.places.push_back(place_of(image, level, nm, pages));
      laid_.push_back(std::move(laid));
    }
    find_bounds(pages);
  }

  void find_bounds(const std::vector<Page>& pages) {
    left_px_ = top_px_ = std::numeric_limits<std::int64_t>::max();
    for (const LaidLevel::Place& place : laid_.front().places) {
      const ImageSize size = place.page == Page::kNone ? ImageSize{} : pages[place.page].size;
      regions_.push_back({place.x_px, place.y_px, size.width_px, size.height_px});
      left_px_ = std::min(left_px_, place.x_px);
      top_px_ = std::min(top_px_, place.y_px);
      right_px_ = std::max(right_px_, place.x_px + size.width_px);
      bottom_px_ = std::max(bottom_px_, place.y_px + size.height_px);
    }
  }

  [[nodiscard]] LaidLevel::Place place_of(std::size_t image, std::size_t level, double nm,
                                          const std::vector<Page>& pages) const {
    const auto found = places_.find(dimensions_[image][level].number);
    const LeicaView& view = scan_.images[image].view;
    const auto pixels = [nm](std::uint64_t offset) {
      return static_cast<std::int64_t>(std::min(static_cast<double>(offset) / nm, 1e9));
    };
    return {found == places_.end() || found->second >= pages.size() ? Page::kNone : found->second,
            pixels(*view.left_nm), pixels(*view.top_nm)};
  }

  // The largest of a number of the pages of the slide's images.
  template <typename Number>
  [[nodiscard]] std::uint64_t most(Number&& number) const {
    std::uint64_t result = 0;
    for (const auto& [place, page] : scan_.pages) {
      if (is_chosen(page.image)) result = std::max(result, std::min<std::uint64_t>(number(page), 1 << 16));
    }
    return result;
  }

  LeicaScan scan_;
  std::vector<std::vector<LeicaDimension>>
      dimensions_;                               // by image: of the first focal plane and channel, largest first
  std::map<std::uint64_t, std::size_t> places_;  // by the numbers of pages: where they are in the list
  std::vector<std::size_t> chosen_;              // the images that are the slide
  std::size_t others_ = 0;                       // images in another light
  std::vector<LaidLevel> laid_;
  std::vector<std::array<std::int64_t, 4>> regions_;  // of level 0: x, y, width and height of each image
  std::int64_t left_px_ = 0, top_px_ = 0, right_px_ = 0, bottom_px_ = 0;  // of level 0: around all images
};

std::vector<std::string> LeicaRules::remarks(const std::vector<Page>& pages, std::size_t slide) const {
  std::vector<std::string> result;
  if (const LeicaPage* said = described(pages[slide]); said != nullptr && !same_size(*said, pages[slide]))
    result.push_back("the XML of the scan gives " + pages[slide].name + " " + std::to_string(said->width_px) + " x " +
                     std::to_string(said->height_px) +
                     " pixels, which it has not; the resolution that it states is not used");
  if (chosen_.empty()) {
    result.emplace_back("the XML of the scan names no page of the file; pages are taken by their sizes");
    return result;
  }
  if (others_ > 0)
    result.push_back("the scan has " + std::to_string(others_) + " more images in another light than image " +
                     std::to_string(chosen_.front()) + "; their pages are associated images");
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

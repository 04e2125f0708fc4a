// OME-TIFF: the first description is an XML that lists the images of the file and the pages of each.
#include <algorithm>
#include <utility>

#include "slide/colour_planes.h"
#include "slide/dialects/dialect.h"
#include "slide/dialects/ome_images.h"
#include "slide/dialects/ome_xml.h"
#include "slide/page_marks.h"
#include "slide/resolution.h"

namespace microtome::slide {
namespace {

std::string listed(const std::vector<std::string_view>& names) {
  constexpr std::size_t kMost = 8, kLongest = 40;
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < kMost; ++i) {
    if (!names[i].empty()) text += (text.empty() ? "" : ", ") + std::string(names[i].substr(0, kLongest));
  }
  return text.empty() ? "" : " (" + text + ")";
}

std::size_t page_numbered(const std::vector<Page>& pages, std::uint64_t number) {
  for (std::size_t i = 0; i < pages.size(); ++i) {
    if (!pages[i].sub && pages[i].number == number) return i;
  }
  return Page::kNone;
}

std::uint64_t first_page_of(const std::vector<Page>& pages, std::size_t image) {
  std::uint64_t first = UINT64_MAX;
  for (const Page& page : pages) {
    if (!page.sub && page.image == image) first = std::min<std::uint64_t>(first, page.number);
  }
  return first;
}

std::string pixels_text(std::uint64_t width_px, std::uint64_t height_px) {
  return std::to_string(width_px) + " x " + std::to_string(height_px);
}

class OmeRules final : public TiffRules {
 public:
  explicit OmeRules(const TiffContents& file) : description_(file.description) {
    if (is_ome_xml(description_)) images_ = read_ome_images(description_);
  }

  static std::optional<std::string> detect(const TiffContents& file) {
    if (is_ome_xml(file.description)) return "the description is an OME-XML";
    const Page* page = find_page(file, [](const Page& other) { return is_ome_xml(other.text); });
    if (page == nullptr) return std::nullopt;
    return "the description of " + page->name + " is an OME-XML";
  }

  [[nodiscard]] std::string_view image_word() const override { return "OME image"; }

  void assign_images(std::vector<Page>& pages) const override;

  [[nodiscard]] std::string mark(Page& page) const override {
    std::string name = TiffRules::mark(page);
    return name.empty() && page.image ? plain_page_name(images_[*page.image].name) : name;
  }

  void join_planes(std::vector<Page>& pages, std::size_t slide, std::vector<std::string>& warnings) const override {
    const OmeImage* image = described(pages[slide]);
    if (image == nullptr) return;
    if (image->focal_planes * image->time_points > 1)
      warnings.push_back("the OME image has " + std::to_string(image->focal_planes) + " focal planes and " +
                         std::to_string(image->time_points) + " time points; only " + pages[slide].name + " is read");
    if (is_single_channel(pages[slide]) && image->channel_count > 1) join_channels(pages, slide, *image);
  }

  [[nodiscard]] std::optional<Mpp> resolution(const SlidePage& slide,
                                              std::vector<std::string>& warnings) const override;
  [[nodiscard]] std::vector<std::string> remarks(const std::vector<Page>& pages, std::size_t slide) const override;

 private:
  // The image of a page of the chain; null where there is none.
  [[nodiscard]] const OmeImage* described(const Page& page) const {
    return page.image && !page.sub ? &images_[*page.image] : nullptr;
  }
  static void join_channels(std::vector<Page>& pages, std::size_t slide, const OmeImage& image);

  std::string description_;
  std::vector<OmeImage> images_;  // parts of `description_`
};

void OmeRules::assign_images(std::vector<Page>& pages) const {
  if (images_.empty()) return;
  std::size_t count = 0;
  for (const Page& page : pages) {
    if (!page.sub) count = std::max(count, page.number + 1);
  }
  std::vector<OmePage> chain(count);
  for (const Page& page : pages) {
    if (page.sub) continue;
    chain[page.number] = {static_cast<std::uint64_t>(page.size.width_px),
                          static_cast<std::uint64_t>(page.size.height_px), page.samples};
  }
  const auto owners = ome_owners(images_, chain);
  for (Page& page : pages) {
    if (!page.sub) page.image = owners[page.number];
  }
}

void OmeRules::join_channels(std::vector<Page>& pages, std::size_t slide, const OmeImage& image) {
  const std::string found = "found the " + std::to_string(image.channel_count) + " channels of an OME image" +
                            listed(image.channels) + " as grey pages of their own";
  if (image.channel_count != 3 || image.channels.size() != 3) refuse_channels(found);
  Planes planes = {Page::kNone, Page::kNone, Page::kNone};
  const std::uint64_t first = first_page_of(pages, *pages[slide].image);
  for (std::size_t c = 0; c < 3; ++c) {
    const auto colour = colour_of(image.channels[c]);
    const auto number = ome_channel_page(image, first, c);
    const std::size_t page = number ? page_numbered(pages, *number) : Page::kNone;
    if (!colour || page == Page::kNone) refuse_channels(found);
    planes[*colour] = page;
  }
  slide::join_planes(pages, slide, planes, found);
}

// The part of the XML that is about the slide's own image.
std::optional<Mpp> OmeRules::resolution(const SlidePage& slide, std::vector<std::string>& warnings) const {
  std::string text = slide.description;
  if (const OmeImage* image = described(slide.page))
    text = "<OME>" + std::string(image->xml) + "</OME>";
  else if (!images_.empty() && !slide.page.sub && slide.page.number == 0)
    return std::nullopt;
  if (!is_ome_xml(text)) return std::nullopt;
  if (const auto size = ome_pixel_size(text)) return stated_mpp(size->x_um, size->y_um, "ome");
  if (text.find("PhysicalSize") != std::string::npos)
    warnings.push_back(
        "the OME-XML states no pixel size that can be used (PhysicalSizeX and PhysicalSizeY above zero, in a unit of "
        "length)");
  return std::nullopt;
}

std::vector<std::string> OmeRules::remarks(const std::vector<Page>& pages, std::size_t slide) const {
  std::vector<std::string> result;
  const auto& image = pages[slide].image;
  const ImageSize& size = pages[slide].size;
  if (const OmeImage* told = described(pages[slide]); told != nullptr && told->width_px != 0) {
    const auto width = static_cast<std::uint64_t>(size.width_px), height = static_cast<std::uint64_t>(size.height_px);
    if (told->width_px != width || told->height_px != height)
      result.push_back("the OME-XML gives " + told->title(*image) + " " + pixels_text(told->width_px, told->height_px) +
                       " pixels, and " + pages[slide].name + " has " + pixels_text(width, height) +
                       "; its resolution may be that of another picture");
  }
  if (images_.size() > 1)
    result.push_back("the file has " + std::to_string(images_.size()) + " OME images; the slide is " +
                     (image ? images_[*image].title(*image) : "none of them") +
                     ", pages of the others are associated images");
  return result;
}

}  // namespace

const TiffDialect& ome_dialect() {
  static const TiffDialect dialect = make_dialect<OmeRules>("ome");
  return dialect;
}

}  // namespace microtome::slide

#include "slide/dialects/ome_images.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "slide/numeric_text.h"
#include "slide/xml_scan.h"

namespace microtome::slide {
namespace {

// Far above what a slide has; bounds the memory that a hostile text takes.
constexpr std::size_t kMaxImages = 1 << 16;
constexpr std::size_t kMaxChannels = 1 << 16;
constexpr std::size_t kMaxTiffData = 1 << 18;
// A dimension above this is no dimension; keeps the products below 2^63.
constexpr std::uint64_t kMaxDimension = 1 << 20;

std::optional<std::uint64_t> count_of(std::string_view attributes, std::string_view name) noexcept {
  const auto value = xml_attribute(attributes, name);
  return value ? parse_count(*value) : std::nullopt;
}

std::uint64_t dimension(std::string_view attributes, std::string_view name) noexcept {
  return std::clamp<std::uint64_t>(count_of(attributes, name).value_or(1), 1, kMaxDimension);
}

[[noreturn]] void too_many(const char* what, std::size_t most) {
  throw Error(Code::LIMIT_EXCEEDED, Stage::Slide,
              "the OME-XML lists more than " + std::to_string(most) + " " + what + ", expected those of one slide");
}

class OmeReader {
 public:
  explicit OmeReader(std::string_view xml) : xml_(xml), scan_(xml) {}

  std::vector<OmeImage> run() {
    while (scan_.next()) {
      if (scan_.name() == "StructuredAnnotations") {
        annotations_ = scan_.kind() == XmlScan::Kind::Start;
      } else if (!annotations_) {
        take();
      }
    }
    close_image(xml_.size());
    return std::move(images_);
  }

 private:
  void take() {
    const std::string_view name = scan_.name();
    if (scan_.kind() == XmlScan::Kind::End) {
      if (name == "Image") close_image(scan_.end());
      if (name == "UUID" && in_image_ && !images_.back().data.empty()) take_uuid();
      return;
    }
    if (name == "OME") {
      uuid_ = trim(xml_attribute(scan_.attributes(), "UUID").value_or(""));
    } else if (name == "Image") {
      open_image();
      if (scan_.kind() == XmlScan::Kind::Empty) close_image(scan_.end());
    } else if (name == "Pixels") {
      if (!in_image_) open_image();  // cut off, or without its Image
      take_pixels();
    } else if (in_image_ && name == "Channel") {
      if (++channels_ > kMaxChannels) too_many("channels", kMaxChannels);
      images_.back().channels.push_back(trim(xml_attribute(scan_.attributes(), "Name").value_or("")));
    } else if (in_image_ && name == "TiffData") {
      take_tiff_data();
    }
  }

  void open_image() {
    close_image(scan_.begin());
    if (images_.size() == kMaxImages) too_many("images", kMaxImages);
    OmeImage image;
    if (scan_.name() == "Image") image.name = trim(xml_attribute(scan_.attributes(), "Name").value_or(""));
    images_.push_back(std::move(image));
    begin_ = scan_.begin();
    in_image_ = true;
  }

  void close_image(std::size_t end) {
    if (!in_image_) return;
    images_.back().xml = xml_.substr(begin_, end - begin_);
    in_image_ = false;
  }

  void take_pixels() {
    const std::string_view attributes = scan_.attributes();
    OmeImage& image = images_.back();
    image.width_px = count_of(attributes, "SizeX").value_or(0);
    image.height_px = count_of(attributes, "SizeY").value_or(0);
    image.channel_count = dimension(attributes, "SizeC");
    image.focal_planes = dimension(attributes, "SizeZ");
    image.time_points = dimension(attributes, "SizeT");
    if (const auto order = xml_attribute(attributes, "DimensionOrder")) image.order = trim(*order);
  }

  void take_tiff_data() {
    if (++tiff_data_ > kMaxTiffData) too_many("TiffData", kMaxTiffData);
    const std::string_view attributes = scan_.attributes();
    OmeTiffData data;
    data.ifd = count_of(attributes, "IFD");
    data.planes = count_of(attributes, "PlaneCount");
    data.first_c = count_of(attributes, "FirstC").value_or(0);
    data.first_z = count_of(attributes, "FirstZ").value_or(0);
    data.first_t = count_of(attributes, "FirstT").value_or(0);
    images_.back().data.push_back(data);
  }

  // The file that the planes are in; another one when its name in the set is not that of this file.
  void take_uuid() {
    const std::string_view uuid = trim(scan_.text());
    if (!uuid.empty() && !uuid_.empty() && uuid != uuid_) images_.back().data.back().elsewhere = true;
  }

  std::string_view xml_;
  XmlScan scan_;
  std::vector<OmeImage> images_;
  std::string_view uuid_;  // of this file
  std::size_t begin_ = 0;  // of the open image
  std::size_t channels_ = 0;
  std::size_t tiff_data_ = 0;
  bool in_image_ = false;
  bool annotations_ = false;
};

std::uint64_t planes_of(const OmeImage& image, std::uint64_t samples) noexcept {
  return (image.channel_count + samples - 1) / samples * image.focal_planes * image.time_points;
}

// The place of a plane in the order that the XML names, such as XYCZT: the first of the three runs fastest.
std::optional<std::uint64_t> plane_index(const OmeImage& image, std::uint64_t c, std::uint64_t z,
                                         std::uint64_t t) noexcept {
  if (c >= image.channel_count || z >= image.focal_planes || t >= image.time_points) return std::nullopt;
  std::uint64_t index = 0, step = 1;
  for (const char axis : image.order) {
    if (axis != 'C' && axis != 'Z' && axis != 'T') continue;
    const std::uint64_t size = axis == 'C' ? image.channel_count : axis == 'Z' ? image.focal_planes : image.time_points;
    index += step * (axis == 'C' ? c : axis == 'Z' ? z : t);
    step *= size;
    if (step > (std::uint64_t{1} << 62) / kMaxDimension) break;  // an axis named twice
  }
  return index;
}

// Gives pages to images, each page once. Free pages are linked, so that ranges that overlap cost nothing.
class Owners {
 public:
  explicit Owners(const std::vector<OmePage>& pages) : pages_(pages), owner_(pages.size()), free_(pages.size() + 1) {
    std::iota(free_.begin(), free_.end(), std::size_t{0});
  }

  void take_range(std::size_t image, std::uint64_t first, std::uint64_t count) {
    if (first >= pages_.size()) return;
    const std::uint64_t end = first + std::min<std::uint64_t>(count, pages_.size() - first);
    for (std::size_t page = next_free(first); page < end; page = next_free(page)) take(image, page);
  }

  // The first free page of the image's size, and those of its other planes behind it.
  bool take_where_size_fits(std::size_t image, const OmeImage& described) {
    for (std::size_t page = next_free(0); page < pages_.size(); page = next_free(page + 1)) {
      if (pages_[page].width_px != described.width_px || pages_[page].height_px != described.height_px) continue;
      take_range(image, page, planes_of(described, std::max<std::uint64_t>(1, pages_[page].samples)));
      return true;
    }
    return false;
  }

  std::vector<std::optional<std::size_t>> owners() { return std::move(owner_); }

 private:
  void take(std::size_t image, std::size_t page) {
    owner_[page] = image;
    free_[page] = page + 1;
  }

  std::size_t next_free(std::size_t page) {
    while (free_[page] != page) {
      free_[page] = free_[free_[page]];
      page = free_[page];
    }
    return page;
  }

  const std::vector<OmePage>& pages_;
  std::vector<std::optional<std::size_t>> owner_;
  std::vector<std::size_t> free_;
};

}  // namespace

std::string OmeImage::title(std::size_t index) const {
  constexpr std::size_t kMostOfName = 60;
  std::string text = "image " + std::to_string(index);
  if (!name.empty()) text += " (" + std::string(name.substr(0, kMostOfName)) + ")";
  return text;
}

std::vector<OmeImage> read_ome_images(std::string_view xml) { return OmeReader(xml).run(); }

std::vector<std::optional<std::size_t>> ome_owners(const std::vector<OmeImage>& images,
                                                   const std::vector<OmePage>& pages) {
  Owners owners(pages);
  for (std::size_t i = 0; i < images.size(); ++i) {
    for (const OmeTiffData& data : images[i].data) {
      if (data.elsewhere) continue;
      const std::uint64_t first = data.ifd.value_or(0);
      if (first >= pages.size()) continue;
      const std::uint64_t all = planes_of(images[i], std::max<std::uint64_t>(1, pages[first].samples));
      const std::uint64_t said = data.planes.value_or(data.ifd ? 1 : all);
      owners.take_range(i, first, std::min(said, all));
    }
  }
  std::size_t searches = 4 * pages.size();  // each of them goes through the pages
  for (std::size_t i = 0; i < images.size() && searches > 0; ++i, --searches) {
    if (!images[i].data.empty()) continue;
    const bool found = owners.take_where_size_fits(i, images[i]);
    // One image alone is that of the first page, also when the page was cut or made smaller afterwards.
    if (!found && images.size() == 1 && !pages.empty()) owners.take_range(i, 0, 1);
  }
  return owners.owners();
}

std::optional<std::uint64_t> ome_channel_page(const OmeImage& image, std::uint64_t first_page,
                                              std::uint64_t c) noexcept {
  const auto wanted = plane_index(image, c, 0, 0);
  if (!wanted) return std::nullopt;
  if (image.data.empty()) return first_page + *wanted;
  for (const OmeTiffData& data : image.data) {
    const auto first = plane_index(image, data.first_c, data.first_z, data.first_t);
    if (data.elsewhere || !first || *first > *wanted) continue;
    const std::uint64_t count = data.planes.value_or(data.ifd ? 1 : UINT64_MAX);
    if (*wanted - *first < count) return data.ifd.value_or(0) + (*wanted - *first);
  }
  return std::nullopt;
}

}  // namespace microtome::slide

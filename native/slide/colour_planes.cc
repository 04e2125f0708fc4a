#include "slide/colour_planes.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "slide/numeric_text.h"
#include "slide/xml_scan.h"

namespace microtome::slide {
namespace {

using Planes = std::array<std::size_t, 3>;  // red, green, blue: indices of pages

[[noreturn]] void refuse(const std::string& found) {
  throw Error(
      Code::UNSUPPORTED_PIXELS, Stage::Slide,
      found + ", expected the colours of a pixel in one page, or three like grey pages named red, green and blue");
}

// 0 red, 1 green, 2 blue.
std::optional<std::size_t> colour_of(std::string_view name) {
  std::string text(name);
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (text == "red" || text == "r") return 0;
  if (text == "green" || text == "g") return 1;
  if (text == "blue" || text == "b") return 2;
  return std::nullopt;
}

std::string listed(const std::vector<std::string_view>& names) {
  constexpr std::size_t kMost = 8, kLongest = 40;
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < kMost; ++i) {
    if (!names[i].empty()) text += (text.empty() ? "" : ", ") + std::string(names[i].substr(0, kLongest));
  }
  return text.empty() ? "" : " (" + text + ")";
}

bool same_layout(const Storage& a, const Storage& b) noexcept {
  return a.width_px == b.width_px && a.height_px == b.height_px && a.tile_width_px == b.tile_width_px &&
         a.tile_height_px == b.tile_height_px && a.tiled == b.tiled && a.bits == b.bits && a.samples == 1 &&
         b.samples == 1 && a.predictor == b.predictor && a.fill_order == b.fill_order &&
         a.compression == b.compression && a.photometric == Photometric::MinIsBlack &&
         b.photometric == Photometric::MinIsBlack;
}

// Codecs of whole images store the samples of a pixel together, and their planes cannot be taken apart.
bool planes_allowed(Compression compression) noexcept {
  return compression == Compression::None || compression == Compression::Lzw || compression == Compression::Deflate ||
         compression == Compression::Zstd;
}

bool alike(const std::vector<Page>& pages, const Planes& planes) noexcept {
  if (planes[0] == planes[1] || planes[1] == planes[2] || planes[0] == planes[2]) return false;
  return std::all_of(planes.begin(), planes.end(), [&](std::size_t i) {
    const Page& first = pages[planes[0]];
    return first.storage && pages[i].storage && same_layout(*first.storage, *pages[i].storage);
  });
}

void join(std::vector<Page>& pages, std::size_t into, const Planes& planes) {
  std::array<std::unique_ptr<TileTable>, 3> tables;
  for (std::size_t c = 0; c < planes.size(); ++c) tables[c] = std::move(pages[planes[c]].table);
  for (const std::size_t i : planes) {
    if (i == into) continue;
    pages[i].joined = true;
    pages[i].storage.reset();
  }
  Page& page = pages[into];
  page.table = std::move(tables[0]);
  page.further_planes.push_back(std::move(tables[1]));
  page.further_planes.push_back(std::move(tables[2]));
  page.storage->samples = 3;
  page.storage->planar = true;
  page.storage->photometric = Photometric::Rgb;
}

std::vector<std::size_t> children(const std::vector<Page>& pages, std::size_t parent) {
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < pages.size(); ++i) {
    if (pages[i].sub && pages[i].parent == parent) result.push_back(i);
  }
  return result;
}

// The reduced versions of the planes: the first SubIFD of each, the second of each, and so on.
void join_children(std::vector<Page>& pages, std::size_t into, const Planes& planes) {
  std::array<std::vector<std::size_t>, 3> lists;
  for (std::size_t c = 0; c < planes.size(); ++c) lists[c] = children(pages, planes[c]);
  const std::size_t own = static_cast<std::size_t>(std::find(planes.begin(), planes.end(), into) - planes.begin());
  for (std::size_t k = 0; k < lists[0].size() && k < lists[1].size() && k < lists[2].size(); ++k) {
    const Planes level = {lists[0][k], lists[1][k], lists[2][k]};
    if (alike(pages, level)) join(pages, level[own], level);
  }
}

std::optional<std::size_t> page_numbered(const std::vector<Page>& pages, std::uint64_t number) {
  for (std::size_t i = 0; i < pages.size(); ++i) {
    if (!pages[i].sub && pages[i].number == number) return i;
  }
  return std::nullopt;
}

std::uint64_t first_page_of(const std::vector<Page>& pages, std::size_t image) {
  std::uint64_t first = UINT64_MAX;
  for (const Page& page : pages) {
    if (!page.sub && page.image == image) first = std::min<std::uint64_t>(first, page.number);
  }
  return first;
}

void join_ome(std::vector<Page>& pages, std::size_t slide, const OmeImage& image) {
  const std::string found = "found the " + std::to_string(image.channel_count) + " channels of an OME image" +
                            listed(image.channels) + " as grey pages of their own";
  if (image.channel_count != 3 || image.channels.size() != 3) refuse(found);
  Planes planes = {Page::kNone, Page::kNone, Page::kNone};
  const std::uint64_t first = first_page_of(pages, *pages[slide].image);
  for (std::size_t c = 0; c < 3; ++c) {
    const auto colour = colour_of(image.channels[c]);
    const auto number = ome_channel_page(image, first, c);
    const auto page = number ? page_numbered(pages, *number) : std::nullopt;
    if (!colour || !page) refuse(found);
    planes[*colour] = *page;
  }
  for (const std::size_t i : planes) {
    if (i == Page::kNone) refuse(found);
    if (pages[i].error) throw *pages[i].error;
  }
  if (std::find(planes.begin(), planes.end(), slide) == planes.end() || !alike(pages, planes))
    refuse(found + ", which do not match in size or storage");
  const Compression compression = pages[slide].storage->compression;
  if (!planes_allowed(compression)) refuse(found + " with " + compression_name(compression) + " compression");
  join_children(pages, slide, planes);
  join(pages, slide, planes);
}

// "channels=3" among the lines that ImageJ writes.
std::uint64_t imagej_channels(std::string_view text) noexcept {
  if (!text.starts_with("ImageJ=")) return 1;
  constexpr std::string_view kKey = "\nchannels=";
  const auto at = text.find(kKey);
  if (at == std::string_view::npos) return 1;
  const std::string_view rest = text.substr(at + kKey.size());
  return parse_count(rest.substr(0, rest.find('\n'))).value_or(1);
}

}  // namespace

void join_colour_planes(std::vector<Page>& pages, std::size_t slide, const FileFacts& facts,
                        std::vector<std::string>& warnings) {
  const Page& page = pages[slide];
  const OmeImage* image = page.image && !page.sub ? &facts.ome[*page.image] : nullptr;
  if (image != nullptr && image->focal_planes * image->time_points > 1)
    warnings.push_back("the OME image has " + std::to_string(image->focal_planes) + " focal planes and " +
                       std::to_string(image->time_points) + " time points; only " + page.name + " is read");
  if (!page.grey() || page.storage->samples != 1) return;
  if (image != nullptr && image->channel_count > 1) return join_ome(pages, slide, *image);
  if (const std::uint64_t channels = imagej_channels(page.text); channels > 1)
    refuse("found the " + std::to_string(channels) + " channels of an ImageJ stack as grey pages of their own");
  if (!page.full_resolution) return;
  const auto channels = std::count_if(pages.begin(), pages.end(), [&](const Page& other) {
    return other.full_resolution && other.grey() && other.size.width_px == page.size.width_px &&
           other.size.height_px == page.size.height_px;
  });
  if (channels > 1)
    refuse("found the " + std::to_string(channels) + " channels of a QPTIFF as grey pages of their own");
}

}  // namespace microtome::slide

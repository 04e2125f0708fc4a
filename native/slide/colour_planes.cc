#include "slide/colour_planes.h"

#include <algorithm>
#include <utility>

#include "slide/page_marks.h"

namespace microtome::slide {
namespace {

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

}  // namespace

bool is_single_channel(const Page& page) noexcept { return page.grey() && page.storage->samples == 1; }

std::optional<std::size_t> colour_of(std::string_view name) {
  const std::string text = lower_case(name);
  if (text == "red" || text == "r") return 0;
  if (text == "green" || text == "g") return 1;
  if (text == "blue" || text == "b") return 2;
  return std::nullopt;
}

void refuse_channels(const std::string& found) {
  throw Error(
      Code::UNSUPPORTED_PIXELS, Stage::Slide,
      found + ", expected the colours of a pixel in one page, or three like grey pages named red, green and blue");
}

void join_planes(std::vector<Page>& pages, std::size_t slide, const Planes& planes, const std::string& found) {
  for (const std::size_t i : planes) {
    if (i == Page::kNone) refuse_channels(found);
    if (pages[i].error) throw *pages[i].error;
  }
  if (std::find(planes.begin(), planes.end(), slide) == planes.end() || !alike(pages, planes))
    refuse_channels(found + ", which do not match in size or storage");
  const Compression compression = pages[slide].storage->compression;
  if (!planes_allowed(compression)) refuse_channels(found + " with " + compression_name(compression) + " compression");
  join_children(pages, slide, planes);
  join(pages, slide, planes);
}

}  // namespace microtome::slide

#include "slide/pyramid.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/error.h"
#include "slide/aperio.h"

namespace microtome::slide {
namespace {

constexpr std::uint64_t kReducedBit = 1;
constexpr std::uint64_t kMaskBit = 4;
constexpr std::uint64_t kAperioMacro = 9;
// Enough for the lines that name an Aperio page.
constexpr std::uint64_t kPageTextBytes = 4096;

void read_marks(const TiffDirectory& directory, Page& page) {
  const auto subfile = directory.number(Tag::NewSubfileType);
  const std::uint64_t bits = subfile.value_or(0);
  page.reduced = (bits & kReducedBit) != 0;
  page.mask = (bits & kMaskBit) != 0;
  page.macro = bits == kAperioMacro;
  // The tag that NewSubfileType replaced: 2 is a reduced image.
  if (!subfile && directory.number(Tag::SubfileType).value_or(0) == 2) page.reduced = true;
  page.tiled = directory.find(Tag::TileWidth) != nullptr;
}

void read_pixels(const TiffDirectory& directory, const Limits& limits, Page& page) {
  Storage storage = read_storage(directory, limits);
  page.table = std::make_unique<TileTable>(directory, storage, limits);
  page.storage = std::move(storage);
}

// Indices of the pages after the first that may be levels, largest first; of equal ones the first comes first.
std::vector<std::size_t> candidates(const std::vector<Page>& pages) {
  std::vector<std::size_t> result;
  for (std::size_t i = 1; i < pages.size(); ++i) {
    const Page& page = pages[i];
    if ((page.tiled || page.reduced) && !page.mask && page.aperio_name.empty()) result.push_back(i);
  }
  std::stable_sort(result.begin(), result.end(), [&](std::size_t a, std::size_t b) {
    const ImageSize& left = pages[a].size;
    const ImageSize& right = pages[b].size;
    return left.width_px != right.width_px ? left.width_px > right.width_px : left.height_px > right.height_px;
  });
  return result;
}

Level make_level(const std::vector<Page>& pages, std::size_t index, std::size_t level) {
  const ImageSize& full = pages[0].size;
  const ImageSize& size = pages[index].size;
  Level result;
  result.index = static_cast<int>(level);
  result.downsample = (static_cast<double>(full.width_px) / static_cast<double>(size.width_px) +
                       static_cast<double>(full.height_px) / static_cast<double>(size.height_px)) /
                      2;
  result.storage = *pages[index].storage;
  result.directory = index;
  return result;
}

std::string associated_name(const Page& page, bool aperio, bool& thumbnail_seen) {
  if (page.mask) return "mask";
  if (!page.aperio_name.empty()) return page.aperio_name;
  if (!aperio || page.tiled || page.sub) return page.name;
  // Scanners that write no names still mark these two.
  if (page.macro) return "macro";
  if (page.reduced) return "label";
  return std::exchange(thumbnail_seen, true) ? page.name : "thumbnail";
}

// "mask", "mask-2", "mask-3": a name says which one is meant.
std::string unique_name(const std::string& name, std::set<std::string>& taken) {
  std::string result = name;
  for (int i = 2; !taken.insert(result).second; ++i) result = name + "-" + std::to_string(i);
  return result;
}

}  // namespace

Page read_first_page(const TiffDirectory& directory, const Limits& limits) {
  Page page;
  page.name = "page-0";
  page.size = read_image_size(directory);
  read_pixels(directory, limits, page);
  page.tiled = page.storage->tiled;
  return page;
}

Page read_other_page(const FoundDirectory& found, bool aperio, const Limits& limits) {
  Page page;
  page.sub = found.sub;
  page.name = (found.sub ? "subifd-" : "page-") + std::to_string(found.number);
  page.size = read_image_size(found.directory);
  read_marks(found.directory, page);
  try {
    if (aperio) page.aperio_name = aperio_page_name(found.directory.text(Tag::ImageDescription, kPageTextBytes));
    read_pixels(found.directory, limits, page);
  } catch (const Error& error) {
    page.refusal = error.found();
  }
  return page;
}

bool is_reduction(const ImageSize& from, const ImageSize& to) noexcept {
  if (to.width_px > from.width_px || to.height_px > from.height_px) return false;
  if (to.width_px == from.width_px && to.height_px == from.height_px) return false;
  // A side that has reached one pixel stays there; any other side must shrink.
  if (to.width_px == from.width_px && to.width_px > 1) return false;
  if (to.height_px == from.height_px && to.height_px > 1) return false;
  // |w - W/f| <= 1 holds for f from W/(w+1) to W/(w-1), and so for the heights; the two ranges must meet. Both end
  // above 1. Cross-multiplied: exact, and sides below 2^31 do not overflow.
  return from.width_px * (to.height_px - 1) <= from.height_px * (to.width_px + 1) &&
         from.height_px * (to.width_px - 1) <= from.width_px * (to.height_px + 1);
}

Pyramid build_pyramid(const std::vector<Page>& pages, bool aperio) {
  Pyramid pyramid;
  std::vector<bool> is_level(pages.size(), false);
  std::size_t last = 0;
  is_level[0] = true;
  pyramid.levels.push_back(make_level(pages, 0, 0));
  for (const std::size_t index : candidates(pages)) {
    const Page& page = pages[index];
    if (!is_reduction(pages[last].size, page.size)) continue;
    if (!page.storage) {
      pyramid.warnings.push_back(page.name + " has the size of a level, but is not read: " + page.refusal);
      continue;
    }
    pyramid.levels.push_back(make_level(pages, index, pyramid.levels.size()));
    is_level[index] = true;
    last = index;
  }

  bool thumbnail_seen = false;
  std::set<std::string> taken;
  for (std::size_t i = 1; i < pages.size(); ++i) {
    if (is_level[i]) continue;
    const Page& page = pages[i];
    Associated image;
    image.name = unique_name(associated_name(page, aperio, thumbnail_seen), taken);
    image.width_px = page.size.width_px;
    image.height_px = page.size.height_px;
    image.storage = page.storage;
    image.refusal = page.refusal;
    image.directory = i;
    pyramid.associated.push_back(std::move(image));
  }
  return pyramid;
}

}  // namespace microtome::slide

#include "slide/page.h"

#include <utility>

namespace microtome::slide {
namespace {

constexpr std::uint64_t kReducedBit = 1;
// Enough for the lines that name a page, and for the head of an XML that says what it is.
constexpr std::uint64_t kPageTextBytes = 16 << 10;

void read_marks(const TiffDirectory& directory, Page& page) {
  const auto subfile = directory.number(Tag::NewSubfileType);
  page.subfile = subfile.value_or(0);
  page.reduced = (page.subfile & kReducedBit) != 0;
  // The tag that NewSubfileType replaced: 2 is a reduced image.
  if (!subfile && directory.number(Tag::SubfileType).value_or(0) == 2) page.reduced = true;
}

// What read_storage() refuses by its name is worth no word here.
void read_layout(const TiffDirectory& directory, Page& page) {
  constexpr std::uint64_t kMostPx = 0x7FFFFFFF;
  try {
    page.samples = directory.number(Tag::SamplesPerPixel).value_or(1);
    const std::uint64_t width = directory.number(Tag::TileWidth).value_or(0);
    const std::uint64_t height = directory.number(Tag::TileLength).value_or(0);
    if (width == 0 || height == 0 || width > kMostPx || height > kMostPx) return;
    page.tile = {static_cast<std::int64_t>(width), static_cast<std::int64_t>(height)};
  } catch (const Error&) {
    page.tile = {};
  }
}

void read_pixels(const TiffDirectory& directory, const Limits& limits, Page& page) {
  Storage storage = read_storage(directory, limits);
  page.table = std::make_unique<TileTable>(directory, storage, limits);
  page.stored_across = storage.tiles_across();
  page.stored_down = storage.tiles_down();
  page.storage = std::move(storage);
}

}  // namespace

StoredTile Page::stored(std::int64_t column, std::int64_t row, int part) const {
  const auto across = static_cast<std::uint64_t>(stored_across), down = static_cast<std::uint64_t>(stored_down);
  const auto x = static_cast<std::uint64_t>(column), y = static_cast<std::uint64_t>(row);
  const auto z = static_cast<std::uint64_t>(part);
  if (intervals) {
    const std::uint64_t interval_row = y * static_cast<std::uint64_t>(storage->parts()) + z;
    const bool there = interval_row * static_cast<std::uint64_t>(storage->interval_height_px) <
                       static_cast<std::uint64_t>(storage->height_px);
    return there ? intervals->at(interval_row * across + x) : StoredTile{};
  }
  // Planes that are pages of their own have a table each; else one table holds plane after plane.
  const bool apart = !further_planes.empty();
  const TileTable& of_plane = apart && part > 0 ? *further_planes[z - 1] : *table;
  // Below TileTable::size(), which was checked for overflow.
  return of_plane.at(((apart ? 0 : z) * down + y) * across + x);
}

Page read_page(const FoundDirectory& found, const Limits& limits, std::vector<std::string>& warnings) {
  const TiffDirectory& directory = found.directory;
  Page page;
  page.name = found.name;
  page.sub = found.sub;
  page.number = found.number;
  page.size = read_image_size(directory);
  page.tiled = directory.find(Tag::TileWidth) != nullptr || directory.find(Tag::TileLength) != nullptr;
  const bool first = !found.sub && found.number == 0;
  try {
    read_marks(directory, page);
  } catch (const Error&) {
    // The first page is an image whatever its marks are.
    if (!first) throw;
  }
  read_layout(directory, page);
  try {
    page.text = directory.text(Tag::ImageDescription, kPageTextBytes);
  } catch (const Error& error) {
    // Of the first page this is said where the whole description is read.
    if (!first) warnings.push_back("the description of " + page.name + " is not read: " + error.found());
  }
  try {
    read_pixels(directory, limits, page);
  } catch (const Error& error) {
    page.table.reset();
    page.error = error;
  }
  return page;
}

}  // namespace microtome::slide

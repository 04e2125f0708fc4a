#include "slide/storage.h"

#include <algorithm>
#include <limits>
#include <string>

#include "core/error.h"
#include "slide/checked_math.h"
#include "slide/compression.h"
#include "slide/pixel_kind.h"

namespace microtome::slide {
namespace {

constexpr std::uint64_t kMaxSidePx = std::numeric_limits<std::int32_t>::max();
// Quantization and Huffman tables of a JPEG take less than 4 KiB; the rest is room for markers nobody needs.
constexpr std::uint64_t kMaxJpegTablesBytes = 64 << 10;

std::int64_t read_side(const TiffDirectory& directory, Tag tag) {
  const auto value = directory.number(tag);
  if (!value || *value == 0 || *value > kMaxSidePx)
    throw Error(Code::NOT_A_SLIDE, Stage::Slide,
                std::string(tag_name(tag)) + " is " + (value ? std::to_string(*value) : "missing") +
                    ", expected 1 to " + std::to_string(kMaxSidePx));
  return static_cast<std::int64_t>(*value);
}

void read_compression(const TiffDirectory& directory, Storage& storage) {
  const std::uint64_t code = directory.number(Tag::Compression).value_or(1);
  const auto compression = compression_of(code);
  if (!compression)
    throw Error(Code::UNSUPPORTED_COMPRESSION, Stage::Slide,
                "found " + describe_compression(code) + ", expected none, JPEG, LZW, Deflate, ZSTD, WebP or JPEG 2000");
  storage.compression = *compression;
}

void read_tiling(const TiffDirectory& directory, Storage& storage) {
  storage.tiled = directory.find(Tag::TileWidth) != nullptr || directory.find(Tag::TileLength) != nullptr;
  if (storage.tiled) {
    storage.tile_width_px = read_side(directory, Tag::TileWidth);
    storage.tile_height_px = read_side(directory, Tag::TileLength);
    return;
  }
  storage.tile_width_px = storage.width_px;
  const std::uint64_t height = static_cast<std::uint64_t>(storage.height_px);
  const std::uint64_t rows = directory.number(Tag::RowsPerStrip).value_or(0);
  // Missing, zero and "infinite" (2^32 - 1) all mean one strip.
  storage.tile_height_px = static_cast<std::int64_t>(rows == 0 ? height : std::min(rows, height));
}

// No option can allow more; and below it, bytes of a tile can be multiplied without overflow.
constexpr std::uint64_t kMostTileBytes = std::uint64_t{1} << 53;
// Parts that a strip is read in: large enough for few reads, small beside any limit that somebody would set.
constexpr std::uint64_t kPartBytes = 1 << 20;
constexpr std::uint64_t kMostPartRows = 4096;

// All samples of one row of pixels, also where each has a plane of its own.
std::uint64_t row_bytes_of(const Storage& storage) noexcept {
  return static_cast<std::uint64_t>(storage.tile_width_px) * static_cast<std::uint64_t>(storage.samples) *
         static_cast<std::uint64_t>(storage.bits / 8);
}

// A tile or strip that is over the limit is refused when its pixels are asked for (decode/tile_rect): the slide can be
// opened and listed.
void check_tile_bytes(const Storage& storage) {
  const auto bytes = checked_multiply(row_bytes_of(storage), static_cast<std::uint64_t>(storage.tile_height_px));
  if (bytes && *bytes <= kMostTileBytes) return;
  throw Error(
      Code::LIMIT_EXCEEDED, Stage::Slide,
      describe_stored_tile(storage) + " decodes to more than 2^53 bytes, which no [[limits.decodedTileBytes]] allows",
      "convert the slide to one with tiles of 256 x 256 pixels");
}

// An uncompressed strip is rows one after another. One that is over a limit is read in parts of a few rows.
void divide_strips(Storage& storage, const Limits& limits) {
  if (storage.tiled || storage.compression != Compression::None) return;
  const std::uint64_t most = std::min(limits.decoded_tile_bytes, limits.stored_tile_bytes);
  const std::uint64_t row = row_bytes_of(storage);
  const auto rows = static_cast<std::uint64_t>(storage.tile_height_px);
  if (row * rows <= most || row > most) return;
  std::uint64_t part = std::clamp<std::uint64_t>(std::min(most, kPartBytes) / row, 1, kMostPartRows);
  // Where there are several strips, each has to be divided without a rest.
  if (storage.tile_height_px < storage.height_px)
    while (rows % part != 0) --part;
  storage.tile_height_px = static_cast<std::int64_t>(part);
  storage.strip_parts = static_cast<std::int64_t>((rows + part - 1) / part);
}

void read_palette(const TiffDirectory& directory, Storage& storage) {
  const std::uint64_t expected = 3u << storage.bits;
  const TiffEntry* entry = directory.find(Tag::ColorMap);
  if (entry == nullptr || entry->count != expected || entry->type != 3)
    throw Error(Code::UNSUPPORTED_PIXELS, Stage::Slide,
                "found a palette of " + std::to_string(entry == nullptr ? 0 : entry->count) + " entries, expected " +
                    std::to_string(expected) + " 16-bit ones");
  for (const std::uint64_t value : directory.numbers(Tag::ColorMap, expected))
    storage.palette.push_back(static_cast<std::uint16_t>(value));
}

}  // namespace

ImageSize read_image_size(const TiffDirectory& directory) {
  return {read_side(directory, Tag::ImageWidth), read_side(directory, Tag::ImageLength)};
}

std::string describe_stored_tile(const Storage& storage) {
  return std::string("one stored ") + (storage.tiled ? "tile" : "strip") + " of " +
         std::to_string(storage.tile_width_px) + " x " + std::to_string(storage.tile_height_px) + " pixels";
}

std::uint64_t decoded_row_bytes(const Storage& storage) noexcept {
  const auto samples = static_cast<std::uint64_t>(storage.planar ? 1 : storage.samples);
  return static_cast<std::uint64_t>(storage.tile_width_px) * samples * static_cast<std::uint64_t>(storage.bits / 8);
}

Storage read_storage(const TiffDirectory& directory, const Limits& limits) {
  Storage storage;
  const ImageSize size = read_image_size(directory);
  storage.width_px = size.width_px;
  storage.height_px = size.height_px;
  storage.big_endian = directory.file().big_endian;
  read_compression(directory, storage);
  read_pixel_kind(directory, storage);
  read_tiling(directory, storage);
  check_tile_bytes(storage);
  divide_strips(storage, limits);
  if (storage.photometric == Photometric::Palette) read_palette(directory, storage);
  if (storage.compression == Compression::Jpeg)
    storage.jpeg_tables = directory.blob(Tag::JpegTables, std::min(kMaxJpegTablesBytes, limits.metadata_bytes));
  return storage;
}

}  // namespace microtome::slide

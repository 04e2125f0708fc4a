// The tile decoder behind the directory reader: any bytes that are a slide give, tile by tile, the same pixels or the
// same error whatever was decoded before, write nothing beside the destination, and fit the regions made of them.
#include "decode/codecs.h"
#include "decode/overview.h"
#include "test/fuzz/tile_checks.h"

namespace {

using namespace microtome;
using namespace microtome::fuzz;

constexpr std::int64_t kTilesPerLevel = 3;
constexpr std::int64_t kPixelsPerRun = 150'000;  // of stored tiles; a run takes about a millisecond then

bool can_decode(const slide::Slide& slide, const slide::Storage& storage, std::size_t directory) {
  if (!decode::tile_fits(storage, slide.limits())) return false;  // and its sides could not be multiplied
  return !try_it({Code::UNSUPPORTED_PIXELS, Code::UNSUPPORTED_COMPRESSION, Code::RUNTIME_MISSING},
                 [&] { decode::require_codec(slide, storage, directory); });
}

class Run {
 public:
  explicit Run(const slide::Slide& slide) : slide_(slide) {}

  void levels() {
    for (const auto& level : slide_.levels()) {
      tiles(level.storage, level.directory, level.index);
      if (pixels_left_ > 0 && can_decode(slide_, level.storage, level.directory)) regions(level);
    }
    for (const auto& image : slide_.associated())
      if (image.storage) tiles(*image.storage, image.directory, -1);
    decoder_.forget_read_ahead();
  }

  void overview() {
    std::int64_t pixels = 0;
    for (const auto& level : slide_.levels()) {
      const auto& storage = level.storage;
      const std::int64_t tiles = storage.tiles_across() * storage.tiles_down();
      if (!can_decode(slide_, storage, level.directory) || tiles > kPixelsPerRun) return;
      pixels = std::max(pixels, tiles * storage.tile_width_px * storage.tile_height_px);
    }
    if (pixels > kPixelsPerRun) return;
    for (const auto missing : {decode::MissingTiles::White, decode::MissingTiles::FromFiner}) overview(missing);
  }

 private:
  // Twice the same picture; what is made from finer levels is not missing.
  void overview(decode::MissingTiles missing) {
    const auto read = [&] {
      return decode::OverviewReader(slide_, 24, decode::BadTilePolicy::Fill, missing).read(decoder_, nullptr);
    };
    decode::Region first;
    if (try_it({Code::LIMIT_EXCEEDED, Code::UNSUPPORTED_COMPRESSION, Code::NOT_A_SLIDE}, [&] { first = read(); }))
      return;
    REQUIRE(std::max(first.image.width_px, first.image.height_px) <= 24);
    if (missing == decode::MissingTiles::White) REQUIRE(first.made_tiles == 0 && first.costly_tiles == 0);
    REQUIRE(first.costly_tiles <= first.missing_tiles);
    const decode::Region second = read();
    REQUIRE(first.image.data == second.image.data && first.made_tiles == second.made_tiles);
  }

  void tiles(const slide::Storage& storage, std::size_t directory, int level) {
    if (!can_decode(slide_, storage, directory)) return;
    // Only libjpeg-turbo keeps its text with the decompressor.
    const bool same_words =
        storage.compression == slide::Compression::Jpeg || storage.compression == slide::Compression::None;
    // The new decoders read each tile alone; this one has fetched some of them together.
    std::vector<TileAddress> ahead;
    for_some_tiles(storage, 2 * kTilesPerLevel,
                   [&](std::int64_t column, std::int64_t row) { ahead.push_back({level, column, row}); });
    decoder_.read_ahead(slide_, storage, directory, ahead);
    for_some_tiles(storage, kTilesPerLevel, [&](std::int64_t column, std::int64_t row) {
      pixels_left_ -= storage.tile_width_px * storage.tile_height_px;
      if (pixels_left_ < 0) return;
      check_tile(decoder_, {slide_, storage, directory, {level, column, row}}, same_words);
    });
  }

  void regions(const slide::Level& level) {
    const auto& storage = level.storage;
    // Across the corner of four tiles where the level has them, and beyond the lower right corner of the level.
    const std::int64_t left = std::min(storage.tile_width_px - 2, storage.width_px - 1);
    const std::int64_t top = std::min(storage.tile_height_px - 2, storage.height_px - 1);
    const std::int64_t width = std::min<std::int64_t>(storage.tile_width_px, 64) + 3;
    const std::int64_t height = std::min<std::int64_t>(storage.tile_height_px, 64) + 3;
    pixels_left_ -= 4 * storage.tile_width_px * storage.tile_height_px;
    check_region(decoder_, slide_, level, {left, top, width, height});
    check_region(decoder_, slide_, level, {storage.width_px - 1, storage.height_px - 1, 3, 2});
  }

  const slide::Slide& slide_;
  decode::TileDecoder decoder_;
  std::int64_t pixels_left_ = kPixelsPerRun;
};

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  decode::set_codec_paths({environment("MICROTOME_JPEG_LIBRARY"), environment("MICROTOME_VIPS_LIBRARY")});
  report_cpu_time();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto slide = open_or_refuse(input_source(data, size), tight_limits());
  if (!slide) return 0;
  Run run(*slide);
  run.levels();
  run.overview();
  return 0;
}

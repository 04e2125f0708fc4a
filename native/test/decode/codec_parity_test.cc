// The codecs that are compiled in against libvips: the same bits from the same stored tile, wherever both can read it.
#include <random>

#include "decode/bad_tile.h"
#include "decode/codecs.h"
#include "decode/one_strip_tiff.h"
#include "decode/predictor.h"
#include "decode/tile_codecs.h"
#include "decode/vips_decoder.h"
#include "test/decode/encoders.h"

namespace {

using namespace microtome;
using namespace microtome::decode;
using namespace microtome::test;
using slide::Compression;
using slide::Storage;

std::size_t bytes_of(const StripShape& shape) {
  return static_cast<std::size_t>(shape.width_px * shape.height_px * shape.samples * (shape.bits / 8));
}

// Empty: damaged.
Bytes through_vips(const Storage& storage, const StripShape& shape, const Bytes& stored) {
  Bytes file = one_strip_header(shape, storage, stored.size());
  file.insert(file.end(), stored.begin(), stored.end());
  Bytes out(bytes_of(shape), 1);
  try {
    decode_with_vips(vips(), file, shape, out);
  } catch (const BadTile&) {
    return {};
  }
  return out;
}

Bytes directly(const Storage& storage, const StripShape& shape, Bytes stored) {
  Bytes out(bytes_of(shape), 2);
  static TileCodecs codecs;  // one for all tiles, as a worker has
  try {
    codecs.decode(storage, shape, stored, out);
  } catch (const BadTile&) {
    return {};
  }
  return out;
}

bool both(Compression compression) { return built_in_codec(compression) != nullptr && vips_decodes(compression); }

Bytes encode(Compression compression, const Bytes& raw) {
#ifdef MICROTOME_WITH_ZSTD
  if (compression == Compression::Zstd) return zstd_encode(raw, raw.size() % 2 == 0);
#endif
  return compression == Compression::Lzw ? lzw_encode(raw) : deflate_encode(raw);
}

// Rows of noise, of a slope and of one value, so that every kind of match occurs.
Bytes samples(const StripShape& shape, unsigned seed) {
  std::mt19937 random(seed);
  Bytes out(bytes_of(shape));
  const std::size_t row = out.size() / static_cast<std::size_t>(shape.height_px);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t kind = i / row % 3;
    out[i] = static_cast<std::uint8_t>(kind == 0 ? random() : kind == 1 ? i * 3 + seed : 200);
  }
  return out;
}

TEST(lossless_tiles_of_every_layout_are_equal) {
  if (!have_vips(__func__)) return;
  int compared = 0;
  for (const Compression one : {Compression::Lzw, Compression::Deflate, Compression::Zstd})
    for (const int count : {1, 2, 3, 4, 5, 7})
      for (const int bits : {8, 16})
        for (const int predictor : {1, 2})
          for (const bool big : {false, true})
            for (const int fill_order : {1, 2})
              for (const auto& [width, height] : {std::pair{1, 1}, std::pair{16, 16}, std::pair{37, 5}}) {
                if (!both(one)) continue;
                Storage storage = storage_of(width, height, width, height, one);
                storage.samples = count;
                storage.bits = bits;
                storage.predictor = predictor;
                storage.big_endian = big;
                storage.fill_order = fill_order;
                const StripShape shape{width, height, count, bits};
                Bytes stored = encode(one, samples(shape, static_cast<unsigned>(compared)));
                if (fill_order == 2) turn_bits(stored);
                const Bytes expected = through_vips(storage, shape, stored);
                CHECK(!expected.empty());
                CHECK(directly(storage, shape, stored) == expected);
                ++compared;
              }
  CHECK(compared >= 288);
}

TEST(a_last_strip_stored_with_all_its_rows_is_cut) {
  if (!have_vips(__func__)) return;
  for (const Compression one : {Compression::Lzw, Compression::Deflate, Compression::Zstd}) {
    if (!both(one)) continue;
    Storage storage = storage_of(40, 100, 40, 64, one);
    storage.tiled = false;
    storage.predictor = 2;
    const StripShape last{40, 36, 3, 8};
    const Bytes stored = encode(one, samples({40, 64, 3, 8}, 9));
    const Bytes expected = through_vips(storage, last, stored);
    CHECK(!expected.empty());
    CHECK(directly(storage, last, stored) == expected);
  }
}

// The same answer to surplus, missing and damaged bytes. What libtiff reads although a checksum is wrong or missing
// is refused here, and so is a stream of much more than the tile.
TEST(damage_is_judged_alike) {
  if (!have_vips(__func__)) return;
  const StripShape shape{24, 20, 3, 8};
  std::mt19937 random(5);
  for (const Compression one : {Compression::Lzw, Compression::Deflate, Compression::Zstd}) {
    if (!both(one)) continue;
    const Storage storage = storage_of(24, 20, 24, 20, one);
    const Bytes whole = encode(one, samples(shape, 1));
    Bytes longer = whole;
    longer.insert(longer.end(), 100, 0x55);
    CHECK(!through_vips(storage, shape, longer).empty());
    CHECK(directly(storage, shape, longer) == through_vips(storage, shape, whole));
    int alike = 0, stricter = 0;
    for (int round = 0; round < 600; ++round) {
      Bytes bad = whole;
      if (round % 3 == 0) bad.resize(random() % bad.size());
      for (int flips = round % 3; flips > 0; --flips)
        bad[random() % bad.size()] ^= static_cast<std::uint8_t>(1u << random() % 8);
      const Bytes theirs = bad.empty() ? Bytes() : through_vips(storage, shape, bad);
      const Bytes ours = directly(storage, shape, bad);
      alike += ours == theirs;
      stricter += ours.empty() && !theirs.empty();
      CHECK(ours.empty() || ours == theirs);  // never pixels that libvips does not give
    }
    CHECK(alike > 500);
    CHECK(one != Compression::Lzw || stricter == 0);
  }
}

// Encoders may clear a full table late; how late libtiff accepts is where we stop too.
TEST(a_full_lzw_table_may_stay_as_long_as_in_libtiff) {
  if (!have_vips(__func__)) return;
  const StripShape shape{100, 100, 3, 8};
  const Storage storage = storage_of(100, 100, 100, 100, Compression::Lzw);
  const Bytes raw = samples(shape, 3);
  for (const std::uint32_t clear_at : {4094u, 4095u, 4096u, 4500u, 5118u, 5119u, 5200u}) {
    const Bytes stored = lzw_encode(raw, {false, clear_at, true});
    const Bytes expected = through_vips(storage, shape, stored);
    CHECK_EQ(expected.empty(), clear_at > 5118);
    CHECK(directly(storage, shape, stored) == expected);
  }
}

#ifdef MICROTOME_WITH_WEBP
TEST(webp_of_every_kind_is_equal) {
  if (!have_vips(__func__) || !both(Compression::WebP)) return;
  for (const int count : {3, 4})
    for (const int stored_samples : {3, 4})
      for (const float quality : {-1.f, 10.f, 75.f, 100.f})
        for (const bool opaque : {true, false})
          for (const auto& [width, height] : {std::pair{1, 1}, std::pair{64, 64}, std::pair{37, 21}}) {
            Bytes pixels = picture(width, height, 3);
            if (stored_samples == 4) {
              Bytes rgba;
              for (std::size_t i = 0; i < pixels.size(); i += 3) {
                rgba.insert(rgba.end(), pixels.begin() + static_cast<std::ptrdiff_t>(i),
                            pixels.begin() + static_cast<std::ptrdiff_t>(i + 3));
                rgba.push_back(opaque ? 255 : static_cast<std::uint8_t>(i));
              }
              pixels = rgba;
            }
            Storage storage = storage_of(width, height, width, height, Compression::WebP);
            storage.samples = count;
            const StripShape shape{width, height, count, 8};
            const Bytes stored = webp_encode(pixels, width, height, stored_samples, quality);
            const Bytes expected = through_vips(storage, shape, stored);
            CHECK_EQ(expected.empty(), count == 3 && stored_samples == 4 && !opaque);  // TIFF knows of no alpha
            CHECK(directly(storage, shape, stored) == expected);
          }
}
#endif

struct TileCount {
  int compared = 0, different = 0;
};

TileCount compare_tiles(const slide::Slide& slide) {
  TileCount count;
  for (const auto& level : slide.levels()) {
    const Storage& storage = level.storage;
    if (!both(storage.compression)) continue;
    const int planes = storage.planar ? storage.samples : 1;
    for (std::int64_t i = 0; i < storage.tiles_across() * storage.tiles_down() * planes; ++i) {
      const std::int64_t column = i / planes % storage.tiles_across(), row = i / planes / storage.tiles_across();
      const slide::StoredTile tile = slide.stored_tile(level.directory, column, row, static_cast<int>(i % planes));
      if (tile.bytes == 0) continue;
      Bytes stored(tile.bytes);
      slide.source().read(tile.offset, stored);
      const std::int64_t left = storage.height_px - row * storage.tile_height_px;
      const std::int64_t rows = storage.tiled ? storage.tile_height_px : std::min(left, storage.tile_height_px);
      const StripShape shape{storage.tile_width_px, rows, storage.planar ? 1 : storage.samples, storage.bits};
      const Bytes expected = through_vips(storage, shape, stored);
      count.different += expected.empty() || directly(storage, shape, stored) != expected;
      ++count.compared;
    }
  }
  return count;
}

// Every stored tile of the real slides.
TEST(real_tiles_are_equal) {
  if (!have_vips(__func__)) return;
  if (data_dir().empty()) {
    std::printf("skipped: %s\n", __func__);
    return;
  }
  int tiles = 0;
  for (const char* name : {"derived_cmu_be_lzw.tif",
                           "derived_cmu_planar_zip.tif",
                           "derived_cmu_pyr_deflate_t256_big.tif",
                           "derived_cmu_pyr_gray_deflate_t256.tif",
                           "derived_cmu_pyr_lzw_pred_t240.tif",
                           "derived_cmu_pyr_webp_lossless_t256.tif",
                           "derived_cmu_rgb16_deflate_t256.tif",
                           "derived_cmu_rgba_lzw_t256.tif",
                           "derived_cmu_strips_deflate.tif",
                           "image_rgba.tif",
                           "image_web_z5_z11.tif",
                           "planar-rgb-u8.tif",
                           "quad-tile.tif",
                           "rgb_lzw.tif",
                           "sparse.tiff",
                           "tiff_16bit_RGB.tiff",
                           "tiff_tiled_planar_lzw.tiff",
                           "tiff_with_subifd_chain.tif",
                           "tiled-rgb-u8.tif",
                           "usda_naip_256_webp_z3.tif"}) {
    const auto slide = slide::Slide::open(slide::open_file(data_dir() + "/slides/" + name));
    const TileCount count = compare_tiles(*slide);
    CHECK_EQ(count.different, 0);
    tiles += count.compared;
  }
  CHECK(tiles > (built_in_codec(Compression::Deflate) != nullptr ? 1000 : 100));
}

}  // namespace

TEST_MAIN

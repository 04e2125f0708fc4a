// What the codecs that are compiled in make of streams that are too short, too long, damaged or not theirs.
#include <random>

#include "decode/bad_tile.h"
#include "decode/tile_codecs.h"
#include "test/decode/encoders.h"

namespace {

using namespace microtome;
using namespace microtome::decode;
using namespace microtome::test;
using slide::Compression;

constexpr int kWidth = 64, kHeight = 32;

std::vector<Compression> lossless() {
  std::vector<Compression> found;
  for (const Compression one : {Compression::Lzw, Compression::Deflate, Compression::Zstd})
    if (built_in_codec(one) != nullptr) found.push_back(one);
  return found;
}

Bytes encode(Compression compression, const Bytes& raw) {
#ifdef MICROTOME_WITH_ZSTD
  if (compression == Compression::Zstd) return zstd_encode(raw);
#endif
  return compression == Compression::Lzw ? lzw_encode(raw) : deflate_encode(raw);
}

// Empty when the tile is bad.
Bytes decode(TileCodecs& codecs, const slide::Storage& storage, std::int64_t rows, Bytes stored) {
  const StripShape shape{storage.tile_width_px, rows, storage.samples, storage.bits};
  Bytes out(static_cast<std::size_t>(shape.width_px * rows * shape.samples * (shape.bits / 8)));
  try {
    codecs.decode(storage, shape, stored, out);
  } catch (const BadTile&) {
    return {};
  }
  return out;
}

Bytes decode(Compression compression, const Bytes& stored) {
  TileCodecs codecs;
  return decode(codecs, storage_of(kWidth, kHeight, kWidth, kHeight, compression), kHeight, stored);
}

TEST(one_byte_less_is_damage_and_what_follows_is_not) {
  const Bytes raw = picture(kWidth, kHeight);
  for (const Compression one : lossless()) {
    CHECK(decode(one, encode(one, raw)) == raw);
    CHECK(decode(one, encode(one, Bytes(raw.begin(), raw.end() - 1))).empty());
    Bytes surplus = raw;
    surplus.insert(surplus.end(), 1000, 0x77);
    CHECK(decode(one, encode(one, surplus)) == raw);
    Bytes garbage = encode(one, raw);
    garbage.insert(garbage.end(), 1000, 0x77);
    CHECK(decode(one, garbage) == raw);
    CHECK(decode(one, {}).empty());
    CHECK(decode(one, Bytes(200, 0x5C)).empty());
  }
}

// Megabytes of one value in a few kilobytes: no more is decoded than a tile and a little.
TEST(a_bomb_is_damage_or_cut) {
  for (const Compression one : lossless()) {
    const Bytes bomb = encode(one, Bytes(one == Compression::Lzw ? 1 << 20 : 64 << 20, 0x42));
    const Bytes out = decode(one, bomb);
    if (one == Compression::Lzw)
      CHECK(out == Bytes(3 * kWidth * kHeight, 0x42));
    else
      CHECK(out.empty());
  }
}

TEST(a_last_strip_may_be_stored_with_all_its_rows) {
  const Bytes raw = picture(kWidth, kHeight);
  for (const Compression one : lossless()) {
    auto strips = storage_of(kWidth, 5, kWidth, kHeight, one);
    strips.tiled = false;
    TileCodecs codecs;
    CHECK(decode(codecs, strips, 5, encode(one, raw)) == Bytes(raw.begin(), raw.begin() + 5 * 3 * kWidth));
  }
}

// State that is kept from tile to tile must not remember a bad one.
TEST(a_good_tile_after_any_bad_one_is_right) {
  std::mt19937 random(8);
  const Bytes raw = picture(kWidth, kHeight);
  TileCodecs codecs;
  for (const Compression one : lossless()) {
    const auto storage = storage_of(kWidth, kHeight, kWidth, kHeight, one);
    const Bytes good = encode(one, raw);
    int bad = 0;
    for (int round = 0; round < 300; ++round) {
      Bytes damaged = good;
      damaged[random() % damaged.size()] ^= static_cast<std::uint8_t>(1u << random() % 8);
      bad += decode(codecs, storage, kHeight, damaged).empty();
      CHECK(decode(codecs, storage, kHeight, good) == raw);
    }
    CHECK(bad > 0);
  }
}

#ifdef MICROTOME_WITH_DEFLATE
TEST(a_wrong_checksum_is_damage) {
  Bytes stored = deflate_encode(picture(kWidth, kHeight));
  stored.back() ^= 1;
  CHECK(decode(Compression::Deflate, stored).empty());
}
#endif

#ifdef MICROTOME_WITH_ZSTD
TEST(zstd_frames_with_and_without_their_size) {
  const Bytes raw = picture(kWidth, kHeight);
  CHECK(decode(Compression::Zstd, zstd_encode(raw, false)) == raw);
  CHECK(decode(Compression::Zstd, zstd_encode(Bytes(raw.begin(), raw.end() - 1), false)).empty());
  Bytes surplus = raw;
  surplus.push_back(1);
  CHECK(decode(Compression::Zstd, zstd_encode(surplus, false)) == raw);
  // Only the first frame is the tile.
  Bytes halves = zstd_encode(Bytes(raw.begin(), raw.begin() + 3000));
  const Bytes second = zstd_encode(Bytes(raw.begin() + 3000, raw.end()));
  halves.insert(halves.end(), second.begin(), second.end());
  CHECK(decode(Compression::Zstd, halves).empty());
  // A skippable frame before it is not read by others either.
  Bytes skippable{0x50, 0x2A, 0x4D, 0x18, 1, 0, 0, 0, 9};
  const Bytes frame = zstd_encode(raw);
  skippable.insert(skippable.end(), frame.begin(), frame.end());
  CHECK(decode(Compression::Zstd, skippable).empty());
}
#endif

#ifdef MICROTOME_WITH_WEBP
TEST(webp_of_another_size_or_cut_is_damage) {
  const Bytes raw = picture(kWidth, kHeight);
  for (const float quality : {-1.f, 80.f}) {
    const Bytes stored = webp_encode(raw, kWidth, kHeight, 3, quality);
    CHECK(!decode(Compression::WebP, stored).empty());
    CHECK(quality > 0 || decode(Compression::WebP, stored) == raw);
    CHECK(
        decode(Compression::WebP, webp_encode(picture(kWidth, kHeight + 1), kWidth, kHeight + 1, 3, quality)).empty());
    CHECK(decode(Compression::WebP, webp_encode(picture(8, 8), 8, 8, 3, quality)).empty());
    for (std::size_t bytes = 0; bytes + 2 < stored.size(); bytes += 11)
      CHECK(decode(Compression::WebP, Bytes(stored.begin(), stored.begin() + static_cast<std::ptrdiff_t>(bytes)))
                .empty());
    std::mt19937 random(2);
    for (int round = 0; round < 300; ++round) {
      Bytes damaged = stored;
      damaged[random() % damaged.size()] ^= static_cast<std::uint8_t>(1u << random() % 8);
      (void)decode(Compression::WebP, damaged);  // pixels or an error (run with sanitizers)
    }
  }
}
#endif

}  // namespace

TEST_MAIN

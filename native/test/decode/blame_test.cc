// Who is blamed when JPEG tiles cannot be decoded: the slide for a process that nobody here decodes and for its tables,
// a tile for its own damage. And what is no reason to blame anybody.
#include <algorithm>
#include <string>

#include "decode/overview.h"
#include "decode/region.h"
#include "decode/tile_codecs.h"
#include "test/decode/codec_support.h"
#include "test/support/tiff_writer.h"
#include "test/support/whole_reads.h"

namespace {

using namespace microtome;
using namespace microtome::decode;
using namespace microtome::test;
using test::Bytes;

constexpr int kSide = 32;

struct Parts {
  Bytes tables{0xFF, 0xD8};  // without an end marker
  Bytes tile{0xFF, 0xD8};
};

Parts split(const Bytes& jpeg) {
  Parts out;
  std::size_t at = 2;
  while (jpeg[at + 1] != 0xDA) {
    const std::size_t end = at + 2 + static_cast<std::size_t>(jpeg[at + 2] << 8 | jpeg[at + 3]);
    Bytes& to = jpeg[at + 1] == 0xDB || jpeg[at + 1] == 0xC4 ? out.tables : out.tile;
    to.insert(to.end(), jpeg.begin() + static_cast<std::ptrdiff_t>(at),
              jpeg.begin() + static_cast<std::ptrdiff_t>(end));
    at = end;
  }
  out.tile.insert(out.tile.end(), jpeg.begin() + static_cast<std::ptrdiff_t>(at), jpeg.end());
  return out;
}

// The frame's marker, or the bits of its samples, are not what they were.
Bytes with_frame(Bytes jpeg, std::uint8_t marker, std::uint8_t bits = 8) {
  for (std::size_t at = 2; at + 4 < jpeg.size();) {
    if (jpeg[at + 1] == 0xC0) {
      jpeg[at + 1] = marker;
      jpeg[at + 4] = bits;
      break;
    }
    at += 2 + static_cast<std::size_t>(jpeg[at + 2] << 8 | jpeg[at + 3]);
  }
  return jpeg;
}

TiffDirectory jpeg_image(std::vector<Bytes> tiles) {
  const auto across = static_cast<std::uint64_t>(tiles.size());
  return tiff_image(across * kSide, kSide, kSide)
      .set(tag::kCompression, {7})
      .set(tag::kPhotometric, {6})
      .tiles(std::move(tiles));
}

std::shared_ptr<const slide::Slide> open(TiffDirectory directory) {
  TiffWriter file;
  file.add(std::move(directory));
  return slide::Slide::open(file.source("blame.tif"));
}

Bytes pixels_of(const slide::Slide& slide) {
  TileDecoder decoder;
  const slide::Storage& storage = slide.levels()[0].storage;
  Region region = read_region(decoder, slide, storage, 0, 0, {0, 0, storage.width_px, storage.height_px}, nullptr);
  return plain(region.image.data);
}

// Of a region by a policy; INTERNAL where nothing is thrown.
Error error_of(const slide::Slide& slide, BadTilePolicy policy) {
  TileDecoder decoder;
  const slide::Storage& storage = slide.levels()[0].storage;
  try {
    (void)read_region(decoder, slide, storage, 0, 0, {0, 0, storage.width_px, storage.height_px, policy}, nullptr);
  } catch (const Error& error) {
    return error;
  }
  return {Code::INTERNAL, Stage::Decode, "nothing was thrown"};
}

TEST(a_level_of_another_process_is_unsupported_and_never_filled_over) {
  if (!have_jpeg(__func__)) return;
  const Bytes jpeg = JpegTool().encode(picture(kSide, kSide), kSide, kSide);
  struct Kind {
    std::uint8_t marker, bits;
    const char* name;
  };
  for (const Kind& kind : {Kind{0xC3, 8, "lossless JPEG"}, Kind{0xC9, 8, "arithmetic-coded JPEG"},
                           Kind{0xC5, 8, "hierarchical JPEG"}, Kind{0xC1, 12, "JPEG of 12-bit samples"}}) {
    const Bytes tile = with_frame(jpeg, kind.marker, kind.bits);
    const auto slide = open(jpeg_image({tile, tile}));
    for (const auto policy : {BadTilePolicy::Error, BadTilePolicy::Fill}) {
      const Error error = error_of(*slide, policy);
      CHECK(error.code() == Code::UNSUPPORTED_COMPRESSION);
      CHECK(error.found().find(std::string("level 0 is stored as ") + kind.name) == 0);
      CHECK(error.message().find("damaged") == std::string::npos);
      CHECK_EQ(error.path(), "blame.tif");
    }
  }
}

TEST(one_tile_of_another_process_is_damaged) {
  if (!have_jpeg(__func__)) return;
  const Bytes jpeg = JpegTool().encode(picture(kSide, kSide), kSide, kSide);
  const auto slide = open(jpeg_image({with_frame(jpeg, 0xC3), {}, jpeg}));
  const Error error = error_of(*slide, BadTilePolicy::Error);
  CHECK(error.code() == Code::CORRUPT_TILE && error.tile() && error.tile()->column == 0);
  TileDecoder decoder;
  const Region filled = read_region(decoder, *slide, slide->levels()[0].storage, 0, 0,
                                    {0, 0, 3 * kSide, kSide, BadTilePolicy::Fill}, nullptr);
  CHECK_EQ(filled.bad_tiles, 1);
  CHECK_EQ(filled.missing_tiles, 1);
}

TEST(tables_without_an_end_marker_are_tables) {
  if (!have_jpeg(__func__)) return;
  const Bytes jpeg = JpegTool().encode(picture(kSide, kSide), kSide, kSide);
  const Parts parts = split(jpeg);
  const Bytes expected = pixels_of(*open(jpeg_image({jpeg})));
  CHECK(pixels_of(*open(jpeg_image({parts.tile}).blob(tag::kJpegTables, parts.tables))) == expected);
}

TEST(damaged_tables_are_blamed_on_the_slide) {
  if (!have_jpeg(__func__)) return;
  const Parts parts = split(JpegTool().encode(picture(kSide, kSide), kSide, kSide));
  const Bytes cut(parts.tables.begin(), parts.tables.end() - 5);
  const auto slide = open(jpeg_image({parts.tile, parts.tile}).blob(tag::kJpegTables, cut));
  for (const auto policy : {BadTilePolicy::Error, BadTilePolicy::Fill}) {
    const Error error = error_of(*slide, policy);
    CHECK(error.code() == Code::NOT_A_SLIDE);
    CHECK(error.found().find("the JPEG tables of level 0 (tag JPEGTables) are damaged") == 0);
    CHECK(!error.tile());
    CHECK_EQ(error.path(), "blame.tif");
  }
}

TEST(a_predictor_beside_jpeg_changes_nothing) {
  if (!have_jpeg(__func__)) return;
  const Bytes jpeg = JpegTool().encode(picture(kSide, kSide), kSide, kSide);
  const Bytes expected = pixels_of(*open(jpeg_image({jpeg})));
  CHECK(pixels_of(*open(jpeg_image({jpeg}).set(tag::kPredictor, {2}))) == expected);
}

TEST(tiles_without_byte_counts_decode) {
  if (!have_jpeg(__func__)) return;
  const JpegTool tool;
  const std::vector<Bytes> tiles{tool.encode(picture(kSide, kSide), kSide, kSide),
                                 tool.encode(picture(kSide, kSide, 9), kSide, kSide)};
  const Bytes expected = pixels_of(*open(jpeg_image(tiles)));
  CHECK(pixels_of(*open(jpeg_image(tiles).set(tag::kTileCounts, {0, 0}))) == expected);
  // No table at all: the offsets have to be known beforehand.
  const auto first = std::uint64_t{8}, second = first + tiles[0].size();
  TiffWriter file;
  file.add(jpeg_image(tiles));
  Bytes bytes = file.bytes();
  CHECK(Bytes(bytes.begin() + 8, bytes.begin() + 10) == (Bytes{0xFF, 0xD8}));
  // The tag of the counts is given a number that nobody knows.
  const Bytes tag_of_counts{0x45, 0x01};  // 325, little-endian
  const auto at = std::search(bytes.rbegin(), bytes.rend(), tag_of_counts.rbegin(), tag_of_counts.rend());
  *(at.base() - 1) = 0xF0;
  const auto slide = slide::Slide::open(memory_source(bytes));
  CHECK_EQ(slide->stored_tile(0, 0, 0, 0).offset, first);
  CHECK_EQ(slide->stored_tile(0, 1, 0, 0).offset, second);
  CHECK(pixels_of(*slide) == expected);
}

TEST(an_uncompressed_strip_with_a_count_of_zero_is_read) {
  const auto image = [] { return tiff_image(40, 40, 0).set(tag::kRowsPerStrip, {40}); };
  const Bytes pixels = picture(40, 40);
  CHECK(pixels_of(*open(image().tiles({pixels}).set(tag::kStripCounts, {0}))) == pixels);
}

TEST(a_deflate_strip_without_a_count_is_read) {
  const Bytes pixels = picture(40, 40);
  const auto image = [&] {
    return tiff_image(40, 40, 0)
        .set(tag::kRowsPerStrip, {40})
        .set(tag::kCompression, {8})
        .tiles({deflate_stored(pixels)});
  };
  if (!TileCodecs::decodes(slide::Compression::Deflate) && !have_vips(__func__)) return;
  CHECK(pixels_of(*open(image().set(tag::kStripCounts, {0}))) == pixels);
}

TEST(one_huge_strip_is_opened_and_read_in_parts) {
  slide::OpenOptions options;
  options.limits.decoded_tile_bytes = 30'000;
  const Bytes pixels = picture(400, 400);
  TiffWriter file;
  file.add(tiff_image(400, 400, 0).set(tag::kRowsPerStrip, {400}).tiles({pixels}));
  const auto slide = slide::Slide::open(file.source(), options);
  CHECK_EQ(slide->levels()[0].storage.tile_height_px, 25);
  CHECK(pixels_of(*slide) == pixels);
}

TEST(a_compressed_strip_over_the_limit_is_refused_by_the_name_of_the_option) {
  slide::OpenOptions options;
  options.limits.decoded_tile_bytes = 30'000;
  TiffWriter file;
  file.add(tiff_image(400, 400, 0).set(tag::kRowsPerStrip, {400}).set(tag::kCompression, {5}).tiles({Bytes(100, 1)}));
  const auto slide = slide::Slide::open(file.source("strip.tif"), options);
  const Error error = error_of(*slide, BadTilePolicy::Fill);
  CHECK(error.code() == Code::LIMIT_EXCEEDED);
  CHECK(
      error.found().find("one stored strip of 400 x 400 pixels decodes to 480000 bytes, [[limits.decodedTileBytes]] is "
                         "30000") == 0);
  CHECK(error.advice().find("[[limits.decodedTileBytes=480000]]") != std::string::npos);
  CHECK_EQ(error.path(), "strip.tif");
  CHECK_THROWS(LIMIT_EXCEEDED, (OverviewReader(*slide, 100, BadTilePolicy::Fill)));
}

}  // namespace

TEST_MAIN

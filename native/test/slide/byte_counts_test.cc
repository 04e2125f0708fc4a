// Stored tiles whose byte counts are 0 or not in the file, and uncompressed strips that are read in parts.
#include <algorithm>

#include "slide/slide.h"
#include "test/check.h"
#include "test/support/tiff_writer.h"

using namespace microtome;
using namespace microtome::test;
using slide::Slide;

namespace {

// A file whose second image makes it long enough for the offsets of the first.
std::shared_ptr<const Slide> padded(const TiffDirectory& directory, slide::OpenOptions options = {}) {
  TiffWriter file;
  // Marked as reduced, so that it is not the slide.
  file.add(directory).add(tiff_image(64, 64, 16).set(tag::kNewSubfileType, {1}));
  return Slide::open(file.source(), options);
}

std::shared_ptr<const Slide> alone(const TiffDirectory& directory) {
  TiffWriter file;
  file.add(directory);
  return Slide::open(file.source());
}

}  // namespace

TEST(a_count_of_zero_beside_an_offset_follows_from_the_size) {
  const auto tiles =
      padded(tiff_image(32, 16, 16).no_tables().set(tag::kTileOffsets, {8, 900}).set(tag::kTileCounts, {0, 100}));
  CHECK_EQ(tiles->stored_tile(0, 0, 0, 0).offset, 8u);
  CHECK_EQ(tiles->stored_tile(0, 0, 0, 0).bytes, 768u);
  CHECK_EQ(tiles->stored_tile(0, 1, 0, 0).bytes, 100u);  // what the table says is not corrected
  const auto strips = padded(
      tiff_image(10, 40, 0).no_tables().set(tag::kStripOffsets, {8, 488, 968}).set(tag::kStripCounts, {0, 480, 0}));
  CHECK_EQ(strips->stored_tile(0, 0, 0, 0).bytes, 480u);
  CHECK_EQ(strips->stored_tile(0, 0, 2, 0).bytes, 240u);
  const auto beyond =
      alone(tiff_image(16, 16, 16).no_tables().set(tag::kTileOffsets, {0xFFFFFF}).set(tag::kTileCounts, {0}));
  CHECK_THROWS(TRUNCATED, (void)beyond->stored_tile(0, 0, 0, 0));
}

TEST(a_compressed_tile_without_a_count_reaches_to_what_comes_next) {
  for (const bool zeros : {true, false}) {  // a table of zeros, or none
    TiffDirectory directory = tiff_image(64, 16, 16).set(tag::kCompression, {8}).no_tables();
    directory.set(tag::kTileOffsets, {1000, 1100, 988, 0});  // beyond the first directory
    if (zeros) directory.set(tag::kTileCounts, {0, 0, 0, 0});
    const auto slide = padded(directory);
    CHECK_EQ(slide->stored_tile(0, 2, 0, 0).bytes, 12u);
    CHECK_EQ(slide->stored_tile(0, 0, 0, 0).bytes, 100u);
    CHECK_EQ(slide->stored_tile(0, 3, 0, 0).bytes, 0u);  // no offset: missing
    CHECK(slide->stored_tile(0, 1, 0, 0).bytes > 0);     // up to the tables of the directory
    CHECK(slide->stored_tile(0, 1, 0, 0).bytes < slide->source().size() - 1100);
  }
}

TEST(a_tile_without_bytes_before_the_next_one_is_missing) {
  TiffDirectory directory = tiff_image(48, 16, 16).set(tag::kCompression, {7}).no_tables();
  directory.set(tag::kTileOffsets, {1000, 1100, 1100}).set(tag::kTileCounts, {100, 0, 50});
  const auto slide = padded(directory);
  CHECK_EQ(slide->stored_tile(0, 1, 0, 0).bytes, 0u);
  CHECK_EQ(slide->stored_tile(0, 2, 0, 0).bytes, 50u);
}

TEST(the_last_tile_without_a_count_is_bounded) {
  // One tile at the very end of the file: to the end, and no more than a tile of that size can need.
  TiffWriter file;
  file.add(tiff_image(16, 16, 16).set(tag::kCompression, {5}).no_tables().set(tag::kTileOffsets, {0x1000}));
  Bytes bytes = file.bytes();
  bytes.resize(0x1000 + 300);
  CHECK_EQ(Slide::open(memory_source(bytes))->stored_tile(0, 0, 0, 0).bytes, 300u);
  bytes.resize(5 << 20);
  CHECK_EQ(Slide::open(memory_source(bytes))->stored_tile(0, 0, 0, 0).bytes, 4u * 768 + (1 << 20));
  slide::OpenOptions options;
  options.limits.stored_tile_bytes = 1000;
  CHECK_EQ(Slide::open(memory_source(bytes), options)->stored_tile(0, 0, 0, 0).bytes, 1000u);
  bytes.resize(0x1000);
  CHECK_EQ(Slide::open(memory_source(bytes))->stored_tile(0, 0, 0, 0).bytes, 0u);  // the file ends where it would begin
  bytes.resize(0xFFF);
  CHECK_THROWS(TRUNCATED, (void)Slide::open(memory_source(bytes))->stored_tile(0, 0, 0, 0));
}

TEST(looking_for_the_next_offset_has_a_limit) {
  TiffDirectory directory = tiff_image(64, 48, 16).set(tag::kCompression, {8}).no_tables();
  directory.set(tag::kTileOffsets, std::vector<std::uint64_t>(12, 1000), type::kLong);
  slide::OpenOptions options;
  options.limits.table_bytes = 12 * 8 - 1;
  CHECK_THROWS(LIMIT_EXCEEDED, (void)padded(directory, options)->stored_tile(0, 0, 0, 0));
  options.limits.table_bytes = 12 * 8;
  CHECK(padded(directory, options)->stored_tile(0, 0, 0, 0).bytes > 0);
}

TEST(a_level_without_byte_counts_is_told) {
  const auto has_warning = [](const std::shared_ptr<const Slide>& slide) {
    return std::any_of(slide->warnings().begin(), slide->warnings().end(),
                       [](const std::string& one) { return one.find("no byte counts") != std::string::npos; });
  };
  CHECK(has_warning(padded(tiff_image(16, 16, 16).no_tables().set(tag::kTileOffsets, {8}))));
  CHECK(!has_warning(padded(tiff_image(16, 16, 16))));
}

// One strip of 40 rows of 30 bytes, over a limit of 200: parts of 6 rows, the last of 4.
TEST(a_strip_over_the_limit_is_read_in_parts) {
  slide::OpenOptions options;
  options.limits.decoded_tile_bytes = 200;
  TiffDirectory directory = tiff_image(10, 40, 0).no_tables().set(tag::kRowsPerStrip, {40});
  directory.set(tag::kStripOffsets, {8}).set(tag::kStripCounts, {1200});
  const auto slide = padded(directory, options);
  const auto& storage = slide->levels()[0].storage;
  CHECK_EQ(storage.tile_height_px, 6);
  CHECK_EQ(storage.strip_parts, 7);
  for (std::int64_t part = 0; part < 7; ++part) {
    CHECK_EQ(slide->stored_tile(0, 0, part, 0).offset, static_cast<std::uint64_t>(8 + 180 * part));
    CHECK_EQ(slide->stored_tile(0, 0, part, 0).bytes, part < 6 ? 180u : 120u);
  }
  CHECK_THROWS(INTERNAL, (void)slide->stored_tile(0, 0, 7, 0));
  // A strip with fewer bytes than its rows need is damaged from there on, and never read from other data.
  const auto cut = padded(directory.set(tag::kStripCounts, {1000}), options);
  CHECK_EQ(cut->stored_tile(0, 0, 4, 0).bytes, 180u);
  CHECK_THROWS(TRUNCATED, (void)cut->stored_tile(0, 0, 5, 0));
  // No count, or 0: as for whole strips. No offset: missing.
  CHECK_EQ(padded(directory.set(tag::kStripCounts, {0}), options)->stored_tile(0, 0, 6, 0).bytes, 120u);
  CHECK_EQ(padded(directory.remove(tag::kStripCounts), options)->stored_tile(0, 0, 6, 0).offset, 8u + 6 * 180);
  CHECK_EQ(padded(directory.set(tag::kStripOffsets, {0}), options)->stored_tile(0, 0, 3, 0).bytes, 0u);
}

// Several strips are divided without a rest: 15 rows in parts of 5.
TEST(several_strips_over_the_limit_are_divided_evenly) {
  slide::OpenOptions options;
  options.limits.decoded_tile_bytes = 200;
  TiffDirectory directory = tiff_image(10, 40, 0).no_tables().set(tag::kRowsPerStrip, {15});
  directory.set(tag::kStripOffsets, {8, 1000, 500}).set(tag::kStripCounts, {450, 450, 300});
  const auto slide = padded(directory, options);
  CHECK_EQ(slide->levels()[0].storage.tile_height_px, 5);
  CHECK_EQ(slide->levels()[0].storage.strip_parts, 3);
  CHECK_EQ(slide->levels()[0].storage.tiles_down(), 8);
  CHECK_EQ(slide->stored_tile(0, 0, 2, 0).offset, 8u + 300);
  CHECK_EQ(slide->stored_tile(0, 0, 4, 0).offset, 1000u + 150);
  CHECK_EQ(slide->stored_tile(0, 0, 7, 0).offset, 500u + 150);
  CHECK_EQ(slide->stored_tile(0, 0, 7, 0).bytes, 150u);
  CHECK_THROWS(NOT_A_SLIDE, (void)padded(directory.set(tag::kStripOffsets, {8, 1000}), options));
}

// Three planes of 20 rows of 10 bytes.
TEST(planes_of_strips_over_the_limit) {
  slide::OpenOptions options;
  options.limits.decoded_tile_bytes = 200;
  TiffDirectory directory = tiff_image(10, 20, 0).no_tables().set(tag::kPlanar, {2}).set(tag::kRowsPerStrip, {20});
  directory.set(tag::kStripOffsets, {8, 300, 600}).set(tag::kStripCounts, {200, 200, 200});
  const auto slide = padded(directory, options);
  CHECK_EQ(slide->levels()[0].storage.tile_height_px, 6);
  CHECK_EQ(slide->stored_tile(0, 0, 0, 1).offset, 300u);
  CHECK_EQ(slide->stored_tile(0, 0, 3, 2).offset, 600u + 180);
  CHECK_EQ(slide->stored_tile(0, 0, 3, 2).bytes, 20u);
}

TEST_MAIN

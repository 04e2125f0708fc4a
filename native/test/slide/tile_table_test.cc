#include "slide/tile_table.h"

#include <array>
#include <atomic>
#include <chrono>
#include <thread>

#include "slide/slide.h"
#include "test/check.h"
#include "test/support/tiff_writer.h"

using namespace microtome;
using namespace microtome::test;
using slide::Slide;

namespace {

std::shared_ptr<const Slide> open(TiffDirectory directory, slide::OpenOptions options = {},
                                  TiffWriter::Format format = {}) {
  TiffWriter file(format);
  file.add(std::move(directory));
  return Slide::open(file.source("tile-table.tif"), options);
}

// Counts what is read.
class CountingSource final : public slide::ByteSource {
 public:
  explicit CountingSource(Bytes bytes) : source_(memory_source(std::move(bytes))) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return source_->size(); }
  void read(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    bytes_ += out.size();
    if (fail_) throw Error(Code::FILE_UNREADABLE, Stage::Slide, "the disk is gone");
    source_->read(offset, out);
  }
  [[nodiscard]] const std::string& name() const noexcept override { return source_->name(); }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  void fail(bool fail) { fail_ = fail; }

 private:
  std::shared_ptr<const slide::ByteSource> source_;
  mutable std::atomic<std::uint64_t> bytes_{0};
  std::atomic<bool> fail_{false};
};

}  // namespace

TEST(finds_every_tile_in_either_order_and_width) {
  for (const bool big_tiff : {false, true}) {
    for (const bool big_endian : {false, true}) {
      std::vector<Bytes> tiles;
      for (std::size_t i = 0; i < 12; ++i) tiles.emplace_back(i + 1, static_cast<std::uint8_t>(i));
      TiffWriter file({big_tiff, big_endian});
      file.add(tiff_image(64, 48, 16).set(tag::kCompression, {8}).tiles(tiles));
      const auto source = file.source();
      const auto slide = Slide::open(source);
      for (std::int64_t row = 0; row < 3; ++row) {
        for (std::int64_t column = 0; column < 4; ++column) {
          const auto tile = slide->stored_tile(0, column, row, 0);
          const auto index = static_cast<std::uint64_t>(row * 4 + column);
          CHECK_EQ(tile.bytes, index + 1);
          Bytes first(1);
          source->read(tile.offset, first);
          CHECK_EQ(std::uint64_t{first[0]}, index);
        }
      }
    }
  }
}

TEST(planes_have_tables_of_their_own) {
  std::vector<Bytes> tiles;
  for (std::size_t i = 0; i < 36; ++i) tiles.emplace_back(i + 1, std::uint8_t{1});
  TiffDirectory directory = tiff_image(64, 48, 16).set(tag::kPlanar, {2}).tiles(tiles);
  const auto slide = open(directory);
  CHECK_EQ(slide->stored_tile(0, 3, 2, 0).bytes, 12u);
  CHECK_EQ(slide->stored_tile(0, 0, 0, 1).bytes, 13u);
  CHECK_EQ(slide->stored_tile(0, 3, 2, 2).bytes, 36u);
  tiles.resize(35);
  CHECK_THROWS(NOT_A_SLIDE, (void)open(directory.tiles(tiles)));
}

TEST(one_inline_entry_and_short_tables) {
  const auto one = open(tiff_image(16, 16, 16));
  CHECK_EQ(one->stored_tile(0, 0, 0, 0).bytes, 768u);
  TiffDirectory directory = tiff_image(32, 16, 16).no_tables();
  directory.set(tag::kTileOffsets, {8, 9}, type::kShort).set(tag::kTileCounts, {3, 4}, type::kShort);
  const auto two = open(directory);
  CHECK_EQ(two->stored_tile(0, 1, 0, 0).offset, 9u);
  CHECK_EQ(two->stored_tile(0, 1, 0, 0).bytes, 4u);
}

TEST(strip_tags_serve_tiles_too) {
  TiffDirectory directory = tiff_image(32, 16, 16).no_tables();
  directory.set(tag::kStripOffsets, {8, 9}).set(tag::kStripCounts, {3, 4});
  CHECK_EQ(open(directory)->stored_tile(0, 1, 0, 0).bytes, 4u);
}

TEST(missing_tiles_are_no_error) {
  for (const std::uint64_t compression : {1, 7, 8}) {
    TiffDirectory directory = tiff_image(32, 16, 16).no_tables().set(tag::kCompression, {compression});
    const auto no_offset = open(directory.set(tag::kTileOffsets, {0, 0}).set(tag::kTileCounts, {100, 0}));
    for (const std::int64_t column : {0, 1}) {
      CHECK_EQ(no_offset->stored_tile(0, column, 0, 0).bytes, 0u);
      CHECK_EQ(no_offset->stored_tile(0, column, 0, 0).offset, 0u);
    }
  }
}

TEST(a_tile_beyond_the_end_is_truncated_and_named) {
  TiffDirectory directory = tiff_image(32, 32, 16).no_tables();
  directory.set(tag::kTileOffsets, {8, 8, 8, 0xFFFFFF00}).set(tag::kTileCounts, {8, 8, 0xFFFFFFFF, 8}, type::kLong);
  const auto slide = open(directory);
  CHECK_EQ(slide->stored_tile(0, 1, 0, 0).bytes, 8u);
  CHECK_THROWS(TRUNCATED, (void)slide->stored_tile(0, 0, 1, 0));
  try {
    (void)slide->stored_tile(0, 1, 1, 0);
    CHECK(false);
  } catch (const Error& error) {
    CHECK(error.code() == Code::TRUNCATED);
    CHECK(error.message().find("column 1, row 1") != std::string::npos);
    CHECK(error.message().find("level 0") != std::string::npos);
    CHECK_EQ(error.path(), "tile-table.tif");
  }
}

TEST(a_large_stored_tile_is_over_the_limit) {
  slide::OpenOptions options;
  options.limits.stored_tile_bytes = 767;
  CHECK_THROWS(LIMIT_EXCEEDED, (void)open(tiff_image(16, 16, 16), options)->stored_tile(0, 0, 0, 0));
  options.limits.stored_tile_bytes = 768;
  CHECK_EQ(open(tiff_image(16, 16, 16), options)->stored_tile(0, 0, 0, 0).bytes, 768u);
}

TEST(tiles_that_do_not_exist_are_refused) {
  const auto slide = open(tiff_image(64, 48, 16));
  struct Place {
    int column, row, plane;
  };
  for (const Place at : {Place{4, 0, 0}, {0, 3, 0}, {-1, 0, 0}, {0, -1, 0}, {0, 0, 1}, {0, 0, -1}})
    CHECK_THROWS(INTERNAL, (void)slide->stored_tile(0, at.column, at.row, at.plane));
  CHECK_THROWS(INTERNAL, (void)slide->stored_tile(1, 0, 0, 0));
}

TEST(tables_that_are_too_small_or_missing) {
  try {
    (void)open(tiff_image(64, 48, 16).set(tag::kTileOffsets, {8, 8, 8}));
    CHECK(false);
  } catch (const Error& error) {
    CHECK(error.code() == Code::NOT_A_SLIDE);
    CHECK(error.message().find("3 entries") != std::string::npos);
    CHECK(error.message().find("12 stored tiles") != std::string::npos);
  }
  CHECK_THROWS(NOT_A_SLIDE, (void)open(tiff_image(64, 48, 16).set(tag::kTileCounts, {8, 8, 8})));
  CHECK_THROWS(NOT_A_SLIDE, (void)open(tiff_image(64, 48, 16).no_tables()));
  CHECK_THROWS(NOT_A_SLIDE, (void)open(tiff_image(16, 16, 16).rational(tag::kTileOffsets, 8, 1)));
  // More stored tiles than any table can have.
  CHECK_THROWS(NOT_A_SLIDE, (void)open(tiff_image(16, 16, 16)
                                           .set(tag::kWidth, {0x7FFFFFFF})
                                           .set(tag::kHeight, {0x7FFFFFFF})
                                           .set(tag::kTileWidth, {1})
                                           .set(tag::kTileHeight, {1})));
}

TEST(tables_that_claim_more_than_the_file_has) {
  const auto claim = [](std::uint64_t count, TiffWriter::Format format) {
    TiffDirectory directory = tiff_image(64, 48, 16);
    directory.set(tag::kTileOffsets, std::vector<std::uint64_t>(12, 8), type::kLong);
    return open(directory.claim_count(tag::kTileOffsets, count), {}, format);
  };
  CHECK_THROWS(TRUNCATED, (void)claim(0x3FFFFFFF, {}));
  CHECK_THROWS(TRUNCATED, (void)claim(0x4000000000000000, {.big_tiff = true}));
  CHECK_THROWS(TRUNCATED, (void)open(tiff_image(64, 48, 16)
                                         .set(tag::kTileCounts, std::vector<std::uint64_t>(12, 8))
                                         .claim_offset(tag::kTileCounts, 0xFFFFFFFF)));
  slide::OpenOptions options;
  options.limits.table_bytes = 12 * 4 - 1;
  CHECK_THROWS(LIMIT_EXCEEDED, (void)open(tiff_image(64, 48, 16), options));
}

TEST(byte_counts_of_uncompressed_strips_are_computed) {
  TiffDirectory directory = tiff_image(10, 40, 0).no_tables().set(tag::kStripOffsets, {8, 8, 8});
  TiffWriter strips;
  strips.add(directory).add(tiff_image(64, 64, 16));  // the second image only makes the file long enough
  const auto slide = Slide::open(strips.source());
  CHECK_EQ(slide->stored_tile(0, 0, 0, 0).bytes, 480u);
  CHECK_EQ(slide->stored_tile(0, 0, 1, 0).bytes, 480u);
  CHECK_EQ(slide->stored_tile(0, 0, 2, 0).bytes, 240u);  // 8 rows are left
  TiffDirectory tile = tiff_image(10, 10, 16).no_tables().set(tag::kTileOffsets, {8});
  TiffWriter file;
  file.add(tile).add(tiff_image(64, 64, 16));
  CHECK_EQ(Slide::open(file.source())->stored_tile(0, 0, 0, 0).bytes, 768u);  // a tile is stored whole
}

// 72 gigapixels, 1.1 million tiles: opening reads none of the tables, and looking a tile up reads one block of each.
TEST(opening_a_huge_slide_is_cheap) {
  TiffWriter file({.big_tiff = true});
  const std::uint64_t side = 268435;
  const std::uint64_t across = (side + 255) / 256;
  file.add(tiff_image(16, 16, 256)
               .set(tag::kWidth, {side})
               .set(tag::kHeight, {side})
               .set(tag::kCompression, {7})
               .repeat_tile(across * across, Bytes(100, 1)));
  const auto source = std::make_shared<CountingSource>(file.bytes());
  const auto start = std::chrono::steady_clock::now();
  const auto slide = Slide::open(source);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  std::printf("     %.0f tiles, opened in %.3f ms, %.0f bytes read\n", static_cast<double>(across * across),
              took.count(), static_cast<double>(source->bytes()));
  CHECK(across * across > 1'090'000);
  CHECK(source->bytes() < 4096);
  const std::uint64_t two_blocks = 2 * (64 << 10);
  CHECK_EQ(slide->stored_tile(0, 1048, 1048, 0).bytes, 100u);
  CHECK(source->bytes() < 4096 + two_blocks);  // the last block is a part of one
  const std::uint64_t before = source->bytes();
  CHECK_EQ(slide->stored_tile(0, 0, 500, 0).bytes, 100u);
  CHECK_EQ(source->bytes(), before + two_blocks);
  CHECK_EQ(slide->stored_tile(0, 1, 500, 0).bytes, 100u);
  CHECK_EQ(source->bytes(), before + two_blocks);
}

// Entries on both sides of every border between blocks, in every width.
TEST(tables_of_many_blocks) {
  const std::uint64_t across = 300;
  const std::uint64_t size = across * across;
  std::vector<std::uint64_t> offsets(size);
  std::vector<std::uint64_t> counts(size);
  for (std::uint64_t i = 0; i < size; ++i) {
    offsets[i] = 8 + i * 7 % 65521;
    counts[i] = 1 + i * 13 % 101;
  }
  for (const std::uint16_t width : {type::kShort, type::kLong, type::kLong8}) {
    for (const bool big_endian : {false, true}) {
      TiffWriter file({.big_tiff = true, .big_endian = big_endian});
      file.add(tiff_image(16, 16, 16)
                   .set(tag::kWidth, {across * 16})
                   .set(tag::kHeight, {across * 16})
                   .no_tables()
                   .set(tag::kTileOffsets, offsets, width)
                   .set(tag::kTileCounts, counts, width));
      const auto source = std::make_shared<CountingSource>(file.bytes());
      const auto slide = Slide::open(source);
      const std::uint64_t opened = source->bytes();
      std::uint64_t wrong = 0;
      for (std::uint64_t i = size; i-- > 0;) {
        const auto tile =
            slide->stored_tile(0, static_cast<std::int64_t>(i % across), static_cast<std::int64_t>(i / across), 0);
        if (tile.offset != offsets[i] || tile.bytes != counts[i]) ++wrong;
      }
      CHECK_EQ(wrong, 0u);
      const std::uint64_t value_bytes = width == type::kShort ? 2 : width == type::kLong ? 4 : 8;
      CHECK_EQ(source->bytes() - opened, 2 * size * value_bytes);  // every block once
    }
  }
}

TEST(a_table_that_could_not_be_read_is_tried_again) {
  TiffWriter file;
  file.add(tiff_image(64, 48, 16));
  const auto source = std::make_shared<CountingSource>(file.bytes());
  const auto slide = Slide::open(source);
  source->fail(true);
  CHECK_THROWS(FILE_UNREADABLE, (void)slide->stored_tile(0, 0, 0, 0));
  source->fail(false);
  CHECK_EQ(slide->stored_tile(0, 0, 0, 0).bytes, 768u);
}

TEST(many_threads_read_one_table_once) {
  TiffWriter file;
  file.add(tiff_image(320, 320, 16)).add(tiff_image(160, 160, 16));
  const auto source = std::make_shared<CountingSource>(file.bytes());
  const auto slide = Slide::open(source);
  const std::uint64_t before = source->bytes();
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (std::int64_t i = 0; i < 400; ++i) {
        if (slide->stored_tile(0, i % 20, i / 20, 0).bytes != 768) ++wrong;
        if (slide->stored_tile(1, i % 10, i / 40, 0).bytes != 768) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK_EQ(wrong.load(), 0);
  CHECK_EQ(source->bytes() - before, (400u + 100u) * 8u);
}

TEST_MAIN

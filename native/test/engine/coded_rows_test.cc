// Rows that hold a stored tile's own stream where a tile lies in one, and pixels elsewhere: what they say decodes to
// the pixels of the ordinary way, every stored tile is counted once, and damage is reported by the ordinary way.
#include "engine/coded_rows.h"

#include <algorithm>

#include "engine/slide_tiles.h"
#include "test/decode/codec_support.h"

using namespace microtome;
using namespace microtome::engine;
using namespace microtome::test;

namespace {

constexpr int kStoredPx = 32, kAcross = 6, kDown = 3;

slide::Storage level_of(std::int64_t width, std::int64_t height) {
  auto storage = storage_of(width, height, kStoredPx, kStoredPx, slide::Compression::Jpeg);
  storage.photometric = slide::Photometric::YCbCr;
  return storage;
}

// Stored tiles of pictures that differ.
std::shared_ptr<FakeSlide> slide_of(std::int64_t width = kAcross * kStoredPx, std::int64_t height = kDown * kStoredPx) {
  auto slide = std::make_shared<FakeSlide>();
  slide->add_level(level_of(width, height));
  const JpegTool tool;
  for (int row = 0; row < kDown; ++row)
    for (int column = 0; column < kAcross; ++column)
      slide->set_tile(0, column, row,
                      tool.encode(picture(kStoredPx, kStoredPx, row * kAcross + column), kStoredPx, kStoredPx));
  return slide;
}

tiles::TilePlan plan_of(const FakeSlide& slide, std::int64_t size_px, std::int64_t stride_px, double scale = 1) {
  tiles::GridOptions grid;
  grid.size_px = size_px;
  grid.stride_px = stride_px;
  grid.keep = tiles::KeepRule::All;
  tiles::ReadPolicy policy;
  policy.scale = scale;
  return tiles::plan_tiles(slide, policy, grid, nullptr);
}

struct Filled {
  std::int64_t streams = 0;
  std::int64_t pixels = 0;
  std::vector<Bytes> tiles;  // in plan order, decoded
  StoredTileCache::Counts counts;
};

Bytes part_of(const Bytes& rgb, const CodedJpeg& jpeg, std::size_t side) {
  Bytes out;
  for (std::size_t y = 0; y < side; ++y) {
    const auto from = rgb.begin() + static_cast<std::ptrdiff_t>(3 * ((jpeg.y + y) * jpeg.width_px + jpeg.x));
    out.insert(out.end(), from, from + static_cast<std::ptrdiff_t>(3 * side));
  }
  return out;
}

// Fills all rows in groups, and decodes those that are streams with libjpeg-turbo itself.
Filled fill(const std::shared_ptr<FakeSlide>& slide, const tiles::TilePlan& plan, bool may_be_jpeg,
            std::int64_t group = 7, decode::BadTilePolicy policy = decode::BadTilePolicy::Error) {
  StageMetrics metrics;
  SlideTiles source(slide, plan, policy, 1 << 30, metrics);
  TileReader reader;
  const CancelToken cancel;
  const CodedRows layout(plan.size_px);
  Filled filled;
  filled.tiles.resize(plan.tiles.size());
  Bytes rows(static_cast<std::size_t>(group) * layout.row_bytes(), 0xCD);
  for (std::int64_t first = 0; first < source.size(); first += group) {
    const Range range{first, std::min(first + group, source.size())};
    source.fetch(reader, range);
    source.fill(reader, cancel, range, {rows.data(), nullptr, &layout, may_be_jpeg});
    source.release(reader);
    for (std::int64_t i = 0; i < range.size(); ++i) {
      const std::uint8_t* row = rows.data() + static_cast<std::size_t>(i) * layout.row_bytes();
      Bytes& tile = filled.tiles[source.index_of(first + i)];
      const auto side = static_cast<std::size_t>(plan.size_px);
      if (CodedRows::content(row) == RowContent::Pixels) {
        ++filled.pixels;
        tile.assign(CodedRows::payload(row), CodedRows::payload(row) + layout.room_bytes());
      } else if (CodedRows::content(row) == RowContent::Jpeg) {
        ++filled.streams;
        const CodedJpeg jpeg = CodedRows::jpeg(row);
        const auto stream = CodedRows::stream(row);
        CHECK(jpeg.x + side <= jpeg.width_px && jpeg.y + side <= jpeg.height_px);
        tile = part_of(JpegTool().decode(Bytes(stream.begin(), stream.end()), static_cast<int>(jpeg.width_px),
                                         static_cast<int>(jpeg.height_px)),
                       jpeg, side);
      }
    }
  }
  filled.counts = source.counts();
  return filled;
}

// Against the ordinary pixels.
Filled compare(const std::shared_ptr<FakeSlide>& slide, const tiles::TilePlan& plan) {
  const Filled as_pixels = fill(slide, plan, false);
  CHECK_EQ(as_pixels.streams, 0);
  for (const std::int64_t group : {1, 5, 100}) {
    const Filled filled = fill(slide, plan, true, group);
    CHECK(filled.tiles == as_pixels.tiles);
    CHECK_EQ(filled.counts.decoded, as_pixels.counts.decoded);
    CHECK_EQ(filled.counts.missing, as_pixels.counts.missing);
    CHECK_EQ(filled.counts.again, 0);
    CHECK_EQ(filled.streams + filled.pixels, std::ssize(plan.tiles));
  }
  return fill(slide, plan, true);
}

}  // namespace

TEST(rows_say_what_they_were_told) {
  const CodedRows layout(5);
  CHECK_EQ(layout.room_bytes(), std::size_t{75});
  CHECK_EQ(layout.row_bytes(), std::size_t{192});
  Bytes row(layout.row_bytes(), 0xCD);
  CodedRows::clear(row.data());
  CHECK(CodedRows::content(row.data()) == RowContent::Nothing);
  CodedRows::set_pixels(row.data());
  CHECK(CodedRows::content(row.data()) == RowContent::Pixels);
  CodedRows::set_jpeg(row.data(), {.bytes = 7,
                                   .width_px = 300,
                                   .height_px = 200,
                                   .x = 1,
                                   .y = 2,
                                   .chroma = decode::Chroma::HalfWidth,
                                   .ycbcr = true,
                                   .grey = false});
  const CodedJpeg jpeg = CodedRows::jpeg(row.data());
  CHECK(CodedRows::content(row.data()) == RowContent::Jpeg);
  CHECK_EQ(CodedRows::stream(row.data()).size(), std::size_t{7});
  CHECK(CodedRows::stream(row.data()).data() == row.data() + CodedRows::kHeadBytes);
  CHECK(jpeg.width_px == 300 && jpeg.height_px == 200 && jpeg.x == 1 && jpeg.y == 2 && jpeg.ycbcr && !jpeg.grey);
  CHECK(jpeg.chroma == decode::Chroma::HalfWidth);
  CHECK_EQ(int{row[CodedRows::kHeadBytes]}, 0xCD);
}

TEST(tiles_that_are_stored_tiles_stay_streams) {
  if (!have_jpeg(__func__)) return;
  const auto slide = slide_of();
  const Filled filled = compare(slide, plan_of(*slide, kStoredPx, kStoredPx));
  CHECK_EQ(filled.streams, kAcross * kDown);
  CHECK_EQ(filled.counts.decoded, kAcross * kDown);
}

TEST(a_tile_inside_a_stored_tile_stays_a_stream_with_its_place) {
  if (!have_jpeg(__func__)) return;
  const auto slide = slide_of();
  CHECK_EQ(compare(slide, plan_of(*slide, 24, kStoredPx)).streams, kAcross * kDown);
}

TEST(stored_tiles_that_several_tiles_need_become_pixels) {
  if (!have_jpeg(__func__)) return;
  const auto slide = slide_of();
  CHECK_EQ(compare(slide, plan_of(*slide, kStoredPx / 2, kStoredPx / 2)).streams, 0);
  CHECK_EQ(compare(slide, plan_of(*slide, 2 * kStoredPx, 2 * kStoredPx)).streams, 0);
  CHECK_EQ(compare(slide, plan_of(*slide, 20, 20, 1.5)).streams, 0);  // reduced
}

TEST(tiles_beyond_the_image_and_missing_ones_become_pixels) {
  if (!have_jpeg(__func__)) return;
  const auto slide = slide_of(kAcross * kStoredPx - 9, kDown * kStoredPx - 4);
  slide->set_tile(0, 1, 0, {});
  slide->set_tile(0, 3, 1, {});
  const Filled filled = compare(slide, plan_of(*slide, kStoredPx, kStoredPx));
  CHECK_EQ(filled.streams, (kAcross - 1) * (kDown - 1) - 2);
  CHECK_EQ(filled.counts.missing, 2);
}

TEST(a_stream_that_is_longer_than_its_row_becomes_pixels) {
  if (!have_jpeg(__func__)) return;
  const auto slide = slide_of();
  // Noise at full quality is longer than its pixels.
  Bytes noise = picture(kStoredPx, kStoredPx);
  std::uint32_t state = 1;
  for (auto& sample : noise) sample = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  slide->set_tile(0, 2, 1, JpegTool().encode(noise, kStoredPx, kStoredPx, {.half_chroma = false, .quality = 100}));
  CHECK_EQ(compare(slide, plan_of(*slide, kStoredPx, kStoredPx)).streams, kAcross * kDown - 1);
}

TEST(damaged_tiles_are_reported_by_the_ordinary_way) {
  if (!have_jpeg(__func__)) return;
  const auto slide = slide_of();
  Bytes damaged = JpegTool().encode(picture(kStoredPx, kStoredPx), kStoredPx, kStoredPx);
  damaged.resize(damaged.size() - 30);
  slide->set_tile(0, 4, 2, damaged);
  const auto plan = plan_of(*slide, kStoredPx, kStoredPx);
  CHECK_THROWS(CORRUPT_TILE, (void)fill(slide, plan, true));
  const Filled filled = fill(slide, plan, true, 7, decode::BadTilePolicy::Fill);
  CHECK_EQ(filled.counts.bad, 1);
  CHECK_EQ(filled.streams, kAcross * kDown - 1);
  CHECK(filled.tiles[4 + 2 * kAcross] == Bytes(static_cast<std::size_t>(3 * kStoredPx * kStoredPx), 255));
}

TEST(what_is_found_bad_later_is_an_error_with_its_place_or_is_counted) {
  if (!have_jpeg(__func__)) return;
  const auto slide = slide_of();
  const auto plan = plan_of(*slide, kStoredPx, kStoredPx);
  for (const auto policy : {decode::BadTilePolicy::Error, decode::BadTilePolicy::Fill}) {
    StageMetrics metrics;
    SlideTiles source(slide, plan, policy, 1 << 30, metrics);
    TileReader reader;
    const CodedRows layout(kStoredPx);
    Bytes rows(3 * layout.row_bytes());
    source.fill(reader, CancelToken(), {0, 3}, {rows.data(), nullptr, &layout});
    CHECK_EQ(source.counts().decoded, 3);
    try {
      source.found_bad(1, "it is damaged");
      CHECK(policy == decode::BadTilePolicy::Fill);
      CHECK_EQ(source.counts().decoded, 2);
      CHECK_EQ(source.counts().bad, 1);
    } catch (const Error& error) {
      CHECK(policy == decode::BadTilePolicy::Error && error.code() == Code::CORRUPT_TILE);
      CHECK(error.tile().has_value() && error.path() == slide->source().name());
      CHECK_EQ(error.tile()->column, static_cast<std::int64_t>(source.index_of(1)) % kAcross);
    }
  }
}

TEST_MAIN

// No memory is asked for while tiles flow: every allocation of the process's C++ code is counted while the last quarter
// of a slide is read. (libjpeg-turbo is opened at run time and keeps its own books.) Also: neighbours are read
// together, and a tile's pixels never depend on the tile that the same decompressor had before it.
#include <atomic>
#include <cstdlib>
#include <new>

#include "decode/read_ahead.h"
#include "engine/slide_tiles.h"
#include "test/decode/codec_support.h"
#include "test/support/fake_slide.h"

namespace {
std::atomic<bool> counting{false};
std::atomic<int> allocations{0};

void* counted(std::size_t bytes, std::size_t alignment) {
  if (counting.load(std::memory_order_relaxed)) allocations.fetch_add(1, std::memory_order_relaxed);
  void* memory = alignment <= alignof(std::max_align_t)
                     ? std::malloc(bytes)
                     : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes, 1); }
void* operator new[](std::size_t bytes) { return counted(bytes, 1); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace {

using namespace microtome;
using namespace microtome::test;
using engine::SlideTiles;
using engine::TileReader;

constexpr std::int64_t kStoredPx = 64;
constexpr std::int64_t kAcross = 24;

std::shared_ptr<FakeSlide> jpeg_slide() {
  auto slide = std::make_shared<FakeSlide>();
  slide::Storage storage;
  storage.width_px = storage.height_px = kAcross * kStoredPx;
  storage.tile_width_px = storage.tile_height_px = kStoredPx;
  storage.tiled = true;
  storage.compression = slide::Compression::Jpeg;
  storage.photometric = slide::Photometric::YCbCr;
  slide->add_level(storage);
  for (std::int64_t row = 0; row < kAcross; ++row)
    for (std::int64_t column = 0; column < kAcross; ++column)
      slide->set_tile(0, column, row,
                      JpegTool().encode(picture(kStoredPx, kStoredPx, static_cast<int>(row * kAcross + column)),
                                        kStoredPx, kStoredPx));
  return slide;
}

int allocations_in_last_quarter(std::int64_t size_px, double scale, bool tensors = false) {
  const auto slide = jpeg_slide();
  tiles::GridOptions grid;
  grid.size_px = grid.stride_px = size_px;
  grid.keep = tiles::KeepRule::All;
  tiles::ReadPolicy policy;
  policy.scale = scale;
  StageMetrics metrics;
  SlideTiles feed(slide, tiles::plan_tiles(*slide, policy, grid, nullptr), decode::BadTilePolicy::Error, 1 << 30,
                  metrics);
  TileReader reader;
  const CancelToken cancel;
  constexpr std::int64_t kGroup = 4;
  preprocess::TensorFormat how;
  how.size_px = size_px;
  std::vector<std::uint8_t> out(static_cast<std::size_t>(kGroup) * how.bytes_per_tile());
  allocations = 0;
  for (std::int64_t first = 0; first < feed.size(); first += kGroup) {
    counting = first > feed.size() * 3 / 4;  // by then as many stored tiles were alive at once as ever will be
    const std::int64_t count = std::min(kGroup, feed.size() - first);
    feed.fetch(reader, {first, first + count});
    feed.fill(reader, cancel, {first, first + count}, {out.data(), tensors ? &how : nullptr});
    feed.release(reader);
    reader.white_tiles.clear();
  }
  counting = false;
  return allocations;
}

TEST(tiles_flow_without_allocating) {
  if (!have_jpeg(__func__)) return;
  CHECK_EQ(allocations_in_last_quarter(kStoredPx, 1), 0);  // decoded in place
  CHECK_EQ(allocations_in_last_quarter(56, 1), 0);         // assembled
  CHECK_EQ(allocations_in_last_quarter(56, 1.7), 0);       // assembled and reduced
  CHECK_EQ(allocations_in_last_quarter(kStoredPx, 1, true), 0);
  CHECK_EQ(allocations_in_last_quarter(56, 1, true), 0);
  CHECK_EQ(allocations_in_last_quarter(56, 1.7, true), 0);
}

TEST(neighbours_are_read_together) {
  const auto slide = std::make_shared<FakeSlide>();
  slide->add_level(10 * kStoredPx, kStoredPx, kStoredPx);
  for (int i = 0; i < 10; ++i) slide->set_tile(0, i, 0, std::vector<std::uint8_t>(100, static_cast<std::uint8_t>(i)));
  std::vector<slide::StoredTile> tiles;
  for (const int i : {7, 2, 3, 4, 9, 8}) tiles.push_back(slide->stored_tile(0, i, 0, 0));
  decode::ReadAhead ahead;
  ahead.fetch(*slide, tiles);
  CHECK_EQ(slide->reads(), 1);  // gaps below 16 KiB are read over
  for (const int i : {2, 3, 4, 7, 8, 9}) {
    const auto bytes = ahead.find(*slide, slide->stored_tile(0, i, 0, 0));
    CHECK_EQ(bytes.size(), 100u);
    CHECK_EQ(bytes.front(), i);
  }
  CHECK(ahead.find(*slide, {0, 100}).empty());  // before the first that was fetched
  const FakeSlide other;
  CHECK(ahead.find(other, slide->stored_tile(0, 2, 0, 0)).empty());
  ahead.clear();
  CHECK(ahead.find(*slide, slide->stored_tile(0, 2, 0, 0)).empty());
}

TEST(tiles_beyond_the_end_are_left_to_their_own_read) {
  const auto slide = std::make_shared<FakeSlide>();
  slide->add_level(kStoredPx, kStoredPx, kStoredPx);
  slide->set_tile(0, 0, 0, std::vector<std::uint8_t>(100, 7));
  std::vector<slide::StoredTile> tiles{{0, 100}, {50, 100}, {~0ull - 5, 10}, {10, ~0ull}};
  decode::ReadAhead ahead;
  ahead.fetch(*slide, tiles);
  CHECK_EQ(ahead.find(*slide, {0, 100}).size(), 100u);
  CHECK(ahead.find(*slide, {50, 100}).empty());
  CHECK(ahead.find(*slide, {~0ull - 5, 10}).empty());
}

// The tile without tables has none anywhere: a new decompressor fills in the standard ones, a kept one those of the
// tile before. Both must give the same, whatever came before.
TEST(a_tile_without_tables_does_not_borrow_those_of_another) {
  if (!have_jpeg(__func__)) return;
  const Bytes whole = JpegTool().encode(picture(kStoredPx, kStoredPx, 1), kStoredPx, kStoredPx);
  Bytes bare(whole.begin(), whole.begin() + 2);
  for (std::size_t at = 2; at + 4 < whole.size();) {
    const std::size_t end = at + 2 + static_cast<std::size_t>(whole[at + 2] << 8 | whole[at + 3]);
    const bool scan = whole[at + 1] == 0xDA;
    if (whole[at + 1] != 0xDB && whole[at + 1] != 0xC4)
      bare.insert(bare.end(), whole.begin() + static_cast<std::ptrdiff_t>(at),
                  scan ? whole.end() : whole.begin() + static_cast<std::ptrdiff_t>(end));
    if (scan) break;
    at = end;
  }
  FakeSlide slide;
  slide::Storage storage;
  storage.width_px = 2 * kStoredPx;
  storage.height_px = storage.tile_width_px = storage.tile_height_px = kStoredPx;
  storage.tiled = true;
  storage.compression = slide::Compression::Jpeg;
  storage.photometric = slide::Photometric::YCbCr;
  slide.add_level(storage);
  slide.set_tile(0, 0, 0, whole);
  slide.set_tile(0, 1, 0, bare);
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(3 * kStoredPx * kStoredPx));
  const RgbView out{pixels.data(), kStoredPx, kStoredPx, 3 * kStoredPx};
  decode::TileDecoder decoder;
  (void)decoder.decode(slide, slide.levels()[0].storage, 0, {0, 0, 0}, all_of(out));
  // No quantisation table anywhere: not decodable, and not decodable after a tile that has them either.
  CHECK_THROWS(CORRUPT_TILE, (void)decoder.decode(slide, slide.levels()[0].storage, 0, {0, 1, 0}, all_of(out)));
  decode::TileDecoder fresh;
  CHECK_THROWS(CORRUPT_TILE, (void)fresh.decode(slide, slide.levels()[0].storage, 0, {0, 1, 0}, all_of(out)));
}

}  // namespace

TEST_MAIN

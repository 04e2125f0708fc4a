// Images as a source, without a job: what is left of a large one, waiting for a turn, and what ends a batch.
#include "engine/image_source.h"

#include <sys/resource.h>

#include <fstream>
#include <limits>
#include <random>
#include <thread>

#include "core/large_memory.h"
#include "engine/tile_reader.h"
#include "test/check.h"
#include "test/support/heap_count.h"
#include "test/support/models.h"
#include "test/support/png_writer.h"

using namespace microtome;
using namespace microtome::engine;
using test::Bytes;

namespace {

constexpr std::int64_t kSidePx = 16;
constexpr std::int64_t kMemoryBytes = 256 << 20;
constexpr std::int64_t kKeptBytes = 1 << 20;  // beside what a worker may keep: the reader itself, the codec

void write(const std::string& path, const Bytes& bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

// Of noise, so that the file is no smaller than its pixels: 3 MB, in several chunks.
Bytes large_png() {
  constexpr int kSide = 1000;
  std::mt19937 chance(1);
  std::vector<int> samples(3 * kSide * kSide);
  for (int& sample : samples) sample = static_cast<int>(chance() & 255);
  test::PngWriter writer(kSide, kSide, 2, 8);
  writer.cut = 1 << 20;
  return writer.file(samples);
}

std::int64_t bytes_in_use() {
  return test::heap_count.now_bytes + static_cast<std::int64_t>(LargeMemory::counts().in_use_bytes);
}

struct Scene {
  explicit Scene(ImageList images)
      : list(std::move(images)),
        room(std::make_shared<LargeImageRoom>(budget)),
        source(list, preprocess::ImageResize::PilBicubic, kSidePx, room, metrics) {}

  void fill(std::int64_t count) {
    rows.resize(static_cast<std::size_t>(3 * kSidePx * kSidePx * count));
    source.fill(reader, cancel, {0, count}, {rows.data(), nullptr});
  }

  ImageList list;
  MemoryBudget budget{kMemoryBytes};
  std::shared_ptr<LargeImageRoom> room;
  StageMetrics metrics;
  TileReader reader;
  CancelToken cancel;
  Bytes rows;
  ImageSource source;
};

std::string text_of(const ImageFailure& failure) {
  try {
    std::rethrow_exception(failure.error);
  } catch (const Error& error) {
    return std::string(code_name(error.code())) + " " + error.found();
  }
}

}  // namespace

TEST(a_large_image_leaves_no_memory_behind_however_it_ends) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/image.png";
  const Bytes whole = large_png();
  enum class End { Well, Damaged, NoMemory };
  for (const End end : {End::Well, End::Damaged, End::NoMemory}) {
    Bytes file = whole;
    // The header of an image with one row more: that there is none shows when the pixels are decoded.
    if (end == End::Damaged) {
      const Bytes header = test::PngWriter(1000, 1001, 2, 8).file({});
      std::copy(header.begin(), header.begin() + 33, file.begin());
    }
    write(path, file);
    Scene scene(ImageFiles{{path}});
    const std::int64_t left = scene.budget.available();
    const std::int64_t before = bytes_in_use();
    // Enough for the file, too little for the pixels, or for the pieces in one.
    const std::int64_t most = LargeMemory::kLeastBytes == SIZE_MAX ? 5 << 20 : 1 << 20;
    if (end == End::NoMemory) test::heap_count.most_bytes = test::heap_count.now_bytes + most;
    bool had_memory = true;
    try {
      scene.fill(1);
    } catch (const std::bad_alloc&) {
      had_memory = false;
    }
    test::heap_count.most_bytes = std::numeric_limits<std::int64_t>::max();
    CHECK_EQ(had_memory, end != End::NoMemory);
    CHECK(bytes_in_use() - before < kKeptBytes);
    CHECK_EQ(scene.budget.available(), left);
    CHECK_EQ(scene.source.has_failed(0), end == End::Damaged);
  }
}

// No clock: the turn is held until the worker that waits for it was cancelled.
TEST(a_worker_that_waits_for_its_turn_can_be_cancelled) {
  MemoryBudget budget(kMemoryBytes);
  LargeImageRoom room(budget);
  CancelToken cancel;
  LargeImageRoom::Stay first, second;
  room.enter(1000, second, cancel);  // of its file
  CHECK_EQ(second.extra.bytes(), 1000);
  const auto rest = budget.reserve(budget.available(), "the rest", Stage::Decode);
  room.enter(2000, first, cancel);
  CHECK(first.turn.owns_lock());
  std::string ended = "no";
  std::thread waits([&] {
    try {
      room.enter(2000, second, cancel);
    } catch (const Error& error) {
      ended = code_name(error.code());
    }
  });
  cancel.cancel();
  waits.join();
  CHECK_EQ(ended, "CANCELLED");
  CHECK(!second.turn.owns_lock());
  CHECK_EQ(second.extra.bytes(), 1000);
}

TEST(what_a_stay_has_is_kept_until_it_has_its_turn) {
  MemoryBudget budget(kMemoryBytes);
  LargeImageRoom room(budget);
  const CancelToken cancel;
  LargeImageRoom::Stay stay;
  room.enter(1000, stay, cancel);
  const std::int64_t left = budget.available();
  room.enter(5000, stay, cancel);
  CHECK_EQ(budget.available(), left - 4000);
  CHECK(stay.is_large() && !stay.turn.owns_lock());
  const auto rest = budget.reserve(budget.available(), "the rest", Stage::Decode);
  room.enter(9000, stay, cancel);
  CHECK(stay.turn.owns_lock());
  CHECK_EQ(budget.available(), 5000);
  CHECK_THROWS(LIMIT_EXCEEDED, room.enter(kMemoryBytes / 2 + 1, stay, cancel));
}

TEST(a_place_that_is_none_is_told_in_few_digits) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/images";
  write(path, Bytes(10, 0));
  Scene scene(ImagePlaces{path, {1e300, 0.5}, {1, 3}});
  scene.fill(2);
  const auto failures = scene.source.take_failures();
  CHECK_EQ(failures.size(), std::size_t{2});
  CHECK(text_of(failures[0]).ends_with("1 bytes at 1.0000000000000001e+300"));
  CHECK(text_of(failures[1]).ends_with("3 bytes at 0.5"));
}

// It is no fault of the image, and would be that of all behind it.
TEST(a_process_without_a_file_left_to_open_ends_the_batch) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/image";
  write(path, {1, 2, 3});
  Scene scene(ImageFiles{{path, path}});
  // The sanitizer opens a pipe when it first sees an object of a type: before there is no file left.
  try {
    slide::TooManyFiles seen(Code::FILE_UNREADABLE, Stage::Slide, "seen");
    seen.with_path(path);
    throw seen;
  } catch (const Error& error) {
    CHECK(error.path() == path);
  }
  rlimit before{};
  CHECK_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  CHECK_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  std::string found;
  try {
    scene.fill(2);
  } catch (const Error& error) {
    found = std::string(code_name(error.code())) + " " + error.advice();
  }
  CHECK_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  CHECK_EQ(found, "FILE_UNREADABLE raise the limit of open files (ulimit -n), or close files");
  CHECK(!scene.source.has_failed(0) && !scene.source.has_failed(1));
  scene.fill(2);
  CHECK(scene.source.has_failed(0) && scene.source.has_failed(1));
}

TEST_MAIN

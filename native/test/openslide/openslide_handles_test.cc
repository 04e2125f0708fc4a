// An error stays with a handle of OpenSlide: handles are replaced, and only the tile that is bad is blamed. Files that
// change while the slide is open are told.
#include <thread>

#include "decode/region.h"
#include "test/openslide/openslide_support.h"

namespace {

using namespace microtome;
using namespace microtome::test;

FakeOpenslideState& fake() { return *fake_openslide_state(); }

constexpr decode::RegionRequest kAll{
    .x = 0, .y = 0, .width_px = 1000, .height_px = 512, .on_bad_tile = decode::BadTilePolicy::Fill};

struct Opened {
  Folder folder;
  std::string path;
  std::shared_ptr<const slide::Slide> slide;

  explicit Opened(const slide::OpenOptions& options = {}) {
    openslide::set_library_path(kFake);
    path = folder.put("a.mrxs", "any");
    slide = open_slide(path, options);
  }
  [[nodiscard]] decode::Region read(const decode::RegionRequest& request) const {
    decode::TileDecoder decoder;
    return decode::RegionReader(*slide, decode::picture_of_level(*slide, 0), request).read(decoder, nullptr);
  }
  [[nodiscard]] Error failure() const {
    return error_of([this] { (void)read({.x = 300, .y = 20, .width_px = 4, .height_px = 4}); });
  }
};

struct BadPixel {
  BadPixel() {
    fake().bad_x = 300;
    fake().bad_y = 20;
  }
  ~BadPixel() { fake().bad_x = -1; }
};

TEST(a_bad_tile_is_named_with_the_words_of_openslide) {
  const BadPixel bad;
  const Opened opened;
  const Error error = opened.failure();
  CHECK(error.code() == Code::CORRUPT_TILE);
  CHECK_EQ(error.tile()->column, 2);
  CHECK_EQ(error.tile()->row, 0);
  CHECK_EQ(error.path(), opened.path);
  CHECK(has(error.found(), "bad pixel"));
}

TEST(a_system_that_fails_is_no_bad_tile_and_is_not_filled_over) {
  const BadPixel bad;
  const Opened opened;
  fake().bad_text = "Couldn't open data.dat: Too many open files";
  const Error error = error_of([&] { (void)opened.read(kAll); });
  fake().bad_text = "bad pixel";
  CHECK(error.code() == Code::FILE_UNREADABLE);
  CHECK(has(error.found(), "Too many open files"));
  CHECK_EQ(opened.read(kAll).bad_tiles, 1);
}

TEST(tiles_after_a_bad_one_are_read) {
  const BadPixel bad;
  const Opened opened;
  for (int i = 0; i < 5; ++i) {
    CHECK(opened.failure().code() == Code::CORRUPT_TILE);
    CHECK_EQ(static_cast<int>(opened.read({.x = 20, .y = 20, .width_px = 4, .height_px = 4}).image.data[0]), 20);
  }
}

TEST(of_many_threads_on_one_handle_only_the_bad_tile_is_blamed) {
  const BadPixel bad;
  const Opened opened;
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        const decode::Region region = opened.read(kAll);
        // 8 x 2 tiles, of which one is bad.
        if (region.bad_tiles != 1) ++wrong;
        if (region.image.data[static_cast<std::size_t>(3 * 500)] != (500 & 255)) ++wrong;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK_EQ(wrong.load(), 0);
}

TEST(a_slide_that_cannot_be_opened_again_says_so_and_is_not_tried_for_ever) {
  const BadPixel bad;
  const Opened opened;
  fake().failing_opens = 1'000'000;
  const int before = fake().opened;
  for (int i = 0; i < 10; ++i) {
    const Error error = opened.failure();
    CHECK(error.code() == Code::FILE_UNREADABLE);
    CHECK(has(error.found(), "cannot be opened again"));
  }
  CHECK_EQ(fake().opened - before, 3);
  fake().failing_opens = 0;
}

TEST(one_failure_to_open_again_is_forgiven) {
  const BadPixel bad;
  const Opened opened;
  fake().failing_opens = 1;
  CHECK(opened.failure().code() == Code::FILE_UNREADABLE);
  CHECK(opened.failure().code() == Code::CORRUPT_TILE);
}

TEST(a_file_that_is_written_while_it_is_open_is_told) {
  const Opened opened;
  CHECK_EQ(opened.read(kAll).bad_tiles, 0);
  opened.folder.put("a.mrxs", "another text");
  const Error error = opened.failure();
  CHECK(error.code() == Code::SLIDE_CHANGED);
  CHECK(has(error.found(), "the file was written or replaced"));
}

TEST(a_file_that_is_removed_while_it_is_open_is_told) {
  const Opened opened;
  std::filesystem::remove(opened.path);
  CHECK(has(opened.failure().found(), "was removed"));
}

TEST(other_files_of_the_slide_are_watched) {
  const Folder folder;
  slide::OpenOptions options;
  options.files = {folder.put("Data0000.dat", "1"), folder.put("Data0001.dat", "2")};
  const Opened opened(options);
  CHECK_EQ(opened.read(kAll).bad_tiles, 0);
  folder.put("Data0001.dat", "changed");
  // Not after each tile, but soon.
  const Error error = error_of([&] {
    for (int i = 0; i < 10; ++i) (void)opened.read(kAll);
  });
  CHECK(error.code() == Code::SLIDE_CHANGED);
  CHECK(has(error.found(), "Data0001.dat was written or replaced"));
}

TEST(a_slide_that_cannot_be_opened_again_since_a_file_has_changed_is_told_so) {
  const BadPixel bad;
  const Folder folder;
  slide::OpenOptions options;
  options.files = {folder.put("Data0000.dat", "1")};
  const Opened opened(options);
  folder.put("Data0000.dat", "cut");
  fake().failing_opens = 1;
  const Error error = opened.failure();
  CHECK(error.code() == Code::SLIDE_CHANGED);
  CHECK(has(error.found(), "Data0000.dat was written or replaced"));
}

TEST(a_file_of_the_slide_that_is_not_there_is_named) {
  slide::OpenOptions options;
  options.files = {"/nonexistent/Data0000.dat"};
  const Error error = error_of([&] { const Opened opened(options); });
  CHECK(error.code() == Code::SLIDE_INCOMPLETE);
  CHECK(has(error.found(), "/nonexistent/Data0000.dat"));
}

TEST(a_slide_that_has_another_size_when_it_is_opened_again_is_told) {
  const BadPixel bad;
  const Opened opened;
  fake().width_px = 1001;
  CHECK(opened.failure().code() == Code::SLIDE_CHANGED);
  fake().width_px = 1000;
  fake().label_width_px = 41;
  CHECK(opened.failure().code() == Code::SLIDE_CHANGED);
  fake().label_width_px = 40;
}

TEST(no_handle_is_left_open) { CHECK_EQ(fake().opened.load(), fake().closed.load()); }

}  // namespace

TEST_MAIN

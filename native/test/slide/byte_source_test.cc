#include "slide/byte_source.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "slide/paged_source.h"
#include "test/check.h"
#include "test/support/tiff_writer.h"

using namespace microtome;
using namespace microtome::test;

namespace {

class TempFolder {
 public:
  TempFolder() {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary folder");
  }
  ~TempFolder() {
    ::unlink((path_ + "/pipe").c_str());
    ::rmdir(path_.c_str());
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/microtome-test-XXXXXX";
};

}  // namespace

TEST(reads_at_positions) {
  TempFile file({0, 1, 2, 3, 4, 5, 6, 7});
  const auto source = slide::open_file(file.path());
  CHECK_EQ(source->size(), 8u);
  CHECK_EQ(source->name(), file.path());
  std::array<std::uint8_t, 3> bytes{};
  source->read(4, bytes);
  CHECK_EQ(int{bytes[0]}, 4);
  CHECK_EQ(int{bytes[2]}, 6);
  source->read(8, {});  // nothing, at the very end
}

TEST(refuses_to_read_beyond_the_end) {
  TempFile file({0, 1, 2, 3});
  const auto source = slide::open_file(file.path());
  std::array<std::uint8_t, 3> bytes{};
  CHECK_THROWS(TRUNCATED, source->read(2, bytes));
  CHECK_THROWS(TRUNCATED, source->read(5, {}));
  CHECK_THROWS(TRUNCATED, source->read(~std::uint64_t{0}, bytes));
}

TEST(a_file_that_shrinks_is_truncated_not_a_crash) {
  TempFile file(Bytes(100, 1));
  const auto source = slide::open_file(file.path());
  CHECK(::truncate(file.path().c_str(), 10) == 0);
  std::array<std::uint8_t, 50> bytes{};
  CHECK_THROWS(TRUNCATED, source->read(0, bytes));
}

TEST(names_what_is_not_a_readable_file) {
  TempFolder folder;
  CHECK_THROWS(FILE_NOT_FOUND, (void)slide::open_file(folder.path() + "/nothing.tif"));
  CHECK_THROWS(FILE_NOT_FOUND, (void)slide::open_file(""));
  CHECK_THROWS(FILE_NOT_FOUND, (void)slide::open_file(std::string("/dev/null\0.tif", 14)));
  TempFile file({1});
  CHECK_THROWS(FILE_NOT_FOUND, (void)slide::open_file(file.path() + "/inside.tif"));
  CHECK_THROWS(FILE_UNREADABLE, (void)slide::open_file(folder.path() + "/" + std::string(300, 'x')));
  CHECK_THROWS(NOT_A_SLIDE, (void)slide::open_file(folder.path()));
  CHECK_THROWS(NOT_A_SLIDE, (void)slide::open_file("/dev/null"));
  if (::geteuid() != 0) {
    CHECK(::chmod(file.path().c_str(), 0) == 0);
    CHECK_THROWS(FILE_UNREADABLE, (void)slide::open_file(file.path()));
  }
}

TEST(a_pipe_does_not_hang) {
  TempFolder folder;
  const std::string pipe = folder.path() + "/pipe";
  CHECK(::mkfifo(pipe.c_str(), 0600) == 0);
  const auto start = std::chrono::steady_clock::now();
  CHECK_THROWS(NOT_A_SLIDE, (void)slide::open_file(pipe));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
}

TEST(errors_carry_the_path) {
  try {
    (void)slide::open_file("/nowhere/at/all.tif");
    CHECK(false);
  } catch (const Error& error) {
    CHECK_EQ(error.path(), "/nowhere/at/all.tif");
    CHECK(error.stage() == Stage::Slide);
  }
}

// It is cancelled before the source knows of it: the source hears of it as soon as it asks.
TEST(a_fetch_that_was_given_up_is_forgotten_at_once) {
  int failures = 0, forgotten = 0;
  slide::Fetch fetch([&](const std::exception_ptr& failure, const auto&) { failures += failure ? 1 : 0; });
  fetch.abandon();
  CHECK_EQ(failures, 1);
  fetch.on_abandon([&] { ++forgotten; });
  CHECK_EQ(forgotten, 1);
}

TEST(a_fetch_that_is_complete_is_not_forgotten) {
  int calls = 0, forgotten = 0;
  slide::Fetch fetch([&](const std::exception_ptr&, const auto&) { ++calls; });
  fetch.complete(nullptr, nullptr);
  fetch.on_abandon([&] { ++forgotten; });
  fetch.complete(nullptr, nullptr);
  CHECK_EQ(calls, 1);
  CHECK_EQ(forgotten, 0);
}

// Who is told lets go of the slide, and so of the source: not while a thread is inside it.
TEST(nobody_is_told_while_a_thread_is_inside_the_source) {
  int calls = 0;
  const auto fetch = std::make_shared<slide::Fetch>(
      [&](const std::exception_ptr& failure, const auto&) { calls += failure ? 10 : 1; });
  {
    const slide::Fetch::Asking asking(fetch);
    fetch->complete(nullptr, nullptr);
    fetch->abandon();
    CHECK_EQ(calls, 0);
  }
  CHECK_EQ(calls, 1);
}

TEST(nobody_is_told_before_the_source_has_forgotten) {
  int calls = 0, at_forget = -1;
  const auto fetch = std::make_shared<slide::Fetch>(
      [&](const std::exception_ptr& failure, const auto&) { calls += failure ? 10 : 1; });
  fetch->on_abandon([&] {
    fetch->complete(nullptr, nullptr);  // an answer that comes at this moment
    at_forget = calls;
  });
  fetch->abandon();
  CHECK_EQ(at_forget, 0);
  CHECK_EQ(calls, 10);
}

namespace {

// Gives one byte less than is asked for.
class ShortSource final : public slide::PagedSource {
 public:
  ShortSource() : PagedSource(1000, "short") {}

 protected:
  void ask(std::uint64_t question, const std::vector<slide::ByteRange>& ranges) const override {
    answer(question, 0, std::vector<std::uint8_t>(static_cast<std::size_t>(ranges[0].bytes - 1)));
  }
  void forget(std::uint64_t /*question*/) const override {}
};

}  // namespace

namespace {

// Says of a small read what it would ask for.
class AheadSource final : public slide::PagedSource {
 public:
  using PagedSource::PagedSource;

  slide::ByteRange wanted(std::uint64_t offset, std::size_t bytes) const {
    std::vector<std::uint8_t> out(bytes);
    try {
      read(offset, out);
    } catch (const slide::BytesPending& pending) {
      return pending.ranges.at(0);
    }
    return {};
  }

 protected:
  void ask(std::uint64_t /*question*/, const std::vector<slide::ByteRange>& /*ranges*/) const override {}
  void forget(std::uint64_t /*question*/) const override {}
};

}  // namespace

TEST(a_small_read_asks_for_as_much_as_its_source_says) {
  const AheadSource usual(1u << 20, "usual");
  CHECK_EQ(usual.wanted(10, 4).bytes, slide::PagedSource::kReadAheadBytes);
  const AheadSource little(1u << 20, "little", 16u << 10);
  CHECK_EQ(little.wanted(10, 4).offset, 10u);
  CHECK_EQ(little.wanted(10, 4).bytes, 16u << 10);
  CHECK_EQ(little.wanted(10, 100'000).bytes, 100'000u);
  CHECK_EQ(little.wanted((1u << 20) - 100, 4).bytes, 100u);
}

TEST(an_answer_of_another_length_fails_the_question) {
  const ShortSource source;
  int failures = 0;
  const auto fetch = std::make_shared<slide::Fetch>(
      [&](const std::exception_ptr& failure, const auto&) { failures += failure ? 1 : 0; });
  const std::array<slide::ByteRange, 1> ranges{{{10, 20}}};
  source.fetch(ranges, fetch);
  CHECK_EQ(failures, 1);
}

TEST_MAIN

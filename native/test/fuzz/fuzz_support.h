// For the fuzz targets: what must hold is asked with REQUIRE, which ends the process so that libFuzzer keeps the input.
// A target that has a codec library opens it from MICROTOME_JPEG_LIBRARY and MICROTOME_VIPS_LIBRARY; without a library
// the slides that need it are refused, which is then all that is tried.
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/image.h"
#include "test/support/memory_source.h"

namespace microtome::fuzz {

using Bytes = std::vector<std::uint8_t>;

[[noreturn]] inline void broken(const char* file, int line, const char* condition, const std::string& detail = "") {
  std::fprintf(stderr, "%s:%d: does not hold: %s %s\n", file, line, condition, detail.c_str());
  std::abort();
}

#define REQUIRE(condition) ((condition) ? void() : ::microtome::fuzz::broken(__FILE__, __LINE__, #condition))
#define REQUIRE_SAID(condition, detail) \
  ((condition) ? void() : ::microtome::fuzz::broken(__FILE__, __LINE__, #condition, detail))

// The input as a source; its bytes have a block of their own, so that a read past them is seen.
inline std::shared_ptr<const slide::ByteSource> input_source(const std::uint8_t* data, std::size_t size) {
  return std::make_shared<const test::MemorySource>(Bytes(data, data + size), "input");
}

// What a user is promised of every error: a code that fits the work, a text and an advice that is not in the text.
inline void check_error(const Error& error, std::initializer_list<Code> expected) {
  REQUIRE_SAID(std::find(expected.begin(), expected.end(), error.code()) != expected.end(), error.message());
  REQUIRE_SAID(!error.found().empty() && !error.advice().empty(), error.message());
  REQUIRE_SAID(error.found().find(error.advice()) == std::string::npos, error.message());
}

// Runs `work`: nothing but Error may leave it, and only with one of the codes. Returns the error, if any.
template <typename Work>
std::optional<Error> try_it(std::initializer_list<Code> expected, const Work& work) {
  try {
    work();
    return std::nullopt;
  } catch (const Error& error) {
    check_error(error, expected);
    return error;
  }
}

// A destination with padding in every row and room before and after; whoever writes there is found out. Two of them for
// the same pixels are filled differently, so that a pixel that nobody writes shows.
class GuardedImage {
 public:
  GuardedImage(std::int64_t width_px, std::int64_t height_px, std::uint8_t fill = 0xA7)
      : fill_(fill),
        width_px_(width_px),
        height_px_(height_px),
        stride_bytes_(3 * width_px + kPadding),
        bytes_(static_cast<std::size_t>(2 * kMargin + stride_bytes_ * height_px), fill) {}

  [[nodiscard]] RgbView view() noexcept { return {bytes_.data() + kMargin, width_px_, height_px_, stride_bytes_}; }
  [[nodiscard]] const std::uint8_t* row(std::int64_t y) const noexcept {
    return bytes_.data() + kMargin + y * stride_bytes_;
  }

  void check_guards() const {
    check_untouched(bytes_.data(), bytes_.data() + kMargin);
    for (std::int64_t y = 0; y < height_px_; ++y) check_untouched(row(y) + 3 * width_px_, row(y) + stride_bytes_);
    check_untouched(row(height_px_), row(height_px_) + kMargin);
  }
  // No pixel from row `first` on was written.
  void check_rows_untouched_from(std::int64_t first) const {
    for (std::int64_t y = first; y < height_px_; ++y) check_untouched(row(y), row(y) + 3 * width_px_);
  }
  // The first `rows` rows are all `value`.
  void check_rows(std::int64_t rows, std::uint8_t value) const {
    for (std::int64_t y = 0; y < rows; ++y)
      REQUIRE(std::all_of(row(y), row(y) + 3 * width_px_, [value](std::uint8_t byte) { return byte == value; }));
  }
  [[nodiscard]] bool same_rows(const GuardedImage& other, std::int64_t rows) const {
    for (std::int64_t y = 0; y < rows; ++y)
      if (std::memcmp(row(y), other.row(y), static_cast<std::size_t>(3 * width_px_)) != 0) return false;
    return true;
  }

 private:
  static constexpr std::int64_t kMargin = 64;
  static constexpr std::int64_t kPadding = 13;

  void check_untouched(const std::uint8_t* from, const std::uint8_t* to) const {
    REQUIRE(std::all_of(from, to, [this](std::uint8_t byte) { return byte == fill_; }));
  }

  const std::uint8_t fill_;
  const std::int64_t width_px_;
  const std::int64_t height_px_;
  const std::int64_t stride_bytes_;
  Bytes bytes_;
};

inline std::string environment(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr ? "" : value;
}

// Says at the end how much processor time the run took; the fuzzer itself knows only the clock.
inline void report_cpu_time() {
  std::atexit([] {
    struct rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    std::fprintf(stderr, "cpu seconds: %.1f\n", seconds(usage.ru_utime) + seconds(usage.ru_stime));
  });
}

}  // namespace microtome::fuzz

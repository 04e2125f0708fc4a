// A library with OpenSlide's functions that draws its slides. The test that opens it has its state: the library itself
// is loaded as a private copy, which a test could not reach.
#pragma once

#include <atomic>
#include <cstdint>

struct FakeOpenslideState {
  // What was done.
  std::atomic<int> opened{0};
  std::atomic<int> closed{0};
  std::atomic<int> caches{0};
  std::atomic<int> released_caches{0};
  std::atomic<std::size_t> cache_bytes{0};
  std::atomic<int> reads{0};

  // What shall be so of the next slide that is opened.
  std::atomic<int> failing_opens{0};                // so many fail
  const char* open_words = "it does not\nwant to";  // what they say
  std::atomic<bool> unknown{false};                 // no slide that it knows
  std::atomic<std::int64_t> width_px{1000};
  std::atomic<std::int64_t> height_px{700};
  std::atomic<double> downsample1{4};              // of level 1
  std::atomic<std::int64_t> unscanned_from_x{-1};  // of level 2: there and beyond nothing is; -1: all is there
  std::atomic<std::int64_t> label_width_px{40};
  std::atomic<std::int64_t> icc_bytes{5};
  std::atomic<bool> icc_fails{false};
  const char* mpp_x = "0.25";
  const char* mpp_y = "0.5";
  const char* tile_width = "128";

  // A read of level 0 that has this pixel fails, and every call of its handle after it; -1: none.
  std::atomic<std::int64_t> bad_x{-1};
  std::atomic<std::int64_t> bad_y{-1};
  const char* bad_text = "bad pixel";  // what such a read says
};

// Defined by the test.
extern "C" __attribute__((visibility("default"))) FakeOpenslideState* fake_openslide_state();

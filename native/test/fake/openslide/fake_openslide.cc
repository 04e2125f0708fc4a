#include "test/fake/openslide/fake_openslide.h"

#include <dlfcn.h>

#include <cmath>
#include <cstring>
#include <mutex>
#include <string>

#define FAKE_API extern "C" __attribute__((visibility("default")))

#ifndef FAKE_VERSION
#define FAKE_VERSION "4.0.1"
#endif

namespace {

FakeOpenslideState& state() {
  static auto* const get = reinterpret_cast<FakeOpenslideState* (*)()>(::dlsym(RTLD_DEFAULT, "fake_openslide_state"));
  return *get();
}

struct Slide {
  std::int64_t width = 0, height = 0, label_width = 0;
  double downsample1 = 1;
  std::int64_t bad_x = -1, bad_y = -1;
  std::mutex mutex;
  std::atomic<bool> failed{false};
  std::string error;

  void fail(const char* text) {
    const std::scoped_lock lock(mutex);
    if (failed) return;
    error = text;
    failed = true;
  }
  [[nodiscard]] double downsample(std::int32_t level) const {
    if (level == 0) return 1;
    if (level == 1) return downsample1;
    const auto w = static_cast<double>(width / 12), h = static_cast<double>(height / 12);
    return (static_cast<double>(width) / w + static_cast<double>(height) / h) / 2;
  }
};

struct Cache {};

constexpr std::uint32_t argb(std::uint32_t a, std::uint32_t r, std::uint32_t g, std::uint32_t b) {
  return a << 24 | r << 16 | g << 8 | b;
}

// Where the pixel is is its colour. Of level 0 the lower right quarter is not there, and the upper left corner is half
// so.
std::uint32_t pixel_at(const Slide& slide, std::int32_t level, std::int64_t x, std::int64_t y, bool between) {
  const std::int64_t width = level == 0 ? slide.width : level == 1 ? slide.width / 4 : slide.width / 12;
  const std::int64_t height = level == 0 ? slide.height : level == 1 ? slide.height / 4 : slide.height / 12;
  if (x < 0 || y < 0 || x >= width || y >= height) return 0;
  if (level == 0 && x >= 512 && y >= 512) return 0;
  const std::int64_t unscanned = state().unscanned_from_x;
  if (level == 2 && unscanned >= 0 && x >= unscanned) return 0;
  if (level == 0 && x < 8 && y < 8) return argb(128, 64, 128, 0);
  return argb(255, static_cast<std::uint32_t>(x & 255), static_cast<std::uint32_t>(y & 255),
              between ? 99 : static_cast<std::uint32_t>(level));
}

}  // namespace

FAKE_API const char* openslide_get_version() { return FAKE_VERSION; }

#ifndef FAKE_WITHOUT_DETECTION
FAKE_API const char* openslide_detect_vendor(const char*) { return state().unknown ? nullptr : "fake"; }
#endif

FAKE_API Slide* openslide_open(const char*) {
  auto& now = state();
  if (now.unknown) return nullptr;
  ++now.opened;
  auto* const slide = new Slide;
  slide->width = now.width_px;
  slide->height = now.height_px;
  slide->label_width = now.label_width_px;
  slide->downsample1 = now.downsample1;
  slide->bad_x = now.bad_x;
  slide->bad_y = now.bad_y;
  if (now.failing_opens > 0) {
    --now.failing_opens;
    slide->fail(now.open_words);
  }
  return slide;
}

FAKE_API void openslide_close(Slide* slide) {
  ++state().closed;
  delete slide;
}

FAKE_API const char* openslide_get_error(Slide* slide) { return slide->failed ? slide->error.c_str() : nullptr; }

FAKE_API std::int32_t openslide_get_level_count(Slide*) { return 3; }

FAKE_API void openslide_get_level_dimensions(Slide* slide, std::int32_t level, std::int64_t* width,
                                             std::int64_t* height) {
  const std::int64_t divisor = level == 0 ? 1 : level == 1 ? 4 : 12;
  *width = slide->width / divisor;
  *height = slide->height / divisor;
}

FAKE_API double openslide_get_level_downsample(Slide* slide, std::int32_t level) { return slide->downsample(level); }

FAKE_API void openslide_read_region(Slide* slide, std::uint32_t* out, std::int64_t x, std::int64_t y,
                                    std::int32_t level, std::int64_t width, std::int64_t height) {
  ++state().reads;
  std::memset(out, 0, static_cast<std::size_t>(width * height) * 4);
  if (slide->failed) return;
  if (level == 0 && slide->bad_x >= x && slide->bad_x < x + width && slide->bad_y >= y && slide->bad_y < y + height) {
    slide->fail(state().bad_text);
    return;
  }
  const double left = static_cast<double>(x) / slide->downsample(level);
  const double top = static_cast<double>(y) / slide->downsample(level);
  // As pixman: 128 steps between two pixels, rounded down.
  const bool between = std::floor((left - std::floor(left)) * 128) > 0 || std::floor((top - std::floor(top)) * 128) > 0;
  for (std::int64_t row = 0; row < height; ++row)
    for (std::int64_t column = 0; column < width; ++column)
      out[row * width + column] = pixel_at(*slide, level, static_cast<std::int64_t>(std::floor(left)) + column,
                                           static_cast<std::int64_t>(std::floor(top)) + row, between);
}

FAKE_API const char* const* openslide_get_property_names(Slide*) {
  static const char* const names[] = {"fake.key",
                                      "openslide.bounds-height",
                                      "openslide.bounds-width",
                                      "openslide.bounds-x",
                                      "openslide.bounds-y",
                                      "openslide.level[0].tile-height",
                                      "openslide.level[0].tile-width",
                                      "openslide.mpp-x",
                                      "openslide.mpp-y",
                                      "openslide.vendor",
                                      nullptr};
  return names;
}

FAKE_API const char* openslide_get_property_value(Slide*, const char* name) {
  const std::string key = name;
  if (key == "fake.key") return "a value";
  if (key == "openslide.bounds-x" || key == "openslide.bounds-y") return "3";
  if (key == "openslide.bounds-width" || key == "openslide.bounds-height") return "500";
  if (key == "openslide.level[0].tile-width") return state().tile_width;
  if (key == "openslide.level[0].tile-height") return "256";
  if (key == "openslide.mpp-x") return state().mpp_x;
  if (key == "openslide.mpp-y") return state().mpp_y;
  if (key == "openslide.vendor") return "fake";
  return nullptr;
}

FAKE_API const char* const* openslide_get_associated_image_names(Slide*) {
  static const char* const names[] = {"label", nullptr};
  return names;
}

FAKE_API void openslide_get_associated_image_dimensions(Slide* slide, const char* name, std::int64_t* width,
                                                        std::int64_t* height) {
  const bool known = std::strcmp(name, "label") == 0;
  *width = known ? slide->label_width : -1;
  *height = known ? 30 : -1;
}

FAKE_API void openslide_read_associated_image(Slide* slide, const char*, std::uint32_t* out) {
  for (std::int64_t i = 0; i < slide->label_width * 30; ++i) out[i] = argb(255, 1, 2, 3);
}

FAKE_API std::int64_t openslide_get_icc_profile_size(Slide*) { return state().icc_bytes; }

FAKE_API void openslide_read_icc_profile(Slide* slide, void* out) {
  if (state().icc_fails) {
    slide->fail("no profile");
    return;
  }
  std::memset(out, 7, static_cast<std::size_t>(state().icc_bytes));
}

FAKE_API Cache* openslide_cache_create(std::size_t bytes) {
  ++state().caches;
  state().cache_bytes = bytes;
  return new Cache;
}

FAKE_API void openslide_set_cache(Slide*, Cache*) {}

FAKE_API void openslide_cache_release(Cache* cache) {
  ++state().released_caches;
  delete cache;
}

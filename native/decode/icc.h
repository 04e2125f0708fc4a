// A slide's ICC profile, applied to its pixels: from the colours of the scanner to sRGB, by libvips' lcms. The intent
// is relative colorimetric, or perceptual where the profile has a table for that one alone; black points are not
// compensated. Each pixel is converted by itself, and the same on every thread.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "core/image.h"
#include "decode/vips_library.h"

namespace microtome::decode {

// Throws UNSUPPORTED_PIXELS with the reason when these are not the bytes of a profile whose device has red, green and
// blue. What it does not look into is left to lcms.
void require_rgb_profile(std::span<const std::uint8_t> profile);

// Safe to use from several threads at once. Each thread that is in apply() has 192 KiB of pixels and a transform of its
// own; they are kept for the next call.
class IccTransform {
 public:
  // Copies the profile and tries it. Throws UNSUPPORTED_PIXELS, and RUNTIME_MISSING without libvips.
  explicit IccTransform(std::span<const std::uint8_t> profile);
  ~IccTransform();

  // Changes the pixels in place.
  void apply(const RgbView& image) const;

 private:
  class Pipeline;

  [[nodiscard]] std::unique_ptr<Pipeline> take() const;
  void give_back(std::unique_ptr<Pipeline> pipeline) const;

  const Vips& vips_;
  std::vector<std::uint8_t> profile_;
  int intent_ = Vips::kIntentRelative;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Pipeline>> idle_;
};

}  // namespace microtome::decode

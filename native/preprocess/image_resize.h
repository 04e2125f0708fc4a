// An image of any sides to the size that a model takes, as the programs do it that models of images are trained with:
// Pillow and OpenCV. Whoever trained with one of them gets its pixels, not merely similar ones. 8 bit in and out; the
// same result on every CPU.
#pragma once

#include <cstdint>
#include <vector>

#include "core/image.h"

namespace microtome::preprocess {

enum class ImageResize : std::uint8_t {
  PilBilinear,  // Image.resize of Pillow 13 with BILINEAR: a triangle, widened by the reduction
  PilBicubic,   // the same with BICUBIC: a cubic (a = -0.5), widened by the reduction
  OpencvArea    // cv2.resize with INTER_AREA: means of areas; where a side grows, its linear filter of that name
};

// Kept by one thread from image to image.
struct ImageResizeScratch {
  std::vector<std::int32_t> starts;   // of each output position: its first input position
  std::vector<std::int32_t> counts;   // and how many
  std::vector<std::int32_t> weights;  // of Pillow's filters, in 2^-22
  std::vector<std::int32_t> row;      // sums of one row
  std::vector<double> sums;           // the same, of areas
  LargeBytes rows;                    // after the first of two passes

  // Gives back each that is more than this.
  void trim(std::size_t kept_bytes) noexcept;
};

// `out` gives the size. Each side is 1 to 65535 pixels; a resize holds the more memory the longer they are.
void resize_image(const ConstRgbView& in, const RgbView& out, ImageResize how, ImageResizeScratch& scratch);

// Bytes that a resize takes at most, whichever way it is done.
[[nodiscard]] std::int64_t resize_scratch_bytes(std::int64_t in_width_px, std::int64_t in_height_px,
                                                std::int64_t out_width_px, std::int64_t out_height_px) noexcept;

}  // namespace microtome::preprocess

// How usable one tile is: sharpness, and the shares of white, black, grey and pen pixels. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "core/image.h"

namespace microtome::preprocess {

// A pixel is white where all its samples are above kWhiteAbove, and black where all are below kBlackBelow: thresholds
// of hs2p (configs/default.yaml: white_threshold, black_threshold); CLAM has 220 and 20 in isWhitePatch_S and
// isBlackPatch_S.
inline constexpr int kWhiteAbove = 220;
inline constexpr int kBlackBelow = 25;
// A pixel is grey where its HSV saturation as OpenCV gives it for 8-bit images, 0 to 255, is at most this: below 0.05
// of 255, the threshold of hs2p (grayspace_saturation_threshold) and slideflow. White and black pixels are grey too.
inline constexpr int kGreySaturation = 12;

struct Quality {
  // Variance of the Laplacian of the grey values (0 to 255, ITU-R 601, rounded): the sum of the four neighbours less
  // four times the pixel; beyond the border the image is mirrored without its edge pixel. It is what OpenCV gives for
  // Laplacian(ksize = 1).var() and what hs2p compares with blur_threshold = 50. Depends on the resolution.
  double sharpness = 0;
  // Shares of the pixels, from 0 to 1. One pixel may count in several.
  double white = 0;
  double black = 0;
  double grey = 0;
  // Pixels with the colour of ink by tissue/ink.h, relative to a white of 255. The two lowest bits of a sample do not
  // matter. Black ink is not among them: one pixel does not tell it from pigment.
  double pen = 0;
};

// Used again: between tiles of one width nothing is allocated anew.
struct QualityScratch {
  std::vector<std::uint8_t> samples;
  std::vector<std::int16_t> grey_rows;
};

// An empty tile has zeros.
[[nodiscard]] Quality measure_quality(const ConstRgbView& tile, QualityScratch& scratch);

}  // namespace microtome::preprocess

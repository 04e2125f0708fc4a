// Which level is read for a level index or a target in microns per pixel.
#pragma once

#include <optional>
#include <string>

#include "slide/slide.h"

namespace microtome::tiles {

// The level chosen and how its pixels become model pixels.
struct ReadPolicy {
  int level = 0;
  double scale = 1;           // level pixels per model pixel, both axes: 1 = as stored, > 1 = reduce, < 1 = enlarge
  std::optional<double> mpp;  // microns per model pixel, when known
  std::string name;           // "level", "mpp-exact", "mpp-reduce", "mpp-enlarge", "mpp-level0"
  // 2, 4 or 8: JPEG tiles are decoded at 1/2, 1/4 or 1/8 of their sides before anything else; 1: as stored.
  int jpeg_reduction = 1;
};

// By level: LEVEL_OUT_OF_RANGE when absent. By mpp: the coarsest level that is still finer than (or within 0.5 % of)
// the target, then reduced; MPP_UNKNOWN when the slide has none that can be trusted; the finest level enlarged by at
// most 2 when none is fine enough, else MODEL_MISMATCH.
// `slide_mpp` (microns per level-0 pixel, from an option or a metadata row) overrides what the file says.
[[nodiscard]] ReadPolicy policy_for_level(const slide::Slide& slide, int level,
                                          std::optional<double> slide_mpp = std::nullopt);
[[nodiscard]] ReadPolicy policy_for_mpp(const slide::Slide& slide, double target_mpp,
                                        std::optional<double> slide_mpp = std::nullopt);

// Level 0 for a target in microns per pixel, whatever other levels there are: as WSInfer reads. MPP_UNKNOWN and
// MODEL_MISMATCH as policy_for_mpp().
[[nodiscard]] ReadPolicy policy_for_level0(const slide::Slide& slide, double target_mpp,
                                           std::optional<double> slide_mpp = std::nullopt);

// Microns per level-0 pixel, the mean of both axes: what is given, else what the slide says. Throws MPP_UNKNOWN.
[[nodiscard]] double require_mpp(const slide::Slide& slide, std::optional<double> given = std::nullopt);

}  // namespace microtome::tiles

// What is done to the colours of one slide before its pixels become tensors: its ICC profile, then the stains of a
// reference.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/image.h"
#include "decode/icc.h"
#include "engine/prepare.h"
#include "engine/score_request.h"
#include "engine/tile_pass.h"
#include "engine/tile_reader.h"
#include "preprocess/stain.h"
#include "preprocess/stain_sample.h"
#include "slide/slide.h"

namespace microtome::engine {

// Immutable once it is made; any thread.
class SlideColour {
 public:
  // Without the stain. Throws UNSUPPORTED_PIXELS for a profile that cannot be used, RUNTIME_MISSING without libvips.
  SlideColour(const slide::Slide& slide, const ColourRequest& request);

  // Changes the pixels in place.
  void apply(const RgbView& pixels) const;
  // From now on with the stain, as the sample of the slide, after its profile, has it. Throws NO_TISSUE, MODEL_INVALID.
  void set_stain(std::span<const std::uint8_t> sample, const preprocess::StainFit& reference);

  // What the user is to know: a slide that has no profile.
  [[nodiscard]] const std::vector<std::string>& warnings() const noexcept { return warnings_; }

 private:
  std::unique_ptr<decode::IccTransform> icc_;  // null: none is wanted, or the slide has no profile
  std::optional<preprocess::StainMap> stain_;
  std::vector<std::string> warnings_;
};

// Reads the tiles that a slide's stain is fitted to: preprocess::kStainTiles of a plan, spread evenly by a seed. Where
// the slide's bytes come later, run() throws BytesPending; called again when they are here it goes on where it stopped.
// One thread at a time.
class StainSampling {
 public:
  StainSampling(const std::shared_ptr<const slide::Slide>& slide, const tiles::TilePlan& plan,
                const ColourRequest& colour, decode::BadTilePolicy on_bad_tile, StageMetrics& metrics);

  // RGB of the sampled pixels, the profile applied.
  [[nodiscard]] std::vector<std::uint8_t> run(TileReader& reader, const SlideColour& colour, const CancelToken& cancel);

  // What it needs while it runs, whatever the plan is. Throws what choosing the level throws.
  [[nodiscard]] static std::int64_t bytes(const slide::Slide& slide, const GridRequest& grid);

 private:
  const std::int64_t side_px_;
  TilePass pass_;
  preprocess::StainSample sample_;
  LargeBytes pixels_;  // of one tile
  std::int64_t done_ = 0;
};

}  // namespace microtome::engine

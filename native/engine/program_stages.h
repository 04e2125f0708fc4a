// In which order the encoders of a program run. An encoder whose values a rule of selection reads runs before those
// that get what the rule leaves. All encoders of one stage run in one pass over the slide.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/score_request.h"

namespace microtome::engine {

struct ProgramStages {
  struct Stage {
    std::vector<std::size_t> encoders;
    std::vector<std::size_t> rules;  // applied when they are through, in order
  };
  std::vector<Stage> stages;          // at least one
  std::vector<std::size_t> stage_of;  // of each encoder

  // Throws INVALID_OPTION where an index is out of range, or a rule reads an encoder of another input.
  explicit ProgramStages(const ScoreRequest& request);
};

}  // namespace microtome::engine

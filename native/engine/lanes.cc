#include "engine/lanes.h"

#include <algorithm>

#include "engine/needs.h"

namespace microtome::engine {

std::vector<Lane> lanes_of(const ScoreRequest& request, std::span<const std::size_t> encoders,
                           std::span<const EncoderMeans> means, const std::vector<bool>& queued) {
  std::vector<Lane> lanes;
  for (const std::size_t encoder : encoders) {
    const std::size_t input = request.encoders[encoder].input;
    const auto fits = [&](const Lane& lane) {
      return lane.input == input && lane.rows == means[encoder].rows && !queued[lane.encoders.front()];
    };
    const auto found = queued[encoder] ? lanes.end() : std::find_if(lanes.begin(), lanes.end(), fits);
    if (found != lanes.end())
      found->encoders.push_back(encoder);
    else
      lanes.push_back({.input = input, .encoders = {encoder}, .rows = means[encoder].rows});
  }
  for (Lane& lane : lanes) lane.as_pixels = needs_pixels(request, lane.input, lane.encoders);
  return lanes;
}

}  // namespace microtome::engine

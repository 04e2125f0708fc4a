// Tile scores to one slide score. Sums run in tile order in double precision, so the result does not depend on threads.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace microtome::aggregate {

enum class Activation : std::uint8_t { None, Sigmoid, Softmax };
enum class Method : std::uint8_t { Mean, Max, TopK, Quantile, NoisyOr };

struct Head {
  Method method = Method::Mean;
  std::int64_t k = 0;     // TopK: number of tiles; 0: use fraction
  double fraction = 0.1;  // TopK: share of the tiles, at least one
  double quantile = 0.5;  // Quantile: 0..1, linear between ranks
};

// In place, row by row (`columns` values per tile). Softmax is over the row; of a single column it would say nothing,
// and is INVALID_OPTION.
void activate(std::span<double> values, std::size_t columns, Activation activation);

// Throws OUTPUT_NOT_FINITE naming the first tile that is not finite.
void require_finite(std::span<const double> values, std::size_t columns, const std::string& output_name);

// One column of per-tile values to one number. NoisyOr: 1 - prod(1 - p), in log space; needs values in [0, 1].
[[nodiscard]] double aggregate(std::span<const double> values, std::size_t columns, std::size_t column,
                               const Head& head);

}  // namespace microtome::aggregate

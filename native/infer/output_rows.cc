#include "infer/output_rows.h"

#include "infer/graph_info.h"

namespace microtome::infer {
namespace {

constexpr std::int64_t kMaxRowLength = 1'000'000;

}  // namespace

Error wrong_shape(const std::string& name, const std::vector<std::int64_t>& shape, std::int64_t tiles) {
  return {Code::OUTPUT_SHAPE, Stage::Infer,
          "the output " + name + " is " + shape_text(shape) + " for " + std::to_string(tiles) + " tiles, [" +
              std::to_string(tiles) + ", values] with 1 to " + std::to_string(kMaxRowLength) + " values was expected"};
}

std::int64_t row_length(const std::vector<std::int64_t>& shape, std::int64_t tiles) {
  if (shape.empty() || (shape[0] >= 0 && shape[0] != tiles)) return 0;
  std::int64_t length = 1;
  for (std::size_t i = 1; i < shape.size(); ++i) {
    const std::int64_t side = shape[i] < 0 ? 1 : shape[i];
    if (side == 0 || side > kMaxRowLength / length) return 0;
    length *= side;
  }
  return length;
}

}  // namespace microtome::infer

#include "infer/input_check.h"

#include <limits>
#include <string>

#include "core/error.h"
#include "core/option_bounds.h"
#include "infer/graph_info.h"

namespace microtome::infer {
namespace {

Error mismatch(const std::string& found) { return {Code::MODEL_MISMATCH, Stage::Infer, found}; }

std::string one_by_one(const std::vector<TensorInfo>& inputs) {
  std::string text;
  for (const auto& input : inputs) text += (text.empty() ? "" : ", ") + input.name + " " + shape_text(input.shape);
  return text;
}

}  // namespace

std::vector<std::int64_t> input_shape(std::int64_t tiles, const preprocess::TensorFormat& how) {
  if (!how.row_shape.empty()) {
    std::vector<std::int64_t> shape{tiles};
    shape.insert(shape.end(), how.row_shape.begin(), how.row_shape.end());
    return shape;
  }
  if (how.layout == preprocess::Layout::Nchw) return {tiles, 3, how.size_px, how.size_px};
  return {tiles, how.size_px, how.size_px, 3};
}

ort::ElementType input_type(preprocess::ElementType type) noexcept {
  switch (type) {
    case preprocess::ElementType::Float32:
      return ort::ElementType::Float32;
    case preprocess::ElementType::Float16:
      return ort::ElementType::Float16;
    case preprocess::ElementType::Uint8:
      return ort::ElementType::Uint8;
  }
  return ort::ElementType::Undefined;
}

std::size_t require_input(const std::vector<TensorInfo>& inputs, std::int64_t tiles,
                          const preprocess::TensorFormat& how) {
  if (inputs.size() != 1)
    throw mismatch("the graph has " + std::to_string(inputs.size()) + " inputs (" + one_by_one(inputs) +
                   "), one input of tiles was expected");
  const TensorInfo& input = inputs.front();
  if (how.size_px < 1 || how.size_px > option_bounds::kTileSizeMax || tiles < 1)
    throw mismatch("a run of " + std::to_string(tiles) + " tiles of " + std::to_string(how.size_px) +
                   " px was asked for");
  const std::string given_type = type_name(input_type(how.type));
  if (input.type != given_type)
    throw mismatch("the graph's input " + input.name + " is " + input.type + ", the bundle prepares " + given_type);
  const auto shape = input_shape(tiles, how);
  bool same = input.shape.empty() || input.shape.size() == shape.size();  // empty: the graph does not say
  for (std::size_t i = 0; same && i < input.shape.size(); ++i) same = input.shape[i] < 0 || input.shape[i] == shape[i];
  if (!same)
    throw mismatch("the graph's input " + input.name + " is " + shape_text(input.shape) + ", the bundle prepares " +
                   shape_text(shape));
  const std::size_t per_tile = how.bytes_per_tile();
  if (static_cast<std::uint64_t>(tiles) >
      static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / per_tile)
    throw Error(Code::OUT_OF_MEMORY, Stage::Infer, "a batch of " + std::to_string(tiles) + " tiles is too large");
  return per_tile * static_cast<std::size_t>(tiles);
}

}  // namespace microtome::infer

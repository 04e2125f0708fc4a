// The inputs of a head as the graph takes them: shape, element type, bytes. Says of each whether it can be used where
// it lies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "infer/aligned_bytes.h"
#include "infer/head_graph.h"
#include "infer/ort_api.h"

namespace microtome::infer {

// What the graph gets of one input.
struct BoundInput {
  const TensorInfo* info = nullptr;  // of the graph
  const HeadInput* from = nullptr;
  ort::ElementType type = ort::ElementType::Undefined;
  std::vector<std::int64_t> shape;
  std::size_t bytes = 0;
  bool in_place = false;

  // Of `from`.
  [[nodiscard]] const void* data() const noexcept;
};

// One for each input of the graph, in its order. Throws MODEL_MISMATCH, and INTERNAL where an input has not rows x
// columns values.
[[nodiscard]] std::vector<BoundInput> match_inputs(const std::vector<TensorInfo>& graph,
                                                   std::span<const HeadInput> given);

// The values in memory of their own, in the type of the graph. Throws MODEL_MISMATCH for a value that the type cannot
// hold, std::bad_alloc.
[[nodiscard]] AlignedBytes converted(const BoundInput& input);

}  // namespace microtome::infer

// Does what preprocessing makes fit what the graph takes? Asked before every run: the runtime reads as many bytes as
// the shape says, so the shape must be right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "infer/model.h"
#include "infer/ort_api.h"
#include "preprocess/preprocess.h"

namespace microtome::infer {

// Bytes of `tiles` tiles. Throws MODEL_MISMATCH when the graph has not exactly one input, when its type or one of its
// fixed sides differs, or when there is nothing to run.
std::size_t require_input(const std::vector<TensorInfo>& inputs, std::int64_t tiles,
                          const preprocess::TensorFormat& how);

[[nodiscard]] std::vector<std::int64_t> input_shape(std::int64_t tiles, const preprocess::TensorFormat& how);
[[nodiscard]] ort::ElementType input_type(preprocess::ElementType type) noexcept;

}  // namespace microtome::infer

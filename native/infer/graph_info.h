// Names, types and shapes of a graph's inputs and outputs. Element types by name and size.
#pragma once

#include <string>
#include <vector>

#include "infer/model.h"
#include "infer/ort_api.h"
#include "infer/ort_runtime.h"

namespace microtome::infer {

[[nodiscard]] std::string type_name(ort::ElementType type);
[[nodiscard]] ort::ElementType type_of_name(const std::string& name);  // Undefined for what is no element type

[[nodiscard]] std::vector<TensorInfo> input_infos(const OrtRuntime& runtime, const ort::Session* session);
[[nodiscard]] std::vector<TensorInfo> output_infos(const OrtRuntime& runtime, const ort::Session* session);

// "[16, 3, 224, 224]"; a dynamic side is "?".
[[nodiscard]] std::string shape_text(const std::vector<std::int64_t>& shape);

[[nodiscard]] std::vector<std::int64_t> shape_of(const OrtRuntime& runtime, const ort::TensorInfo* info);

}  // namespace microtome::infer

// What ONNX Runtime says when something fails, and what that means for the caller. It gives few codes: what happened is
// in its text.
#pragma once

#include <optional>
#include <string>

#include "core/error.h"
#include "infer/ort_api.h"

namespace microtome::infer {

// What a status object said; the object itself is released.
struct Failure {
  ort::ErrorCode code;
  std::string text;

  [[nodiscard]] bool is_out_of_memory() const;
};

// One line of printable text: control characters become spaces, and what is long is cut.
[[nodiscard]] std::string one_line(const std::string& text);

// OUT_OF_MEMORY, DEVICE_LOST or DEVICE_UNAVAILABLE where the memory or a device is to blame, and not the graph.
[[nodiscard]] std::optional<Code> code_of_device(const Failure& failure);

// The same without what only its makers need: where in its source it was found, and the name of the machine, which the
// runtime writes into failures of its CUDA provider.
[[nodiscard]] std::string reason_of(const Failure& failure);

}  // namespace microtome::infer

// How long the rows of a graph's outputs are, by what the graph declares.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "infer/model.h"

namespace microtome::engine {

// Values in one row; 0 where the graph does not say, or says more than a run may give.
[[nodiscard]] std::int64_t declared_columns(const std::vector<infer::TensorInfo>& outputs,
                                            const std::string& name) noexcept;
// Values of one token, else of the row. Nothing where only a run can tell.
[[nodiscard]] std::optional<std::int64_t> declared_token_columns(const std::vector<infer::TensorInfo>& outputs,
                                                                 const std::string& name);

}  // namespace microtome::engine

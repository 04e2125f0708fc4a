// How many rows the runs of a graph have on a GPU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "gpu/driver.h"
#include "infer/model.h"
#include "preprocess/preprocess.h"

namespace microtome::engine {

// What a grid of our kernels holds, and more than any GPU gains from.
inline constexpr std::int64_t kMostRows = 65535;

// Rows of a run that keep a GPU of this kind busy.
[[nodiscard]] std::int64_t usual_rows(const gpu::DeviceFacts& device) noexcept;

// Of pinned memory for one batch, at most.
inline constexpr std::size_t kBatchBytes = std::size_t{128} << 20;

// As many rows of `row_bytes` as `batch_bytes` hold, a power of two, at least one.
[[nodiscard]] std::int64_t rows_of_batch_bytes(std::size_t row_bytes, std::size_t batch_bytes) noexcept;

// What a graph with one input fixes as its batch; 0: nothing. Throws LIMIT_EXCEEDED for more than kMostRows.
[[nodiscard]] std::int64_t fixed_rows(const std::vector<infer::TensorInfo>& inputs);

// How tiles look to a graph that declares it to the last side; nothing where a side or the order of sides is free.
[[nodiscard]] std::optional<preprocess::TensorFormat> declared_format(const std::vector<infer::TensorInfo>& inputs);

}  // namespace microtome::engine

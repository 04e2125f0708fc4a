#include "engine/device_rows.h"

#include <string>

#include "core/error.h"

namespace microtome::engine {
namespace {

constexpr std::int64_t kMiB = 1 << 20;
constexpr std::int64_t kManyRows = 4096;
constexpr std::int64_t kMostSidePx = 1 << 15;

std::optional<preprocess::ElementType> element_of(const std::string& type) noexcept {
  if (type == "float32") return preprocess::ElementType::Float32;
  if (type == "float16") return preprocess::ElementType::Float16;
  if (type == "uint8") return preprocess::ElementType::Uint8;
  return std::nullopt;
}

}  // namespace

std::int64_t usual_rows(const gpu::DeviceFacts& device) noexcept {
  if (device.memory_bytes < 6144 * kMiB) return 32;
  if (device.compute_major < 7) return 64;
  return device.compute_major < 8 ? 128 : 256;
}

std::int64_t rows_of_batch_bytes(std::size_t row_bytes, std::size_t batch_bytes) noexcept {
  std::int64_t rows = 1;
  while (rows < kManyRows && row_bytes <= batch_bytes / static_cast<std::size_t>(2 * rows)) rows *= 2;
  return rows;
}

std::int64_t fixed_rows(const std::vector<infer::TensorInfo>& inputs) {
  if (inputs.size() != 1 || inputs.front().shape.empty() || inputs.front().shape.front() < 1) return 0;
  const std::int64_t rows = inputs.front().shape.front();
  if (rows > kMostRows)
    throw Error(Code::LIMIT_EXCEEDED, Stage::Infer,
                "the model fixes its batch at " + std::to_string(rows) + " tiles, and a GPU runs at most " +
                    std::to_string(kMostRows) + " at once",
                "export the model with a free first side, or with fewer tiles");
  return rows;
}

std::optional<preprocess::TensorFormat> declared_format(const std::vector<infer::TensorInfo>& inputs) {
  if (inputs.size() != 1 || inputs.front().shape.size() != 4) return std::nullopt;
  const auto& shape = inputs.front().shape;
  const auto type = element_of(inputs.front().type);
  if (!type) return std::nullopt;
  preprocess::TensorFormat format;
  format.type = *type;
  if (shape[1] == 3 && shape[2] == shape[3]) {
    format.layout = preprocess::Layout::Nchw;
    format.size_px = shape[2];
  } else if (shape[3] == 3 && shape[1] == shape[2]) {
    format.layout = preprocess::Layout::Nhwc;
    format.size_px = shape[1];
  } else {
    return std::nullopt;
  }
  if (format.size_px < 1 || format.size_px > kMostSidePx) return std::nullopt;
  return format;
}

}  // namespace microtome::engine

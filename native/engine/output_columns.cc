#include "engine/output_columns.h"

namespace microtome::engine {
namespace {

// Of a longer row a run says what is wrong with it.
constexpr std::int64_t kMostColumns = 1'000'000;

}  // namespace

std::int64_t declared_columns(const std::vector<infer::TensorInfo>& outputs, const std::string& name) noexcept {
  for (const infer::TensorInfo& info : outputs) {
    if (info.name != name || info.shape.empty()) continue;
    std::int64_t columns = 1;
    for (std::size_t i = 1; i < info.shape.size(); ++i) {
      if (info.shape[i] < 1 || __builtin_mul_overflow(columns, info.shape[i], &columns)) return 0;
    }
    return columns <= kMostColumns ? columns : 0;
  }
  return 0;
}

std::optional<std::int64_t> declared_token_columns(const std::vector<infer::TensorInfo>& outputs,
                                                   const std::string& name) {
  for (const infer::TensorInfo& info : outputs) {
    if (info.name != name || info.shape.empty()) continue;
    const bool is_told = info.shape.size() != 3 || info.shape.back() > 0;
    if (!is_told) break;
    const std::int64_t columns = infer::token_columns(info.shape);
    return columns > 0 ? columns : declared_columns(outputs, name);
  }
  return std::nullopt;
}

}  // namespace microtome::engine

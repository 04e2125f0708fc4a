#include "infer/typed_values.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "infer/ort_api.h"
#include "infer/tensor_values.h"

namespace microtome::infer {
namespace {

struct Type {
  std::string_view name;
  ort::ElementType type;
  std::size_t bytes;
};

constexpr std::array kTypes{
    Type{"float32", ort::ElementType::Float32, 4},   Type{"uint8", ort::ElementType::Uint8, 1},
    Type{"int8", ort::ElementType::Int8, 1},         Type{"uint16", ort::ElementType::Uint16, 2},
    Type{"int16", ort::ElementType::Int16, 2},       Type{"int32", ort::ElementType::Int32, 4},
    Type{"int64", ort::ElementType::Int64, 8},       Type{"bool", ort::ElementType::Bool, 1},
    Type{"float16", ort::ElementType::Float16, 2},   Type{"float64", ort::ElementType::Float64, 8},
    Type{"uint32", ort::ElementType::Uint32, 4},     Type{"uint64", ort::ElementType::Uint64, 8},
    Type{"bfloat16", ort::ElementType::Bfloat16, 2},
};

const Type* find(const std::string& name) noexcept {
  const auto* const found =
      std::find_if(kTypes.begin(), kTypes.end(), [&name](const Type& one) { return one.name == name; });
  return found == kTypes.end() ? nullptr : found;
}

}  // namespace

std::size_t element_bytes(const std::string& type) noexcept {
  const Type* const found = find(type);
  return found == nullptr ? 0 : found->bytes;
}

void append_as_double(const std::string& type, const void* data, std::size_t count, std::vector<double>& out) {
  const Type* const found = find(type);
  append_as_double(found == nullptr ? ort::ElementType::Undefined : found->type, data, count, out);
}

}  // namespace microtome::infer

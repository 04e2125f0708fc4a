#include "infer/tensor_values.h"

#include <bit>
#include <cstdint>

#include "core/error.h"
#include "preprocess/float16.h"

namespace microtome::infer {
namespace {

template <typename Element, typename Convert>
void append(const void* data, std::size_t count, std::vector<double>& out, Convert convert) {
  const auto* elements = static_cast<const Element*>(data);
  const std::size_t before = out.size();
  out.resize(before + count);
  for (std::size_t i = 0; i < count; ++i) out[before + i] = static_cast<double>(convert(elements[i]));
}

template <typename Element>
void append(const void* data, std::size_t count, std::vector<double>& out) {
  append<Element>(data, count, out, [](Element element) { return element; });
}

float from_bfloat16(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

}  // namespace

bool is_numeric(ort::ElementType type) noexcept {
  switch (type) {
    case ort::ElementType::Undefined:
    case ort::ElementType::String:
    case ort::ElementType::Complex64:
    case ort::ElementType::Complex128:
      return false;
    default:
      return static_cast<int>(type) > 0 && static_cast<int>(type) <= static_cast<int>(ort::ElementType::Bfloat16);
  }
}

void append_as_double(ort::ElementType type, const void* data, std::size_t count, std::vector<double>& out) {
  switch (type) {
    case ort::ElementType::Float32:
      return append<float>(data, count, out);
    case ort::ElementType::Float64:
      return append<double>(data, count, out);
    case ort::ElementType::Float16:
      return append<std::uint16_t>(data, count, out, preprocess::half_to_float);
    case ort::ElementType::Bfloat16:
      return append<std::uint16_t>(data, count, out, from_bfloat16);
    case ort::ElementType::Uint8:
    case ort::ElementType::Bool:
      return append<std::uint8_t>(data, count, out);
    case ort::ElementType::Int8:
      return append<std::int8_t>(data, count, out);
    case ort::ElementType::Uint16:
      return append<std::uint16_t>(data, count, out);
    case ort::ElementType::Int16:
      return append<std::int16_t>(data, count, out);
    case ort::ElementType::Int32:
      return append<std::int32_t>(data, count, out);
    case ort::ElementType::Uint32:
      return append<std::uint32_t>(data, count, out);
    case ort::ElementType::Int64:
      return append<std::int64_t>(data, count, out);
    case ort::ElementType::Uint64:
      return append<std::uint64_t>(data, count, out);
    default:
      throw Error(Code::INTERNAL, Stage::Infer, "a tensor that is not numeric was to be read");
  }
}

}  // namespace microtome::infer

#include "infer/typed_values.h"

#include "infer/graph_info.h"
#include "infer/tensor_values.h"

namespace microtome::infer {

std::size_t element_bytes(const std::string& type) noexcept {
  switch (type_of_name(type)) {
    case ort::ElementType::Uint8:
    case ort::ElementType::Int8:
    case ort::ElementType::Bool:
      return 1;
    case ort::ElementType::Uint16:
    case ort::ElementType::Int16:
    case ort::ElementType::Float16:
    case ort::ElementType::Bfloat16:
      return 2;
    case ort::ElementType::Float32:
    case ort::ElementType::Int32:
    case ort::ElementType::Uint32:
      return 4;
    case ort::ElementType::Float64:
    case ort::ElementType::Int64:
    case ort::ElementType::Uint64:
      return 8;
    default:
      return 0;
  }
}

void append_as_double(const std::string& type, const void* data, std::size_t count, std::vector<double>& out) {
  append_as_double(type_of_name(type), data, count, out);
}

}  // namespace microtome::infer

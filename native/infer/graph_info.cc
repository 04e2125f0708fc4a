#include "infer/graph_info.h"

#include <algorithm>
#include <iterator>

namespace microtome::infer {
namespace {

// By the number of the type.
constexpr const char* kTypeNames[] = {"not a tensor", "float32", "uint8",     "int8",       "uint16",  "int16",
                                      "int32",        "int64",   "string",    "bool",       "float16", "float64",
                                      "uint32",       "uint64",  "complex64", "complex128", "bfloat16"};

std::string kind_name(ort::ValueKind kind) {
  switch (kind) {
    case ort::ValueKind::Tensor:
      return "tensor";
    case ort::ValueKind::Sequence:
      return "sequence";
    case ort::ValueKind::Map:
      return "map";
    case ort::ValueKind::SparseTensor:
      return "sparse tensor";
    case ort::ValueKind::Optional:
      return "optional";
    default:
      return "opaque";
  }
}

TensorInfo describe(const OrtRuntime& runtime, std::string name, const ort::TypeInfo* type) {
  const auto& api = runtime.api();
  TensorInfo info;
  info.name = std::move(name);
  auto kind = ort::ValueKind::Unknown;
  runtime.require(api(ort::kGetOnnxTypeFromTypeInfo, type, &kind), "describe the graph");
  const ort::TensorInfo* tensor = nullptr;  // owned by `type`
  if (kind == ort::ValueKind::Tensor)
    runtime.require(api(ort::kCastTypeInfoToTensorInfo, type, &tensor), "describe the graph");
  if (tensor == nullptr) {
    info.type = kind_name(kind);
    return info;
  }
  auto element = ort::ElementType::Undefined;
  runtime.require(api(ort::kGetTensorElementType, tensor, &element), "describe the graph");
  info.type = type_name(element);
  info.shape = shape_of(runtime, tensor);
  for (auto& side : info.shape) side = std::max<std::int64_t>(side, -1);
  return info;
}

template <typename CountSlot, typename NameSlot, typename TypeSlot>
std::vector<TensorInfo> describe_all(const OrtRuntime& runtime, const ort::Session* session,
                                     const CountSlot& count_slot, const NameSlot& name_slot,
                                     const TypeSlot& type_slot) {
  const auto& api = runtime.api();
  ort::Allocator* allocator = runtime.allocator();
  std::size_t count = 0;
  runtime.require(api(count_slot, session, &count), "describe the graph");
  std::vector<TensorInfo> infos;
  for (std::size_t i = 0; i < count; ++i) {
    char* text = nullptr;
    runtime.require(api(name_slot, session, i, allocator, &text), "describe the graph");
    std::string name(text);
    static_cast<void>(runtime.take(api(ort::kAllocatorFree, allocator, static_cast<void*>(text))));
    ort::TypeInfo* type = nullptr;
    runtime.require(api(type_slot, session, i, &type), "describe the graph");
    const ort::Handle<ort::TypeInfo> owned(type, api.function(ort::kReleaseTypeInfo));
    infos.push_back(describe(runtime, std::move(name), type));
  }
  return infos;
}

}  // namespace

std::string type_name(ort::ElementType type) {
  const auto index = static_cast<std::size_t>(type);
  return index < std::size(kTypeNames) ? kTypeNames[index] : "type " + std::to_string(static_cast<int>(type));
}

ort::ElementType type_of_name(const std::string& name) {
  const auto* found = std::find(std::begin(kTypeNames) + 1, std::end(kTypeNames), name);
  return found == std::end(kTypeNames) ? ort::ElementType::Undefined
                                       : static_cast<ort::ElementType>(found - std::begin(kTypeNames));
}

std::vector<TensorInfo> input_infos(const OrtRuntime& runtime, const ort::Session* session) {
  return describe_all(runtime, session, ort::kSessionGetInputCount, ort::kSessionGetInputName,
                      ort::kSessionGetInputTypeInfo);
}

std::vector<TensorInfo> output_infos(const OrtRuntime& runtime, const ort::Session* session) {
  return describe_all(runtime, session, ort::kSessionGetOutputCount, ort::kSessionGetOutputName,
                      ort::kSessionGetOutputTypeInfo);
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += shape[i] < 0 ? "?" : std::to_string(shape[i]);
  }
  return text + "]";
}

std::vector<std::int64_t> shape_of(const OrtRuntime& runtime, const ort::TensorInfo* info) {
  std::size_t rank = 0;
  runtime.require(runtime.api()(ort::kGetDimensionsCount, info, &rank), "give a shape");
  std::vector<std::int64_t> shape(rank);
  runtime.require(runtime.api()(ort::kGetDimensions, info, shape.data(), rank), "give a shape");
  return shape;
}

}  // namespace microtome::infer

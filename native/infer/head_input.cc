#include "infer/head_input.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "core/error.h"
#include "infer/graph_info.h"
#include "infer/ort_graph.h"
#include "preprocess/float16.h"

namespace microtome::infer {
namespace {

Error head_mismatch(const std::string& found) { return {Code::MODEL_MISMATCH, Stage::Infer, found}; }

struct Kind {
  ort::ElementType type;
  std::size_t bytes;
};

Kind kind_of(const TensorInfo& info) {
  for (const Kind kind :
       {Kind{ort::ElementType::Float32, 4}, Kind{ort::ElementType::Float16, 2}, Kind{ort::ElementType::Float64, 8},
        Kind{ort::ElementType::Int64, 8}, Kind{ort::ElementType::Int32, 4}})
    if (info.type == type_name(kind.type)) return kind;
  throw head_mismatch("the graph's input " + info.name + " is " + info.type +
                      ", a head gives float32, float16, float64, int64 or int32");
}

std::string text_of(const HeadInput& input) {
  return std::to_string(input.rows) + " rows of " + std::to_string(input.columns) + " values";
}

std::vector<std::int64_t> shape_for(const TensorInfo& info, const HeadInput& input) {
  std::vector<std::int64_t> shape;
  switch (info.shape.size()) {
    case 0:  // not declared
    case 2:
      shape = {input.rows, input.columns};
      break;
    case 1:
      if (input.rows == 1 || input.columns == 1) shape = {input.rows * input.columns};
      break;
    case 3:
      shape = {1, input.rows, input.columns};
      break;
    default:
      break;
  }
  const auto fits = [](std::int64_t declared, std::int64_t side) { return declared < 0 || declared == side; };
  if (shape.empty() ||
      !(info.shape.empty() || std::equal(info.shape.begin(), info.shape.end(), shape.begin(), shape.end(), fits)))
    throw head_mismatch("the graph's input " + info.name + " is " + shape_text(info.shape) + ", the model gives it " +
                        (shape.empty() ? text_of(input) : shape_text(shape)));
  return shape;
}

const PictureTensor* picture_of(const HeadInput& input) noexcept { return std::get_if<PictureTensor>(&input.values); }

std::size_t count_of(const HeadInput& input) {
  if (const auto* floats = std::get_if<std::span<const float>>(&input.values)) return floats->size();
  return std::get<std::span<const double>>(input.values).size();
}

const void* data_of(const HeadInput& input) noexcept {
  if (picture_of(input)) return picture_of(input)->bytes.data();
  if (const auto* floats = std::get_if<std::span<const float>>(&input.values)) return floats->data();
  return std::get_if<std::span<const double>>(&input.values)->data();
}

bool has_type(const HeadInput& input, ort::ElementType type) {
  return type == (std::holds_alternative<std::span<const float>>(input.values) ? ort::ElementType::Float32
                                                                               : ort::ElementType::Float64);
}

void require_values(const HeadInput& input) {
  std::int64_t count = 0;
  if (input.rows < 0 || input.columns < 0 || __builtin_mul_overflow(input.rows, input.columns, &count) ||
      static_cast<std::size_t>(count) != count_of(input))
    throw Error(
        Code::INTERNAL, Stage::Infer,
        "the input " + input.tensor + " has " + std::to_string(count_of(input)) + " values for " + text_of(input));
  if (count == 0) throw head_mismatch("the input " + input.tensor + " of a head is empty: " + text_of(input));
}

[[noreturn]] void refuse(double value, const BoundInput& input) {
  throw head_mismatch("the graph's input " + input.info->name + " is " + input.info->type + ", which cannot hold " +
                      std::to_string(value));
}

// `to` makes an element of a value; it is in range.
template <typename Element, typename To>
void convert(const BoundInput& input, std::byte* out, To to) {
  const auto all = [&](const auto& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Element element = to(static_cast<double>(values[i]));
      std::memcpy(out + i * sizeof(Element), &element, sizeof(Element));
    }
  };
  if (const auto* floats = std::get_if<std::span<const float>>(&input.from->values))
    all(*floats);
  else
    all(std::get<std::span<const double>>(input.from->values));
}

template <typename Integer>
void convert_whole(const BoundInput& input, std::byte* out) {
  // The largest one is no double; the one above it, a power of two, is.
  const double end = std::ldexp(1.0, std::numeric_limits<Integer>::digits);
  convert<Integer>(input, out, [&](double value) {
    if (!(value >= -end && value < end) || value != std::floor(value)) refuse(value, input);
    return static_cast<Integer>(value);
  });
}

float narrowed(double value, const BoundInput& input) {
  if (!(std::abs(value) <= std::numeric_limits<float>::max())) refuse(value, input);
  return static_cast<float>(value);
}

// A picture is taken as it is: the graph must declare its type, and no other sides.
BoundInput bound_picture(const TensorInfo& info, const HeadInput& from) {
  const PictureTensor& picture = *picture_of(from);
  const auto fits = [](std::int64_t declared, std::int64_t side) { return declared < 0 || declared == side; };
  const bool has_shape = info.shape.empty() || std::equal(info.shape.begin(), info.shape.end(), picture.shape.begin(),
                                                          picture.shape.end(), fits);
  if (info.type != picture.type || !has_shape)
    throw head_mismatch("the graph's input " + info.name + " is " + info.type + " " + shape_text(info.shape) +
                        ", the model gives it an image of " + picture.type + " " + shape_text(picture.shape));
  return {.info = &info,
          .from = &from,
          .type = picture.type == type_name(ort::ElementType::Uint8) ? ort::ElementType::Uint8 : kind_of(info).type,
          .shape = picture.shape,
          .bytes = picture.bytes.size(),
          .in_place = is_aligned(picture.bytes.data())};
}

}  // namespace

const void* BoundInput::data() const noexcept { return data_of(*from); }

std::vector<BoundInput> match_inputs(const std::vector<TensorInfo>& graph, std::span<const HeadInput> given) {
  for (const HeadInput& input : given) {
    const auto same = [&](const HeadInput& other) { return other.tensor == input.tensor; };
    if (std::count_if(given.begin(), given.end(), same) > 1)
      throw head_mismatch("the input " + input.tensor + " of a head is given twice");
    if (find_named(graph, input.tensor) != nullptr) continue;
    std::string known;
    for (const auto& info : graph) known += (known.empty() ? "" : ", ") + info.name;
    throw head_mismatch("the graph has no input " + input.tensor + ", it has: " + known);
  }
  std::vector<BoundInput> all;
  for (const TensorInfo& info : graph) {
    const auto from =
        std::find_if(given.begin(), given.end(), [&](const HeadInput& input) { return input.tensor == info.name; });
    if (from == given.end())
      throw head_mismatch("the graph has the input " + info.name + " " + shape_text(info.shape) +
                          ", the model gives it no values");
    if (picture_of(*from)) {
      all.push_back(bound_picture(info, *from));
      continue;
    }
    const Kind kind = kind_of(info);
    require_values(*from);
    const std::size_t count = count_of(*from);
    all.push_back({.info = &info,
                   .from = &*from,
                   .type = kind.type,
                   .shape = shape_for(info, *from),
                   .bytes = count * kind.bytes,
                   .in_place = has_type(*from, kind.type) && is_aligned(data_of(*from))});
  }
  return all;
}

AlignedBytes converted(const BoundInput& input) {
  AlignedBytes out = aligned_bytes(input.bytes);
  if (picture_of(*input.from) || has_type(*input.from, input.type)) {
    std::memcpy(out.get(), input.data(), input.bytes);
    return out;
  }
  switch (input.type) {
    case ort::ElementType::Float32:
      convert<float>(input, out.get(), [&](double value) { return narrowed(value, input); });
      break;
    case ort::ElementType::Float64:
      convert<double>(input, out.get(), [](double value) { return value; });
      break;
    case ort::ElementType::Float16:
      // By way of a float: its rounding is far finer than that of a half.
      convert<std::uint16_t>(input, out.get(), [&](double value) {
        const std::uint16_t half = preprocess::float_to_half(narrowed(value, input));
        if ((half & 0x7c00u) == 0x7c00u) refuse(value, input);
        return half;
      });
      break;
    case ort::ElementType::Int64:
      convert_whole<std::int64_t>(input, out.get());
      break;
    case ort::ElementType::Int32:
      convert_whole<std::int32_t>(input, out.get());
      break;
    default:
      throw Error(Code::INTERNAL, Stage::Infer, "an input of a head has a type that was not asked for");
  }
  return out;
}

}  // namespace microtome::infer

// What programs of slides and of images have in common: encoders, heads, outputs. JavaScript thread only.
#pragma once

#include <string>
#include <vector>

#include "addon/fields.h"
#include "addon/napi_setup.h"
#include "engine/score_request.h"

namespace microtome::addon {

template <typename TypedArray, typename Item>
std::vector<Item> copy_of(const Napi::Value& value, napi_typedarray_type type, const char* name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type)
    throw Error(Code::INVALID_OPTION, Stage::Options, std::string("expected a typed array for ") + name);
  const auto array = value.As<TypedArray>();
  return std::vector<Item>(array.Data(), array.Data() + array.ElementLength());
}

template <typename Each>
void for_each(const Fields& fields, const char* name, const Each& each) {
  const auto list = fields.array(name);
  for (std::uint32_t i = 0; i < list.Length(); ++i) each(Fields(list.Get(i)));
}

[[nodiscard]] preprocess::TensorFormat read_preprocess(const Fields& fields);
[[nodiscard]] std::vector<preprocess::Turn> read_turns(const Fields& fields);
[[nodiscard]] engine::EncoderRequest read_encoder(const Fields& fields);
[[nodiscard]] engine::TileValue read_tile_value(const Fields& fields);
[[nodiscard]] engine::HeadOutputRequest read_head_output(const Fields& fields);
[[nodiscard]] aggregate::Head read_head(const Fields& fields);
[[nodiscard]] aggregate::SlideOutput read_slide_output(const Fields& fields);

}  // namespace microtome::addon

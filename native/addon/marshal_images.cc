#include <limits>

#include "addon/marshal.h"
#include "addon/marshal_model.h"
#include "addon/options_generated.h"

namespace microtome::addon {
namespace {

// Most bytes of one row of tensors.
constexpr std::int64_t kMostRowBytes = 256ll << 20;

Napi::Uint8Array bytes_of(const Napi::Value& value, const char* name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
    throw Error(Code::INVALID_OPTION, Stage::Options, std::string("expected bytes for ") + name);
  return value.As<Napi::Uint8Array>();
}

engine::ImageBytes read_bytes(const Napi::Array& list) {
  engine::ImageBytes images;
  std::size_t sum = 0;
  for (std::uint32_t i = 0; i < list.Length(); ++i) {
    const std::size_t length = bytes_of(list.Get(i), "images").ByteLength();
    if (length > std::numeric_limits<std::size_t>::max() - sum)
      throw Error(Code::INVALID_OPTION, Stage::Options, "expected fewer bytes for images");
    images.ends.push_back(sum += length);
  }
  images.bytes.reserve(sum);
  for (std::uint32_t i = 0; i < list.Length(); ++i) {
    const Napi::Uint8Array bytes = bytes_of(list.Get(i), "images");
    // A getter of the list may have given other bytes than before.
    if (bytes.ByteLength() > sum - images.bytes.size())
      throw Error(Code::INVALID_OPTION, Stage::Options, "expected a list that does not change for images");
    images.bytes.insert(images.bytes.end(), bytes.Data(), bytes.Data() + bytes.ByteLength());
  }
  images.bytes.resize(sum);
  return images;
}

std::vector<std::int64_t> read_row_shape(const Fields& program) {
  std::vector<std::int64_t> shape;
  if (program.is_null("rowShape")) return shape;
  const auto list = program.array("rowShape");
  std::int64_t values = 1;
  for (std::uint32_t i = 0; i < list.Length(); ++i) {
    const Napi::Value side = list.Get(i);
    const double found = side.IsNumber() ? side.As<Napi::Number>().DoubleValue() : 0;
    if (!(found >= 1) || found > static_cast<double>(kMostRowBytes / values) || found != std::floor(found))
      throw Error(Code::INVALID_OPTION, Stage::Options, "expected a row of at most 2^28 values for rowShape");
    shape.push_back(static_cast<std::int64_t>(found));
    values *= shape.back();
  }
  if (shape.empty()) throw Error(Code::INVALID_OPTION, Stage::Options, "expected at least one side for rowShape");
  return shape;
}

engine::ImageList read_images(const Fields& fields) {
  enum class Kind : std::uint8_t { Places, Files, Bytes, Tensors };
  const Kind kind = fields.choice<Kind>(
      "kind", {{"places", Kind::Places}, {"files", Kind::Files}, {"bytes", Kind::Bytes}, {"tensors", Kind::Tensors}});
  if (kind == Kind::Bytes) return read_bytes(fields.array("images"));
  if (kind == Kind::Tensors) {
    const Napi::Uint8Array data = bytes_of(fields.value("data"), "data");
    return engine::ImageTensors{.bytes = LargeBytes(data.Data(), data.Data() + data.ByteLength()),
                                .rows = fields.integer("rows")};
  }
  if (kind == Kind::Files) {
    engine::ImageFiles files;
    const auto list = fields.array("paths");
    files.paths.reserve(list.Length());
    for (std::uint32_t i = 0; i < list.Length(); ++i) {
      const Napi::Value path = list.Get(i);
      if (!path.IsString()) throw Error(Code::INVALID_OPTION, Stage::Options, "expected a list of paths for paths");
      files.paths.push_back(path.As<Napi::String>().Utf8Value());
    }
    return files;
  }
  engine::ImagePlaces places{
      .path = fields.string("path"),
      .offsets = copy_of<Napi::Float64Array, double>(fields.value("offsets"), napi_float64_array, "offsets"),
      .bytes = copy_of<Napi::Float64Array, double>(fields.value("bytes"), napi_float64_array, "bytes")};
  if (places.offsets.size() != places.bytes.size())
    throw Error(Code::INVALID_OPTION, Stage::Options, "expected as many numbers for bytes as for offsets");
  return places;
}

}  // namespace

engine::ImageRequest read_image_request(const Fields& batch, const Fields& program) {
  using Resize = preprocess::ImageResize;
  engine::ImageRequest request;
  request.images = read_images(batch);
  request.encoder = read_encoder(program.child("encoder"));
  request.encoder.format.row_shape = read_row_shape(program);
  request.most_pixels = program.is_null("mostPixels") ? 0 : program.integer("mostPixels");
  request.keep_rows = !program.is_null("keepRows") && program.boolean("keepRows");
  request.resize = program.choice<Resize>("resize", {{"pil-bilinear", Resize::PilBilinear},
                                                     {"pil-bicubic", Resize::PilBicubic},
                                                     {"opencv-area", Resize::OpencvArea}});
  for_each(program, "heads", [&](const Fields& head) {
    const engine::TileValue of = read_tile_value(head.child("of"));
    if (of.encoder != 0 || of.output >= request.encoder.outputs.size())
      throw Error(Code::INVALID_OPTION, Stage::Options, "a head reads an output that the encoder has not");
    request.heads.push_back({of.output, of.column, read_head(head)});
  });
  for_each(program, "outputs", [&](const Fields& output) { request.outputs.push_back(read_slide_output(output)); });
  for (const aggregate::SlideOutput& output : request.outputs)
    for (const aggregate::SlideOutput::Part& part : output.of)
      if (part.head >= request.heads.size() || part.output != 0 || part.column != 0)
        throw Error(Code::INVALID_OPTION, Stage::Options, "an output reads a head that is not there");
  request.batch_size = options::batch_size(program);
  request.reproducible = options::reproducible(program);
  return request;
}

}  // namespace microtome::addon

#include "addon/marshal.h"
#include "addon/marshal_model.h"
#include "addon/options_generated.h"

namespace microtome::addon {
namespace {

engine::ImageList read_images(const Fields& fields) {
  enum class Kind : std::uint8_t { Places, Files };
  if (fields.choice<Kind>("kind", {{"places", Kind::Places}, {"files", Kind::Files}}) == Kind::Files) {
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

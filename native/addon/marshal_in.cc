#include <algorithm>

#include "addon/bytes_binding.h"
#include "addon/marshal.h"

namespace microtome::addon {
namespace {

slide::Limits read_limits(const Fields& fields) {
  slide::Limits limits;
  limits.decoded_tile_bytes = fields.size("decodedTileBytes");
  limits.stored_tile_bytes = fields.size("storedTileBytes");
  limits.directories = fields.size("directories");
  limits.table_bytes = fields.size("tableBytes");
  limits.metadata_bytes = fields.size("metadataBytes");
  limits.request_bytes = fields.size("requestBytes");
  return limits;
}

template <typename TypedArray, typename Item>
std::vector<Item> copy_of(const Napi::Value& value, napi_typedarray_type type, const char* name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type)
    throw Error(Code::INVALID_OPTION, Stage::Options, std::string("expected a typed array for ") + name);
  const auto array = value.As<TypedArray>();
  return std::vector<Item>(array.Data(), array.Data() + array.ElementLength());
}

// Copies nothing: a mask may have hundreds of megabytes, and this is the JavaScript thread.
engine::MaskSource read_mask(const Fields& fields) {
  const std::string kind = fields.string("kind");
  if (kind == "all") return engine::Everywhere{};
  if (kind == "tissue") return read_tissue_options(fields.child("options"));
  if (kind == "mask")
    return engine::GivenMask{.width_px = fields.integer("width"),
                             .height_px = fields.integer("height"),
                             .data = BytesBinding::take(fields.value("data"), "mask.data")};
  if (kind == "polygons")
    return engine::GivenPolygons{.positions = BytesBinding::take(fields.value("positions"), "mask.positions"),
                                 .rings = BytesBinding::take(fields.value("rings"), "mask.rings")};
  throw Error(Code::INVALID_OPTION, Stage::Options, "expected tissue, mask, polygons or all for mask.kind");
}

preprocess::TensorFormat read_preprocess(const Fields& fields) {
  preprocess::TensorFormat how;
  how.size_px = fields.integer("sizePx");
  how.layout = fields.choice<preprocess::Layout>(
      "layout", {{"NCHW", preprocess::Layout::Nchw}, {"NHWC", preprocess::Layout::Nhwc}});
  how.order = fields.choice<preprocess::ChannelOrder>(
      "channels", {{"RGB", preprocess::ChannelOrder::Rgb}, {"BGR", preprocess::ChannelOrder::Bgr}});
  how.type = fields.choice<preprocess::ElementType>("type", {{"float32", preprocess::ElementType::Float32},
                                                             {"float16", preprocess::ElementType::Float16},
                                                             {"uint8", preprocess::ElementType::Uint8}});
  how.scale = fields.number("scale");
  const auto mean = fields.array("mean");
  const auto std = fields.array("std");
  if (mean.Length() != 3 || std.Length() != 3)
    throw Error(Code::INVALID_OPTION, Stage::Options, "expected three numbers for mean and for std");
  for (std::uint32_t i = 0; i < 3; ++i) {
    how.mean[i] = mean.Get(i).ToNumber().DoubleValue();
    how.std[i] = std.Get(i).ToNumber().DoubleValue();
    if (!(how.std[i] > 0)) throw Error(Code::INVALID_OPTION, Stage::Options, "expected positive numbers for std");
  }
  return how;
}

aggregate::Head read_head(const Fields& fields) {
  using aggregate::Method;
  aggregate::Head head;
  head.method = fields.choice<Method>("method", {{"mean", Method::Mean},
                                                 {"max", Method::Max},
                                                 {"topK", Method::TopK},
                                                 {"quantile", Method::Quantile},
                                                 {"noisyOr", Method::NoisyOr}});
  head.k = fields.integer("k");
  head.fraction = fields.number("fraction");
  head.quantile = fields.number("quantile");
  return head;
}

aggregate::Calibration read_calibration(const Fields& fields) {
  using Kind = aggregate::Calibration::Kind;
  aggregate::Calibration calibration;
  calibration.kind = fields.choice<Kind>("kind", {{"identity", Kind::Identity},
                                                  {"logistic", Kind::Logistic},
                                                  {"logisticOfLogit", Kind::LogisticOfLogit},
                                                  {"isotonic", Kind::Isotonic}});
  if (calibration.kind == Kind::Identity) return calibration;
  if (calibration.kind != Kind::Isotonic) {
    calibration.slope = fields.number("slope");
    calibration.intercept = fields.number("intercept");
    return calibration;
  }
  calibration.x = copy_of<Napi::Float64Array, double>(fields.value("x"), napi_float64_array, "calibration.x");
  calibration.y = copy_of<Napi::Float64Array, double>(fields.value("y"), napi_float64_array, "calibration.y");
  if (calibration.x.empty() || calibration.x.size() != calibration.y.size())
    throw Error(Code::INVALID_OPTION, Stage::Options,
                "expected as many numbers for calibration.y as for calibration.x");
  return calibration;
}

aggregate::SlideOutput read_slide_output(const Fields& fields, std::size_t heads) {
  aggregate::SlideOutput output;
  output.name = fields.string("name");
  const auto parts = fields.array("of");
  for (std::uint32_t i = 0; i < parts.Length(); ++i) {
    const Fields part(parts.Get(i));
    output.of.push_back({static_cast<std::size_t>(part.size("head")), part.number("weight")});
    if (output.of.back().head >= heads)
      throw Error(Code::INVALID_OPTION, Stage::Options, "an output names a head that is not computed");
  }
  if (output.of.empty()) throw Error(Code::INVALID_OPTION, Stage::Options, "an output is made of no head");
  output.calibration = read_calibration(fields.child("calibration"));
  if (fields.is_null("clip")) return output;
  const auto clip = fields.array("clip");
  output.clip = {clip.Get(0u).ToNumber().DoubleValue(), clip.Get(1u).ToNumber().DoubleValue()};
  if (!(output.clip->lowest <= output.clip->highest))
    throw Error(Code::INVALID_OPTION, Stage::Options, "expected the lowest number first for clip");
  return output;
}

engine::StoppingRequest read_stopping(const Fields& fields) {
  engine::StoppingRequest stopping;
  stopping.half_width = fields.number("halfWidth");
  stopping.confidence = fields.number("confidence");
  stopping.min_tiles = fields.integer("minTiles");
  stopping.every_tiles = fields.integer("everyTiles");
  stopping.seed = fields.size("seed");
  if (!(stopping.confidence > 0 && stopping.confidence < 1) || stopping.min_tiles < 1 || stopping.every_tiles < 2 ||
      stopping.every_tiles > 65536)
    throw Error(Code::INVALID_OPTION, Stage::Options, "the numbers of stopping are out of range");
  return stopping;
}

infer::ModelFile read_model_file(const Fields& fields) {
  infer::ModelFile file{.path = fields.string("path"), .sha256 = fields.string("sha256")};
  if (file.sha256.empty()) throw Error(Code::INVALID_OPTION, Stage::Options, "expected a hash for sha256");
  return file;
}

std::optional<int> read_level(const Fields& fields) {
  if (fields.is_null("level")) return std::nullopt;
  const auto level = fields.integer("level");
  if (level < 0 || level > 1'000'000)
    throw Error(Code::LEVEL_OUT_OF_RANGE, Stage::Tiles, "there is no level " + std::to_string(level));
  return static_cast<int>(level);
}

}  // namespace

decode::BadTilePolicy read_bad_tile_policy(const Fields& fields, const char* name) {
  return fields.choice<decode::BadTilePolicy>(
      name, {{"error", decode::BadTilePolicy::Error}, {"fill", decode::BadTilePolicy::Fill}});
}

slide::OpenOptions read_open_options(const Fields& fields) {
  return {.limits = read_limits(fields.child("limits")), .mpp = fields.optional_number("mpp")};
}

tissue::TissueOptions read_tissue_options(const Fields& fields) {
  tissue::TissueOptions options;
  options.overview_side_px = fields.integer("overviewSidePx");
  options.min_area_fraction = fields.number("minAreaFraction");
  return options;
}

engine::GridRequest read_grid(const Fields& fields) {
  engine::GridRequest request;
  request.level = read_level(fields);
  request.mpp = fields.optional_number("mpp");
  request.slide_mpp = fields.optional_number("slideMpp");
  request.scaled_decode = fields.boolean("scaledDecode");
  request.grid.size_px = fields.integer("sizePx");
  request.grid.stride_px = fields.integer("stridePx");
  request.grid.keep = fields.choice<tiles::KeepRule>(
      "keep",
      {{"fraction", tiles::KeepRule::Fraction}, {"centre", tiles::KeepRule::Centre}, {"all", tiles::KeepRule::All}});
  request.grid.min_tissue_fraction = fields.number("minTissueFraction");
  request.grid.max_tiles = fields.integer("maxTiles");
  request.grid.seed = fields.size("seed");
  request.mask = read_mask(fields.child("mask"));
  request.on_bad_tile = read_bad_tile_policy(fields, "badTiles");
  return request;
}

engine::StreamOptions read_stream_options(const Fields& fields, const engine::GridRequest& grid) {
  engine::StreamOptions options;
  options.batch_size = fields.integer("batchSize");
  if (options.batch_size < 1 || options.batch_size > 65536)
    throw Error(Code::INVALID_OPTION, Stage::Options, "expected 1 to 65536 for batchSize");
  options.threads = static_cast<int>(std::clamp<std::int64_t>(fields.integer("threads"), 0, 1024));
  if (fields.is_null("tensor")) return options;
  options.tensor = read_preprocess(fields.child("tensor"));
  if (options.tensor->size_px != grid.grid.size_px)
    throw Error(Code::INVALID_OPTION, Stage::Options, "the grid's tile size and the tensor's differ");
  return options;
}

engine::ScoreRequest read_score_request(const Fields& fields) {
  engine::ScoreRequest request;
  request.grid = read_grid(fields.child("grid"));
  request.format = read_preprocess(fields.child("preprocess"));
  const auto outputs = fields.array("outputs");
  for (std::uint32_t i = 0; i < outputs.Length(); ++i) {
    const Fields output(outputs.Get(i));
    request.outputs.push_back(
        {output.string("name"),
         output.choice<aggregate::Activation>("activation", {{"none", aggregate::Activation::None},
                                                             {"sigmoid", aggregate::Activation::Sigmoid},
                                                             {"softmax", aggregate::Activation::Softmax}})});
  }
  const auto heads = fields.array("heads");
  for (std::uint32_t i = 0; i < heads.Length(); ++i) {
    const Fields head(heads.Get(i));
    request.heads.push_back({head.string("name"), static_cast<std::size_t>(head.size("output")),
                             static_cast<std::size_t>(head.size("column")), read_head(head)});
    if (request.heads.back().output >= request.outputs.size())
      throw Error(Code::INVALID_OPTION, Stage::Options, "a head names an output that is not read");
  }
  const auto slide_outputs = fields.array("slideOutputs");
  for (std::uint32_t i = 0; i < slide_outputs.Length(); ++i)
    request.slide_outputs.push_back(read_slide_output(Fields(slide_outputs.Get(i)), request.heads.size()));
  if (request.slide_outputs.empty())
    throw Error(Code::INVALID_OPTION, Stage::Options, "expected at least one output of the slide");
  if (!fields.is_null("stopping")) {
    request.stopping = read_stopping(fields.child("stopping"));
    for (const auto& head : request.heads)
      if (head.head.method != aggregate::Method::Mean)
        throw Error(Code::INVALID_OPTION, Stage::Options, "stopping is for models whose heads are all means");
  }
  request.batch_size = fields.integer("batchSize");
  request.reproducible = fields.boolean("reproducible");
  request.keep_tiles = fields.boolean("keepTiles");
  if (request.batch_size < 1 || request.batch_size > 65536)
    throw Error(Code::INVALID_OPTION, Stage::Options, "expected 1 to 65536 for batchSize");
  if (request.grid.grid.size_px != request.format.size_px)
    throw Error(Code::INVALID_OPTION, Stage::Options, "the grid's tile size and the model's input size differ");
  return request;
}

engine::EngineOptions read_engine_options(const Fields& fields) {
  engine::EngineOptions options;
  options.threads = static_cast<int>(std::clamp<std::int64_t>(fields.integer("threads"), 0, 1024));
  options.memory_bytes = fields.integer("memoryBytes");
  if (options.memory_bytes < 1) throw Error(Code::INVALID_OPTION, Stage::Options, "expected bytes for memoryBytes");
  return options;
}

ModelRequest read_model_request(const Fields& fields) {
  ModelRequest request;
  request.files.graph = read_model_file(fields.child("graph"));
  const auto weights = fields.array("weights");
  for (std::uint32_t i = 0; i < weights.Length(); ++i)
    request.files.weights.push_back(read_model_file(Fields(weights.Get(i))));
  request.device = fields.string("device");
  return request;
}

engine::PlanRequest read_plan_request(const Fields& fields) {
  engine::PlanRequest request;
  request.score = read_score_request(fields.child("score"));
  const auto columns = fields.array("columns");
  for (std::uint32_t i = 0; i < columns.Length() && i < request.score.outputs.size(); ++i)
    request.columns[request.score.outputs[i].name] = columns.Get(i).ToNumber().Int64Value();
  request.fixed_rows = fields.integer("fixedRows");
  const engine::EngineOptions engine = read_engine_options(fields);
  request.threads = engine.threads;
  request.memory_limit = engine.memory_bytes;
  return request;
}

}  // namespace microtome::addon

#include "addon/bytes_binding.h"
#include "addon/marshal.h"
#include "addon/options_generated.h"

namespace microtome::addon {
namespace {

slide::Limits read_limits(const Fields& fields) {
  const auto bytes = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
  slide::Limits limits;
  limits.decoded_tile_bytes = bytes(options::limits_decoded_tile_bytes(fields));
  limits.stored_tile_bytes = bytes(options::limits_stored_tile_bytes(fields));
  limits.directories = bytes(options::limits_directories(fields));
  limits.table_bytes = bytes(options::limits_table_bytes(fields));
  limits.metadata_bytes = bytes(options::limits_metadata_bytes(fields));
  limits.request_bytes = bytes(options::limits_request_bytes(fields));
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
  how.size_px = options::tile_size(fields);
  how.layout = options::input_layout(fields);
  how.order = options::input_channels(fields);
  how.type = options::type(fields);
  how.scale = options::input_scale(fields);
  how.mean = options::input_mean(fields);
  how.std = options::input_std(fields);
  return how;
}

aggregate::Head read_head(const Fields& fields) {
  aggregate::Head head;
  head.method = options::head_method(fields);
  head.k = options::head_k(fields);
  head.fraction = options::head_fraction(fields);
  head.quantile = options::head_quantile(fields);
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
  stopping.half_width = options::stopping_half_width(fields);
  stopping.confidence = options::stopping_confidence(fields);
  stopping.min_tiles = options::stopping_min_tiles(fields);
  stopping.every_tiles = options::stopping_every_tiles(fields);
  stopping.seed = static_cast<std::uint64_t>(options::seed(fields));
  return stopping;
}

infer::ModelFile read_model_file(const Fields& fields) {
  infer::ModelFile file{.path = fields.string("path"), .sha256 = fields.string("sha256")};
  if (!fields.is_null("location")) file.location = fields.string("location");
  if (file.sha256.empty()) throw Error(Code::INVALID_OPTION, Stage::Options, "expected a hash for sha256");
  return file;
}

}  // namespace

decode::BadTilePolicy read_bad_tile_policy(const Fields& fields) { return options::on_bad_tile(fields); }

slide::OpenOptions read_open_options(const Fields& fields) {
  return {.limits = read_limits(fields.child("limits")), .slide_mpp = options::slide_mpp(fields)};
}

tissue::TissueOptions read_tissue_options(const Fields& fields) {
  tissue::TissueOptions found;
  found.overview_side_px = options::tissue_overview_side(fields);
  found.min_area_fraction = options::tissue_min_area_fraction(fields);
  return found;
}

engine::GridRequest read_grid(const Fields& fields) {
  engine::GridRequest request;
  if (const auto level = options::level(fields)) request.level = static_cast<int>(*level);
  request.mpp = options::mpp(fields);
  request.slide_mpp = options::slide_mpp(fields);
  request.scaled_decode = options::scaled_decode(fields);
  request.grid.size_px = options::tile_size(fields);
  request.grid.stride_px = options::tile_stride(fields);
  request.grid.keep = options::keep(fields);
  request.grid.min_tissue_fraction = options::min_tissue_fraction(fields);
  request.grid.max_tiles = options::tiles_per_slide(fields);
  request.grid.seed = static_cast<std::uint64_t>(options::seed(fields));
  request.mask = read_mask(fields.child("mask"));
  request.on_bad_tile = options::on_bad_tile(fields);
  return request;
}

engine::StreamOptions read_stream_options(const Fields& fields, const engine::GridRequest& grid) {
  engine::StreamOptions stream;
  stream.batch_size = options::batch_size(fields);
  stream.threads = static_cast<int>(options::threads(fields));
  if (fields.is_null("tensor")) return stream;
  stream.tensor = read_preprocess(fields.child("tensor"));
  if (stream.tensor->size_px != grid.grid.size_px)
    throw Error(Code::INVALID_OPTION, Stage::Options, "the grid's tile size and the tensor's differ");
  return stream;
}

engine::ScoreRequest read_score_request(const Fields& fields) {
  engine::ScoreRequest request;
  request.grid = read_grid(fields.child("grid"));
  request.format = read_preprocess(fields.child("preprocess"));
  const auto outputs = fields.array("outputs");
  for (std::uint32_t i = 0; i < outputs.Length(); ++i) {
    const Fields output(outputs.Get(i));
    request.outputs.push_back({output.string("name"), options::activation(output)});
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
        throw Error(Code::INVALID_OPTION, Stage::Options,
                    "stopping is for models whose slide score is the mean over tiles");
  }
  request.batch_size = options::batch_size(fields);
  request.reproducible = options::reproducible(fields);
  request.keep_tiles = options::tiles(fields);
  if (request.grid.grid.size_px != request.format.size_px)
    throw Error(Code::INVALID_OPTION, Stage::Options, "the grid's tile size and the model's input size differ");
  return request;
}

engine::EngineOptions read_engine_options(const Fields& fields) {
  engine::EngineOptions engine;
  engine.threads = static_cast<int>(options::threads(fields));
  engine.memory_bytes = options::memory_limit(fields);
  return engine;
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

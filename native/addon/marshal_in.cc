#include "addon/bytes_binding.h"
#include "addon/marshal.h"
#include "addon/options_generated.h"
#include "addon/row_calls.h"

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

template <typename Each>
void for_each(const Fields& fields, const char* name, const Each& each) {
  const auto list = fields.array(name);
  for (std::uint32_t i = 0; i < list.Length(); ++i) each(Fields(list.Get(i)));
}

engine::EncoderRequest read_encoder(const Fields& fields) {
  engine::EncoderRequest encoder{.name = fields.string("name"),
                                 .graph = static_cast<std::size_t>(fields.size("graph")),
                                 .input = static_cast<std::size_t>(fields.size("input")),
                                 .format = read_preprocess(fields.child("format"))};
  for_each(fields, "outputs", [&](const Fields& output) {
    encoder.outputs.push_back({output.string("tensor"), options::activation(output)});
  });
  return encoder;
}

engine::TileValue read_tile_value(const Fields& fields) {
  return {static_cast<std::size_t>(fields.size("encoder")), static_cast<std::size_t>(fields.size("output")),
          static_cast<std::size_t>(fields.size("column"))};
}

engine::SelectRule read_select_rule(const Fields& fields) {
  using Kind = engine::SelectRule::Kind;
  using Quality = preprocess::Quality;
  engine::SelectRule rule;
  rule.kind = fields.choice<Kind>("kind", {{"filter", Kind::Filter},
                                           {"highest", Kind::Highest},
                                           {"threshold", Kind::Threshold},
                                           {"quality", Kind::Quality}});
  rule.input = static_cast<std::size_t>(fields.size("input"));
  if (rule.kind != Kind::Quality) rule.by = read_tile_value(fields.child("by"));
  switch (rule.kind) {
    case Kind::Quality:
      rule.measure = fields.choice<double Quality::*>("measure", {{"sharpness", &Quality::sharpness},
                                                                  {"white", &Quality::white},
                                                                  {"black", &Quality::black},
                                                                  {"grey", &Quality::grey},
                                                                  {"pen", &Quality::pen}});
      [[fallthrough]];
    case Kind::Filter:
      rule.min = fields.optional_number("min");
      rule.max = fields.optional_number("max");
      break;
    case Kind::Highest:
      rule.count = fields.integer("count");
      break;
    case Kind::Threshold:
      rule.thresholds = {.start = fields.number("start"),
                         .step = fields.number("step"),
                         .end = fields.number("end"),
                         .at_least = fields.integer("atLeast")};
      break;
  }
  return rule;
}

infer::ModelFile read_model_file(const Fields& fields) {
  infer::ModelFile file{.path = fields.string("path"), .sha256 = fields.string("sha256")};
  if (!fields.is_null("location")) file.location = fields.string("location");
  if (file.sha256.empty()) throw Error(Code::INVALID_OPTION, Stage::Options, "expected a hash for sha256");
  return file;
}

}  // namespace

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

decode::BadTilePolicy read_bad_tile_policy(const Fields& fields) { return options::on_bad_tile(fields); }

slide::OpenOptions read_open_options(const Fields& fields) {
  return {.limits = read_limits(fields.child("limits")), .slide_mpp = options::slide_mpp(fields)};
}

tissue::TissueOptions read_tissue_options(const Fields& fields) {
  tissue::TissueOptions found;
  found.method = options::tissue_method(fields);
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
  request.grid.placement = options::tile_grid(fields);
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
  for_each(fields, "tiles", [&](const Fields& input) { request.tiles.push_back(read_grid(input)); });
  for_each(fields, "encoders", [&](const Fields& encoder) { request.encoders.push_back(read_encoder(encoder)); });
  for_each(fields, "select", [&](const Fields& rule) { request.select.push_back(read_select_rule(rule)); });
  for_each(fields, "heads", [&](const Fields& head) {
    request.heads.push_back({head.string("name"), read_tile_value(head.child("of")), read_head(head)});
  });
  for_each(fields, "outputs", [&](const Fields& output) {
    request.slide_outputs.push_back(read_slide_output(output, request.heads.size()));
  });
  request.rows = read_rows(fields);
  if (request.slide_outputs.empty() && request.rows.empty())
    throw Error(Code::INVALID_OPTION, Stage::Options, "expected at least one output of the slide");
  if (!fields.is_null("stopping")) request.stopping = read_stopping(fields.child("stopping"));
  request.batch_size = options::batch_size(fields);
  request.reproducible = options::reproducible(fields);
  request.keep_tiles = options::tiles(fields);
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
  for_each(fields, "graphs", [&](const Fields& graph) {
    infer::ModelFiles& files = request.graphs.emplace_back();
    files.graph = read_model_file(graph.child("graph"));
    for_each(graph, "weights", [&](const Fields& weights) { files.weights.push_back(read_model_file(weights)); });
  });
  if (request.graphs.empty()) throw Error(Code::INVALID_OPTION, Stage::Options, "expected at least one graph");
  request.device = fields.string("device");
  return request;
}

engine::PlanRequest read_plan_request(const Fields& fields) {
  engine::PlanRequest request;
  request.score = read_score_request(fields.child("score"));
  std::size_t encoder = 0;
  for_each(fields, "graphs", [&](const Fields& graph) {
    if (encoder == request.score.encoders.size()) return;
    const auto& outputs = request.score.encoders[encoder++].outputs;
    request.fixed_rows.push_back(graph.integer("fixedRows"));
    auto& columns = request.columns.emplace_back();
    const auto list = graph.array("columns");
    for (std::uint32_t i = 0; i < list.Length() && i < outputs.size(); ++i)
      columns[outputs[i].name] = list.Get(i).ToNumber().Int64Value();
  });
  if (encoder < request.score.encoders.size())
    throw Error(Code::INVALID_OPTION, Stage::Options, "expected what is known of the graph of each encoder");
  const engine::EngineOptions engine = read_engine_options(fields);
  request.threads = engine.threads;
  request.memory_limit = engine.memory_bytes;
  return request;
}

}  // namespace microtome::addon

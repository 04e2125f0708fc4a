#include <algorithm>
#include <string_view>

#include "addon/bytes_binding.h"
#include "addon/marshal.h"
#include "addon/marshal_model.h"
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

engine::StoppingRequest read_stopping(const Fields& fields) {
  engine::StoppingRequest stopping;
  stopping.half_width = options::stopping_half_width(fields);
  stopping.confidence = options::stopping_confidence(fields);
  stopping.min_tiles = options::stopping_min_tiles(fields);
  stopping.every_tiles = options::stopping_every_tiles(fields);
  stopping.seed = static_cast<std::uint64_t>(options::seed(fields));
  return stopping;
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

engine::HeadInputRequest read_head_input(const Fields& fields) {
  using Unit = engine::Coordinates::Unit;
  engine::HeadInputRequest input{.tensor = fields.string("tensor"), .from = {}};
  const std::string from = fields.string("from");
  const auto index = [&fields](const char* name) { return static_cast<std::size_t>(fields.size(name)); };
  if (from == "features")
    input.from = engine::Features{index("encoder"), index("output")};
  else if (from == "coordinates")
    input.from = engine::Coordinates{
        index("input"),
        fields.choice<Unit>("unit", {{"level0Px", Unit::Level0Px}, {"levelPx", Unit::LevelPx}, {"grid", Unit::Grid}}),
        fields.choice<bool>("order", {{"xy", true}, {"yx", false}})};
  else if (from == "image")
    input.from = engine::WholeImage{index("image"), read_preprocess(fields.child("format"))};
  else if (from == "head")
    input.from = engine::HeadRow{index("head"), index("output")};
  else if (from == "clinical")
    input.from = copy_of<Napi::Float64Array, double>(fields.value("values"), napi_float64_array, "values");
  else
    throw Error(Code::INVALID_OPTION, Stage::Options,
                "expected features, coordinates, image, clinical or head for from");
  return input;
}

engine::HeadRequest read_head_request(const Fields& fields) {
  engine::HeadRequest head{.name = fields.string("name"), .how = {}};
  if (fields.choice<bool>("kind", {{"simple", true}, {"onnx", false}})) {
    head.how = engine::SimpleHead{read_tile_value(fields.child("of")), read_head(fields)};
    return head;
  }
  engine::GraphHead graph{.graph = static_cast<std::size_t>(fields.size("graph")),
                          .inputs = {},
                          .turns = read_turns(fields),
                          .outputs = {}};
  for_each(fields, "inputs", [&](const Fields& input) { graph.inputs.push_back(read_head_input(input)); });
  for_each(fields, "outputs", [&](const Fields& output) { graph.outputs.push_back(read_head_output(output)); });
  head.how = std::move(graph);
  return head;
}

decode::SlideImageRequest read_image(const Fields& fields) {
  using Fit = decode::SlideImageRequest::Fit;
  decode::SlideImageRequest image;
  image.fit =
      fields.choice<Fit>("fit", {{"stretch", Fit::Stretch}, {"contain", Fit::Contain}, {"budget", Fit::Budget}});
  if (!fields.is_null("level")) image.level = fields.integer("level");
  image.width_px = fields.integer("widthPx");
  image.height_px = fields.integer("heightPx");
  image.max_pixels = fields.integer("maxPixels");
  image.multiple_of = fields.integer("multipleOf");
  image.on_bad_tile = options::on_bad_tile(fields);
  const auto background = fields.array("background");
  for (std::uint32_t i = 0; i < image.background.size(); ++i) {
    const double sample = background.Get(i).ToNumber().DoubleValue();
    if (!(sample >= 0 && sample <= 255))
      throw Error(Code::INVALID_OPTION, Stage::Options, "expected three numbers from 0 to 255 for background");
    image.background[i] = static_cast<std::uint8_t>(sample);
  }
  return image;
}

engine::ColourRequest read_colour(const Fields& fields) {
  engine::ColourRequest colour;
  colour.icc = fields.boolean("icc");
  if (fields.is_null("stain")) return colour;
  const Fields stain = fields.child("stain");
  const auto numbers = copy_of<Napi::Float64Array, double>(stain.value("reference"), napi_float64_array, "reference");
  const bool is_macenko = stain.choice<bool>("method", {{"macenko", true}, {"reinhard", false}});
  if (numbers.size() != (is_macenko ? 8u : 6u))
    throw Error(Code::INVALID_OPTION, Stage::Options, "expected 8 numbers of Macenko, 6 of Reinhard for reference");
  if (is_macenko) {
    preprocess::MacenkoFit fit;
    for (std::size_t i = 0; i < 6; ++i) fit.stains[i / 3][i % 3] = numbers[i];
    fit.concentrations = {numbers[6], numbers[7]};
    colour.stain = fit;
  } else {
    preprocess::ReinhardFit fit;
    std::copy_n(numbers.begin(), 3, fit.mean.begin());
    std::copy_n(numbers.begin() + 3, 3, fit.std.begin());
    colour.stain = fit;
  }
  colour.seed = stain.size("seed");
  return colour;
}

infer::ModelFile read_model_file(const Fields& fields) {
  infer::ModelFile file{.path = fields.string("path"), .sha256 = fields.string("sha256")};
  if (!fields.is_null("location")) file.location = fields.string("location");
  if (file.sha256.empty()) throw Error(Code::INVALID_OPTION, Stage::Options, "expected a hash for sha256");
  return file;
}

}  // namespace

engine::HeadOutputRequest read_head_output(const Fields& fields) {
  return {.tensor = fields.string("tensor"),
          .columns = fields.integer("columns"),
          .activation = options::activation(fields),
          .per_tile = fields.boolean("perTile")};
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

decode::BadTilePolicy read_bad_tile_policy(const Fields& fields) { return options::on_bad_tile(fields); }

slide::OpenOptions read_open_options(const Fields& fields) {
  slide::OpenOptions open;
  open.limits = read_limits(fields.child("limits"));
  open.slide_mpp = options::slide_mpp(fields);
  if (!fields.is_null("driver")) open.driver = fields.string("driver");
  if (fields.is_null("files")) return open;
  const auto files = fields.array("files");
  for (std::uint32_t i = 0; i < files.Length(); ++i) open.files.push_back(files.Get(i).ToString().Utf8Value());
  return open;
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
  request.grid.edge = fields.choice<tiles::Edge>("edge", {{"pad", tiles::Edge::Pad}, {"drop", tiles::Edge::Drop}});
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
  for_each(fields, "images", [&](const Fields& image) { request.images.push_back(read_image(image)); });
  if (!fields.is_null("colour")) request.colour = read_colour(fields.child("colour"));
  for_each(fields, "heads", [&](const Fields& head) { request.heads.push_back(read_head_request(head)); });
  for_each(fields, "outputs",
           [&](const Fields& output) { request.slide_outputs.push_back(read_slide_output(output)); });
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
  const auto read_all = [&fields](const char* name, std::vector<infer::ModelFiles>& all) {
    for_each(fields, name, [&](const Fields& graph) {
      infer::ModelFiles& files = all.emplace_back();
      files.graph = read_model_file(graph.child("graph"));
      for_each(graph, "weights", [&](const Fields& weights) { files.weights.push_back(read_model_file(weights)); });
    });
  };
  read_all("graphs", request.graphs);
  read_all("headGraphs", request.head_graphs);
  if (request.graphs.empty() && request.head_graphs.empty())
    throw Error(Code::INVALID_OPTION, Stage::Options, "expected at least one graph");
  request.device = read_device_request(fields.child("device"));
  return request;
}

namespace {

std::int64_t at_most_a_million(std::int64_t value, const char* name) {
  if (value < 0 || value > 1'000'000)
    throw Error(Code::INVALID_OPTION, Stage::Options, std::string("expected 0 to a million for ") + name);
  return value;
}

}  // namespace

engine::PlanRequest read_plan_request(const Fields& fields) {
  engine::PlanRequest request;
  request.score = read_score_request(fields.child("score"));
  std::size_t encoder = 0;
  for_each(fields, "graphs", [&](const Fields& graph) {
    if (encoder == request.score.encoders.size()) return;
    const auto& outputs = request.score.encoders[encoder++].outputs;
    request.fixed_rows.push_back(at_most_a_million(graph.integer("fixedRows"), "fixedRows"));
    auto& columns = request.columns.emplace_back();
    const auto list = graph.array("columns");
    for (std::uint32_t i = 0; i < list.Length() && i < outputs.size(); ++i)
      columns[outputs[i].name] = at_most_a_million(list.Get(i).ToNumber().Int64Value(), "columns");
  });
  if (encoder < request.score.encoders.size())
    throw Error(Code::INVALID_OPTION, Stage::Options, "expected what is known of the graph of each encoder");
  const engine::EngineOptions engine = read_engine_options(fields);
  request.threads = engine.threads;
  request.memory_limit = engine.memory_bytes;
  return request;
}

}  // namespace microtome::addon

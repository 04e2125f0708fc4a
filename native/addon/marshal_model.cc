#include "addon/marshal_model.h"

#include <algorithm>
#include <string_view>

#include "addon/options_generated.h"

namespace microtome::addon {
namespace {

aggregate::Calibration read_calibration(const Fields& fields) {
  using Kind = aggregate::Calibration::Kind;
  aggregate::Calibration calibration;
  calibration.kind = fields.choice<Kind>("kind", {{"identity", Kind::Identity},
                                                  {"logistic", Kind::Logistic},
                                                  {"logisticOfLogit", Kind::LogisticOfLogit},
                                                  {"temperature", Kind::Temperature},
                                                  {"isotonic", Kind::Isotonic}});
  if (calibration.kind == Kind::Identity) return calibration;
  if (calibration.kind == Kind::Temperature) {
    calibration.temperature = fields.number("temperature");
    if (!(calibration.temperature > 0))
      throw Error(Code::INVALID_OPTION, Stage::Options, "expected a temperature above 0 for calibration.temperature");
    return calibration;
  }
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

}  // namespace

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

aggregate::SlideOutput read_slide_output(const Fields& fields) {
  aggregate::SlideOutput output;
  output.name = fields.string("name");
  const auto parts = fields.array("of");
  for (std::uint32_t i = 0; i < parts.Length(); ++i) {
    const Fields part(parts.Get(i));
    output.of.push_back({.head = static_cast<std::size_t>(part.size("head")),
                         .weight = part.number("weight"),
                         .output = static_cast<std::size_t>(part.size("output")),
                         .column = static_cast<std::size_t>(part.size("column"))});
  }
  if (output.of.empty()) throw Error(Code::INVALID_OPTION, Stage::Options, "an output is made of no head");
  output.mean = fields.choice<aggregate::PartsMean>(
      "mean", {{"value", aggregate::PartsMean::Value}, {"logit", aggregate::PartsMean::Logit}});
  output.calibration = read_calibration(fields.child("calibration"));
  if (fields.is_null("clip")) return output;
  const auto clip = fields.array("clip");
  output.clip = {clip.Get(0u).ToNumber().DoubleValue(), clip.Get(1u).ToNumber().DoubleValue()};
  if (!(output.clip->lowest <= output.clip->highest))
    throw Error(Code::INVALID_OPTION, Stage::Options, "expected the lowest number first for clip");
  return output;
}

std::vector<preprocess::Turn> read_turns(const Fields& fields) {
  using preprocess::Turn;
  constexpr std::pair<std::string_view, Turn> kTurns[] = {
      {"identity", Turn::Identity},   {"flipX", Turn::FlipX},
      {"flipY", Turn::FlipY},         {"rotate90", Turn::Rotate90},
      {"rotate180", Turn::Rotate180}, {"rotate270", Turn::Rotate270},
      {"transpose", Turn::Transpose}, {"antitranspose", Turn::Antitranspose}};
  std::vector<Turn> turns;
  const auto list = fields.array("turns");
  for (std::uint32_t i = 0; i < list.Length() && turns.size() <= std::size(kTurns); ++i) {
    const std::string name = list.Get(i).ToString().Utf8Value();
    const auto* const found =
        std::find_if(std::begin(kTurns), std::end(kTurns), [&](const auto& turn) { return turn.first == name; });
    if (found == std::end(kTurns))
      throw Error(Code::INVALID_OPTION, Stage::Options, "expected names of turns for turns");
    turns.push_back(found->second);
  }
  if (turns.empty() || turns.size() > std::size(kTurns))
    throw Error(Code::INVALID_OPTION, Stage::Options, "expected one to eight turns");
  return turns;
}

engine::EncoderRequest read_encoder(const Fields& fields) {
  engine::EncoderRequest encoder{.name = fields.string("name"),
                                 .graph = static_cast<std::size_t>(fields.size("graph")),
                                 .input = static_cast<std::size_t>(fields.size("input")),
                                 .format = read_preprocess(fields.child("format")),
                                 .turns = read_turns(fields),
                                 .outputs = {}};
  for_each(fields, "outputs", [&](const Fields& output) {
    encoder.outputs.push_back({output.string("tensor"), options::activation(output)});
  });
  return encoder;
}

engine::TileValue read_tile_value(const Fields& fields) {
  return {static_cast<std::size_t>(fields.size("encoder")), static_cast<std::size_t>(fields.size("output")),
          static_cast<std::size_t>(fields.size("column"))};
}

}  // namespace microtome::addon

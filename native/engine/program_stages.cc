#include "engine/program_stages.h"

#include <algorithm>
#include <string>

#include "core/error.h"

namespace microtome::engine {
namespace {

constexpr std::size_t kNoStage = static_cast<std::size_t>(-1);

void require(bool holds, const std::string& what) {
  if (!holds) throw Error(Code::INVALID_OPTION, Stage::Options, what);
}

void require_value(const ScoreRequest& request, std::size_t encoder, std::size_t output, const std::string& who) {
  require(encoder < request.encoders.size(), who + " reads an encoder that there is not");
  require(output < request.encoders[encoder].outputs.size(), who + " reads an output that there is not");
}

void require_inputs(const ScoreRequest& request) {
  for (const EncoderRequest& encoder : request.encoders) {
    require(encoder.input < request.tiles.size(), "an encoder reads an input that there is not");
    require(request.tiles[encoder.input].grid.size_px == encoder.format.size_px,
            "the grid's tile size and the model's input size differ");
    require(!encoder.turns.empty(), "the encoder \"" + encoder.name + "\" has no turn");
  }
  require(!request.encoders.empty() || !request.heads.empty(), "there is nothing to compute");
  require(!request.colour.stain || !request.tiles.empty(),
          "a stain is fitted to tiles, and the model has no tile input");
}

std::size_t outputs_of(const HeadRequest& head) { return head.graph() ? head.graph()->outputs.size() : 1; }

// The tile input whose tiles a head input goes over; nothing where it goes over none.
std::optional<std::size_t> tiles_of(const ScoreRequest& request, const HeadInputRequest& input) {
  if (const auto* features = std::get_if<Features>(&input.from)) return request.encoders[features->encoder].input;
  if (const auto* places = std::get_if<Coordinates>(&input.from)) return places->input;
  return std::nullopt;
}

void require_head_input(const ScoreRequest& request, std::size_t index, const HeadInputRequest& input,
                        const std::string& who) {
  if (const auto* features = std::get_if<Features>(&input.from))
    require_value(request, features->encoder, features->output, who);
  if (const auto* places = std::get_if<Coordinates>(&input.from))
    require(places->input < request.tiles.size(), who + " reads the tiles of an input that there is not");
  if (const auto* whole = std::get_if<WholeImage>(&input.from))
    require(whole->image < request.images.size(), who + " reads an image that there is not");
  if (const auto* row = std::get_if<HeadRow>(&input.from)) {
    require(row->head < index, who + " reads a head that does not come before it");
    const HeadRequest& earlier = request.heads[row->head];
    require(row->output < outputs_of(earlier), who + " reads an output that the head \"" + earlier.name + "\" has not");
    require(!earlier.graph() || !earlier.graph()->outputs[row->output].per_tile,
            who + " reads values of tiles as a row of the head \"" + earlier.name + "\"");
  }
}

void require_graph_head(const ScoreRequest& request, std::size_t index, const GraphHead& head) {
  const std::string who = "the head \"" + request.heads[index].name + "\"";
  require(!head.inputs.empty() && !head.outputs.empty(), who + " has no input or no output");
  bool has_image = false;
  std::optional<std::size_t> tiles;
  bool differ = false;
  for (const HeadInputRequest& input : head.inputs) {
    require_head_input(request, index, input, who);
    has_image = has_image || std::holds_alternative<WholeImage>(input.from);
    const auto own = tiles_of(request, input);
    differ = differ || (own && tiles && own != tiles);
    if (own) tiles = own;
  }
  for (const HeadOutputRequest& output : head.outputs)
    require(!output.per_tile || (tiles && !differ),
            who + " has an output for each tile, and does not go over the tiles of one input");
  for (const HeadOutputRequest& output : head.outputs)
    require(output.per_tile || output.columns >= 1, who + " has an output without columns");
  require(!head.turns.empty() && (has_image || head.turns == std::vector{preprocess::Turn::Identity}),
          who + " turns an image, and has none");
}

void require_heads(const ScoreRequest& request) {
  for (std::size_t i = 0; i < request.heads.size(); ++i) {
    const HeadRequest& head = request.heads[i];
    if (const SimpleHead* simple = head.simple())
      require_value(request, simple->of.encoder, simple->of.output, "the head \"" + head.name + "\"");
    else
      require_graph_head(request, i, *head.graph());
  }
  for (const aggregate::SlideOutput& output : request.slide_outputs)
    for (const auto& part : output.of) {
      const std::string who = "the output \"" + output.name + "\"";
      require(part.head < request.heads.size(), who + " names a head that is not computed");
      const HeadRequest& head = request.heads[part.head];
      require(part.output < outputs_of(head), who + " names an output that the head \"" + head.name + "\" has not");
      const std::int64_t columns = head.graph() ? head.graph()->outputs[part.output].columns : 1;
      require(!head.graph() || !head.graph()->outputs[part.output].per_tile,
              who + " is made of values of tiles of the head \"" + head.name + "\"");
      require(static_cast<std::int64_t>(part.column) < columns, who + " names column " + std::to_string(part.column) +
                                                                    " of the head \"" + head.name + "\", which has " +
                                                                    std::to_string(columns));
    }
}

void require_rows(const ScoreRequest& request) {
  for (const RowRequest& row : request.rows)
    require_value(request, row.encoder, row.output, "a row that is given away");
  require(request.rows.empty() || !request.stopping, "rows are given away of all tiles, not of a part of them");
}

// With a stopping rule the score is estimated from some of the tiles: that is known for means only.
void require_stopping(const ScoreRequest& request) {
  if (!request.stopping) return;
  const auto is_mean = [](const HeadRequest& head) {
    return head.simple() && head.simple()->head.method == aggregate::Method::Mean;
  };
  require(request.tiles.size() == 1 && request.encoders.size() == 1 && request.select.empty() &&
              !request.slide_outputs.empty() && request.slide_outputs.front().mean == aggregate::PartsMean::Value &&
              std::all_of(request.heads.begin(), request.heads.end(), is_mean),
          "stopping is for models with one encoder whose slide score is the mean over tiles");
}

}  // namespace

ProgramStages::ProgramStages(const ScoreRequest& request) : stages(1), stage_of(request.encoders.size(), kNoStage) {
  require_inputs(request);
  require_heads(request);
  require_stopping(request);
  require_rows(request);
  // For each input: the stage whose values the next rule may read, and whether a rule was applied to them.
  std::vector<std::size_t> stage(request.tiles.size(), 0);
  std::vector<bool> has_rule(request.tiles.size(), false);
  const auto at = [this](std::size_t index) -> Stage& {
    if (stages.size() <= index) stages.resize(index + 1);
    return stages[index];
  };
  const auto place = [&](std::size_t encoder) {
    const std::size_t input = request.encoders[encoder].input;
    if (stage_of[encoder] != kNoStage) return;
    if (has_rule[input]) {
      ++stage[input];
      has_rule[input] = false;
    }
    stage_of[encoder] = stage[input];
  };
  for (std::size_t i = 0; i < request.select.size(); ++i) {
    const SelectRule& rule = request.select[i];
    require(rule.input < request.tiles.size(), "a rule of selection is for an input that there is not");
    if (rule.kind == SelectRule::Kind::Quality) {
      const auto has_input = [&](const EncoderRequest& encoder) { return encoder.input == rule.input; };
      require(std::any_of(request.encoders.begin(), request.encoders.end(), has_input),
              "a rule of quality is for an input that no encoder reads");
    } else {
      require_value(request, rule.by.encoder, rule.by.output, "a rule of selection");
      const EncoderRequest& encoder = request.encoders[rule.by.encoder];
      require(encoder.input == rule.input,
              "a rule of selection reads the encoder \"" + encoder.name + "\" of another input");
      place(rule.by.encoder);
      has_rule[rule.input] = true;
    }
    at(stage[rule.input]).rules.push_back(i);
  }
  // The rest of an input gets what its rules leave, all in one stage.
  for (std::size_t encoder = 0; encoder < request.encoders.size(); ++encoder) place(encoder);
  for (std::size_t encoder = 0; encoder < request.encoders.size(); ++encoder)
    at(stage_of[encoder]).encoders.push_back(encoder);
}

}  // namespace microtome::engine

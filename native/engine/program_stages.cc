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

void require_value(const ScoreRequest& request, const TileValue& value, const std::string& who) {
  require(value.encoder < request.encoders.size(), who + " reads an encoder that there is not");
  require(value.output < request.encoders[value.encoder].outputs.size(), who + " reads an output that there is not");
}

void require_inputs(const ScoreRequest& request) {
  for (const EncoderRequest& encoder : request.encoders) {
    require(encoder.input < request.tiles.size(), "an encoder reads an input that there is not");
    require(request.tiles[encoder.input].grid.size_px == encoder.format.size_px,
            "the grid's tile size and the model's input size differ");
  }
  require(!request.encoders.empty(), "there is no encoder");
  for (const HeadRequest& head : request.heads) require_value(request, head.of, "the head \"" + head.name + "\"");
}

void require_rows(const ScoreRequest& request) {
  for (const RowRequest& row : request.rows)
    require_value(request, {.encoder = row.encoder, .output = row.output}, "a row that is given away");
  require(request.rows.empty() || !request.stopping, "rows are given away of all tiles, not of a part of them");
}

// With a stopping rule the score is estimated from some of the tiles: that is known for means only.
void require_stopping(const ScoreRequest& request) {
  if (!request.stopping) return;
  const auto is_mean = [](const HeadRequest& head) { return head.head.method == aggregate::Method::Mean; };
  require(request.tiles.size() == 1 && request.encoders.size() == 1 && request.select.empty() &&
              std::all_of(request.heads.begin(), request.heads.end(), is_mean),
          "stopping is for models with one encoder whose slide score is the mean over tiles");
}

}  // namespace

ProgramStages::ProgramStages(const ScoreRequest& request) : stage_of(request.encoders.size(), kNoStage) {
  require_inputs(request);
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
    if (rule.kind != SelectRule::Kind::Quality) {
      require_value(request, rule.by, "a rule of selection");
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

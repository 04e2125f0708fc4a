// The heads of a slide: from the rows that were kept, its images and its clinical features to a few values.
#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "aggregate/aggregate.h"
#include "engine/score_job.h"
#include "engine/worker_pool.h"
#include "preprocess/turns.h"

namespace microtome::engine {
namespace {

// What one run of a head graph gets, with the memory of what had to be made for it.
struct HeadInputs {
  std::vector<infer::HeadInput> all;
  std::vector<LargeFloats> features;
  std::vector<LargeDoubles> places;
  std::vector<LargeBytes> tensors;

  // The lists do not grow once they are pointed into.
  explicit HeadInputs(std::size_t count) {
    features.reserve(count);
    places.reserve(count);
    tensors.reserve(count);
  }

  void add_row(const std::string& tensor, std::span<const double> values) {
    all.push_back({tensor, values, 1, std::ssize(values)});
  }
};

std::string element_name(preprocess::ElementType type) {
  switch (type) {
    case preprocess::ElementType::Float16:
      return "float16";
    case preprocess::ElementType::Uint8:
      return "uint8";
    case preprocess::ElementType::Float32:
      break;
  }
  return "float32";
}

void add_image(HeadInputs& inputs, const std::string& tensor, const RgbImage& image,
               const preprocess::TensorFormat& format, preprocess::Turn turn) {
  std::int64_t width = image.width_px;
  std::int64_t height = image.height_px;
  const std::size_t bytes = preprocess::tensor_bytes(width, height, format.type);
  LargeBytes straight(bytes);
  preprocess::image_to_tensor({image.data.data(), width, height, 3 * width}, format, straight.data());
  if (turn == preprocess::Turn::Identity) {
    inputs.tensors.push_back(std::move(straight));
  } else {
    preprocess::turn_row(straight.data(), inputs.tensors.emplace_back(bytes).data(), width, height, format, turn);
    if (preprocess::swaps_sides(turn)) std::swap(width, height);
  }
  infer::PictureTensor picture{inputs.tensors.back(), element_name(format.type), {1, 3, height, width}};
  if (format.layout == preprocess::Layout::Nhwc) picture.shape = {1, height, width, 3};
  inputs.all.push_back({tensor, std::move(picture), 1, 1});
}

// Of the tiles of a bag, two numbers each.
LargeDoubles places_of(const tiles::TilePlan& plan, const Bag& bag, const Coordinates& how) {
  const auto reduction = static_cast<double>(plan.stored.reduction);
  double per_px_x = reduction;
  double per_px_y = reduction;
  const bool is_grid = how.unit == Coordinates::Unit::Grid;
  if (how.unit == Coordinates::Unit::Level0Px) {
    per_px_x *= plan.level0_per_px_x;
    per_px_y *= plan.level0_per_px_y;
  }
  // Lines of the grid are at whole pixels: the nearest number is that of the line.
  const auto line = [&](std::int64_t px) { return std::nearbyint(static_cast<double>(px) / plan.step_px); };
  LargeDoubles places;
  places.reserve(static_cast<std::size_t>(2 * bag.size()));
  for (std::int64_t i = 0; i < bag.size(); ++i) {
    const tiles::PlannedTile& tile = plan.tiles[bag.tile(i)];
    const double x = is_grid ? line(tile.x) : static_cast<double>(tile.x) * per_px_x;
    const double y = is_grid ? line(tile.y) : static_cast<double>(tile.y) * per_px_y;
    places.push_back(how.x_first ? x : y);
    places.push_back(how.x_first ? y : x);
  }
  return places;
}

// The tile input that a head goes over; nothing where it goes over none.
std::optional<std::size_t> tiles_of(const ScoreRequest& request, const GraphHead& head) {
  for (const HeadInputRequest& input : head.inputs) {
    if (const auto* features = std::get_if<Features>(&input.from)) return request.encoders[features->encoder].input;
    if (const auto* places = std::get_if<Coordinates>(&input.from)) return places->input;
  }
  return std::nullopt;
}

void add(std::vector<std::vector<double>>& sums, std::vector<infer::HeadValues> values) {
  sums.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (sums[i].empty()) {
      sums[i] = std::move(values[i].values);
      continue;
    }
    if (sums[i].size() != values[i].values.size())
      throw Error(Code::OUTPUT_SHAPE, Stage::Infer, "an output has another length for a turned image");
    std::transform(sums[i].begin(), sums[i].end(), values[i].values.begin(), sums[i].begin(), std::plus<>());
  }
}

}  // namespace

// Each once, in their order: a head reads earlier ones.
aggregate::HeadOutputs ScoreJob::run_heads() {
  if (colour_)
    for (std::size_t i = 0; i < images_.size(); ++i) {
      // Not the background around it.
      const decode::Area into = decode::plan_slide_image(*slide_, request_.images[i]).into;
      RgbImage& image = images_[i].image;
      colour_->apply({image.data.data() + 3 * (into.y * image.width_px + into.x), into.width_px, into.height_px,
                      3 * image.width_px});
    }
  aggregate::HeadOutputs all;
  for (std::size_t i = 0; i < request_.heads.size(); ++i) {
    const HeadRequest& head = request_.heads[i];
    try {
      if (head.simple())
        all.push_back({{simple_value(head)}});
      else
        all.push_back(graph_values(i, all));
    } catch (const Error& error) {
      if (error.code() == Code::CANCELLED) throw;
      throw Error(error.code(), error.stage(), "head \"" + head.name + "\": " + error.found(), error.advice())
          .with_path(error.path());
    }
  }
  return all;
}

// In plan order, whatever the order was in which the tiles were scored.
double ScoreJob::simple_value(const HeadRequest& head) const {
  const auto& [encoder, output, column] = head.simple()->of;
  LargeDoubles room;
  const std::size_t input = request_.encoders[encoder].input;
  const std::span<const double> values =
      gathered(kept_[encoder]->column(output, column, "head \"" + head.name + "\""), 1,
               bags_.back()[input].places_in(bags_[stages_.stage_of[encoder]][input]), room);
  if (!rule_ || rule_->limit() == std::ssize(values)) return aggregate::aggregate(values, 1, 0, head.simple()->head);
  double sum = 0;  // stopped: a mean, estimated
  for (std::size_t tile = 0; tile < values.size(); ++tile)
    if (rule_->is_scored(tile)) sum += rule_->weight(tile) * values[tile];
  return sum;
}

// Nothing is encoded any more: what that needed makes room.
MemoryBudget::Reservation ScoreJob::reserve_copies(std::int64_t bytes) {
  if (auto reserved = crew().memory.try_reserve(bytes)) return std::move(*reserved);
  if (const auto all = pool())
    all->change([this] {
      drop_idle_batches();
      cache_reserved_.release();
    });
  return crew().memory.reserve(bytes, "what a head of the model reads", Stage::Infer);
}

// The rows of its outputs; of one that has a value for each tile nothing: those go to the tiles.
std::vector<std::vector<double>> ScoreJob::graph_values(std::size_t head, const aggregate::HeadOutputs& earlier) {
  const GraphHead& asked = *request_.heads[head].graph();
  const infer::HeadGraph& graph = *means_.heads[asked.graph];
  const auto over = tiles_of(request_, asked);
  const std::int64_t tiles = over ? bags_.back()[*over].size() : 1;
  std::vector<infer::HeadOutput> wanted;
  for (const HeadOutputRequest& output : asked.outputs)
    wanted.push_back({output.tensor, output.per_tile, output.per_tile ? 0 : output.columns});
  std::vector<std::vector<double>> sums;
  for (const preprocess::Turn turn : asked.turns) {
    HeadInputs inputs(asked.inputs.size());
    for (const HeadInputRequest& input : asked.inputs) {
      if (const auto* features = std::get_if<Features>(&input.from)) {
        const std::size_t of = request_.encoders[features->encoder].input;
        const std::int64_t columns = kept_[features->encoder]->columns(features->output);
        const auto rows = gathered(kept_[features->encoder]->features(features->output), columns,
                                   bags_.back()[of].places_in(bags_[stages_.stage_of[features->encoder]][of]),
                                   inputs.features.emplace_back());
        inputs.all.push_back({input.tensor, rows, bags_.back()[of].size(), columns});
      } else if (const auto* places = std::get_if<Coordinates>(&input.from)) {
        const std::size_t of = places->input;
        inputs.places.push_back(places_of(prepared_.plans[of], bags_.back()[of], *places));
        inputs.all.push_back({input.tensor, std::span<const double>(inputs.places.back()), bags_.back()[of].size(), 2});
      } else if (const auto* whole = std::get_if<WholeImage>(&input.from)) {
        add_image(inputs, input.tensor, images_[whole->image].image, whole->format, turn);
      } else if (const auto* row = std::get_if<HeadRow>(&input.from)) {
        inputs.add_row(input.tensor, earlier[row->head][row->output]);
      } else {
        inputs.add_row(input.tensor, std::get<std::vector<double>>(input.from));
      }
    }
    const MemoryBudget::Reservation copies = reserve_copies(graph.copied_bytes(inputs.all));
    StageMetrics::Busy busy(metrics(), Stage::Infer);
    std::vector<infer::HeadValues> values = graph.run(inputs.all, wanted, tiles, token());
    for (std::size_t i = 0; i < values.size(); ++i)
      aggregate::activate(values[i].values, values[i].values.size(), asked.outputs[i].activation);
    add(sums, std::move(values));
  }
  for (auto& values : sums)
    for (double& value : values) value /= static_cast<double>(asked.turns.size());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (!asked.outputs[i].per_tile) continue;
    if (request_.keep_tiles)
      tile_columns_[*over].push_back({head, asked.outputs[i].tensor, {sums[i].begin(), sums[i].end()}});
    sums[i].clear();
  }
  return sums;
}

}  // namespace microtome::engine

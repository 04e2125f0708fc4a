#include "engine/needs.h"

#include <algorithm>
#include <limits>
#include <set>

#include "engine/claims.h"
#include "engine/kept_outputs.h"
#include "engine/slide_colour.h"
#include "engine/slide_tiles.h"
#include "slide/driver.h"

namespace microtome::engine {
namespace {

// Decoded stored tiles: so few are enough to go on, and this share of the limit decodes nearly each of them once.
constexpr std::int64_t kLeastCachedTiles = 4;
constexpr std::int64_t kCacheShare = 8;
constexpr std::int64_t kAheadShare = 8;
constexpr std::int64_t kDriverPixelBytes = 4;  // of a stored tile as its driver gives it
constexpr std::int64_t kTooManyBytes = std::numeric_limits<std::int64_t>::max() / 4;  // sums of it do not overflow

// No more than lie under the tiles, nor than the level has.
std::int64_t most_stored_tiles(const tiles::TilePlan& plan) {
  const std::int64_t across = plan.footprint_px / plan.stored.tile_width_px + 2;
  const std::int64_t down = plan.footprint_px / plan.stored.tile_height_px + 2;
  return std::min(std::ssize(plan.tiles) * across * down, plan.stored.tiles_across() * plan.stored.tiles_down());
}

bool has_rules(const ScoreRequest& request, std::size_t input) {
  return std::any_of(request.select.begin(), request.select.end(),
                     [input](const SelectRule& rule) { return rule.input == input; });
}

// What is made for a head graph: tensors of images, places of tiles, and features where rules leave tiles out.
std::int64_t input_bytes(const ScoreRequest& request, const GraphHead& head, std::span<const tiles::TilePlan> plans,
                         std::span<const decode::SlideImagePlan> images, const GraphFacts& facts) {
  std::int64_t bytes = 0;
  for (const HeadInputRequest& input : head.inputs) {
    if (const auto* whole = std::get_if<WholeImage>(&input.from)) {
      const auto& image = images[whole->image];
      bytes += static_cast<std::int64_t>(preprocess::tensor_bytes(image.width_px, image.height_px, whole->format.type) *
                                         (head.turns == std::vector{preprocess::Turn::Identity} ? 1 : 2));
    } else if (const auto* places = std::get_if<Coordinates>(&input.from)) {
      // And once more, in the type of the graph.
      bytes += std::ssize(plans[places->input].tiles) * 4 * std::int64_t{sizeof(double)};
    } else if (const auto* features = std::get_if<Features>(&input.from)) {
      const EncoderRequest& encoder = request.encoders[features->encoder];
      if (has_rules(request, encoder.input))
        bytes += std::ssize(plans[encoder.input].tiles) * std::int64_t{sizeof(float)} *
                 facts.columns_of(features->encoder, encoder.outputs[features->output].name);
    }
  }
  return bytes;
}

}  // namespace

PlanningNeeds planning_needs(const slide::Slide& slide, std::span<const GridRequest> requests,
                             std::int64_t memory_limit) {
  PlanningNeeds needs;
  for (const GridRequest& request : requests) {
    needs.mask_bytes = std::max(needs.mask_bytes, mask_bytes(slide, request.mask));
    needs.plan_bytes += grid_positions(slide, request) * tiles::kPlanningBytesPerTile;
  }
  needs.plan_bytes = std::min(needs.plan_bytes, memory_limit / 2);
  return needs;
}

PlanningNeeds planning_needs(const slide::Slide& slide, const ScoreRequest& request, std::int64_t memory_limit) {
  PlanningNeeds needs = planning_needs(slide, request.tiles, memory_limit);
  if (request.colour.stain)
    needs.mask_bytes = std::max(needs.mask_bytes, StainSampling::bytes(slide, request.tiles.front()));
  for (const decode::SlideImageRequest& image : request.images)
    needs.image_bytes += decode::plan_slide_image(slide, image).bytes;
  return needs;
}

bool needs_pixels(const ScoreRequest& request, std::size_t input, std::span<const std::size_t> encoders) {
  if (std::any_of(request.select.begin(), request.select.end(), [input](const SelectRule& rule) {
        return rule.kind == SelectRule::Kind::Quality && rule.input == input;
      }))
    return true;
  if (!request.colour.is_nothing()) return true;
  return std::any_of(encoders.begin(), encoders.end(), [&](std::size_t encoder) {
    return request.encoders[encoder].is_turned() ||
           request.encoders[encoder].format != request.encoders[encoders.front()].format;
  });
}

ScoringNeeds scoring_needs(const slide::Slide& slide, const RunShape& run, std::int64_t memory_limit) {
  ScoringNeeds needs;
  needs.kept_bytes = run.kept_bytes;
  needs.image_bytes = run.image_bytes;
  needs.head_bytes = run.head_bytes;
  needs.row_window_bytes = row_window_bytes(run.rows, memory_limit);
  needs.plan_bytes = row_plan_bytes(run.rows) + run.other_plan_bytes;
  const bool is_driven = slide.tile_pixels() != nullptr;
  if (is_driven) needs.plan_bytes += slide::kDriverCacheBytes;
  std::int64_t cached_bytes = 0;
  for (const LaneShape& lane : run.lanes) {
    const tiles::TilePlan& plan = *lane.plan;
    const bool reduces = plan.footprint_px != plan.size_px;
    const std::int64_t stored_bytes = 3 * plan.stored.tile_width_px * plan.stored.tile_height_px;
    const std::int64_t stored_tiles = most_stored_tiles(plan);
    const std::int64_t footprint_bytes = 3 * plan.footprint_px * plan.footprint_px;
    needs.plan_bytes += std::ssize(plan.tiles) * tiles::kPlanBytesPerTile + SlideTiles::list_bytes(plan, stored_tiles);
    needs.cache_bytes = std::max(needs.cache_bytes, stored_bytes * std::min(stored_tiles, kLeastCachedTiles));
    cached_bytes = std::max(cached_bytes, stored_bytes * stored_tiles);
    // Pixels between decoder and tensor (TileReader): one tile, or where they are reduced or looked at those of a run.
    const std::int64_t pixel_rows = reduces || lane.as_pixels ? lane.rows : 1;
    // A graph may fix any number of rows.
    std::int64_t rows_bytes = 0;
    if (__builtin_mul_overflow(std::max(lane.rows, pixel_rows),
                               lane.row_bytes + lane.output_bytes + 3 * plan.size_px * plan.size_px, &rows_bytes) ||
        rows_bytes > kTooManyBytes)
      needs.batch_bytes = kTooManyBytes;
    else
      needs.batch_bytes =
          std::max(needs.batch_bytes,
                   lane.rows * (lane.row_bytes + lane.output_bytes) + pixel_rows * 3 * plan.size_px * plan.size_px +
                       (reduces ? footprint_bytes : 0) + (is_driven ? stored_bytes / 3 * kDriverPixelBytes : 0));
    // A guess: a stored tile takes a quarter of its pixels' bytes or less.
    if (!slide.source().is_local())
      needs.ahead_bytes = std::max(
          needs.ahead_bytes,
          std::min((kClaimsAhead * kClaimTiles + kBlockTiles) * footprint_bytes / 4, memory_limit / kAheadShare));
  }
  needs.more_cache_bytes =
      std::max<std::int64_t>(std::min(memory_limit / kCacheShare, cached_bytes) - needs.cache_bytes, 0);
  return needs;
}

std::int64_t kept_bytes(const ScoreRequest& request, std::size_t encoder, std::int64_t items,
                        const std::function<std::int64_t(const std::string&)>& columns_of) {
  const auto uses = uses_of(request, encoder);
  std::int64_t of_item = 0;
  for (std::size_t i = 0; i < uses.size(); ++i)
    of_item += uses[i].bytes(columns_of(request.encoders[encoder].outputs[i].name));
  std::int64_t bytes = 0;
  if (__builtin_mul_overflow(of_item, items, &bytes)) return kTooManyBytes;
  return bytes;
}

RowNeeds row_needs(const ScoreRequest& request, std::span<const tiles::TilePlan> plans, const GraphFacts& facts) {
  RowNeeds needs;
  for (const RowRequest& row : request.rows) {
    const EncoderRequest& encoder = request.encoders[row.encoder];
    const std::string& output = encoder.outputs[row.output].name;
    const std::int64_t columns = facts.columns_of(row.encoder, output);
    const std::int64_t token = facts.token_columns_of ? facts.token_columns_of(row.encoder, output) : columns;
    needs.columns.push_back(aggregate::pooled_columns(row.pool, columns, token));
    needs.run_rows = std::max(needs.run_rows, facts.rows_of(row.encoder));
    needs.tiles += std::ssize(plans[encoder.input].tiles);
  }
  return needs;
}

RunShape run_shape(const slide::Slide& slide, const ScoreRequest& request, const ProgramStages& stages,
                   std::span<const tiles::TilePlan> plans, const GraphFacts& facts) {
  RunShape run;
  run.rows = row_needs(request, plans, facts);
  std::vector<decode::SlideImagePlan> images;
  for (const decode::SlideImageRequest& image : request.images) {
    images.push_back(decode::plan_slide_image(slide, image));
    run.image_bytes += 3 * images.back().width_px * images.back().height_px;
  }
  for (const HeadRequest& head : request.heads)
    if (head.graph())
      run.head_bytes = std::max(run.head_bytes, input_bytes(request, *head.graph(), plans, images, facts));
  for (const ProgramStages::Stage& stage : stages.stages) {
    for (std::size_t input = 0; input < plans.size(); ++input) {
      std::vector<std::size_t> encoders;
      for (const std::size_t encoder : stage.encoders)
        if (request.encoders[encoder].input == input) encoders.push_back(encoder);
      if (encoders.empty()) continue;
      LaneShape lane{.plan = &plans[input], .as_pixels = needs_pixels(request, input, encoders)};
      for (const std::size_t encoder : encoders) {
        lane.rows = std::max(lane.rows, facts.rows_of(encoder));
        lane.row_bytes =
            std::max(lane.row_bytes,
                     facts.row_bytes_of ? facts.row_bytes_of(encoder)
                                        : static_cast<std::int64_t>(request.encoders[encoder].format.bytes_per_tile()));
        // Rows that are given away may be long; what a run gave is there as doubles until they are on their way.
        for (const RowRequest& row : request.rows)
          if (row.encoder == encoder)
            lane.output_bytes += facts.columns_of(encoder, request.encoders[encoder].outputs[row.output].name) *
                                 std::int64_t{sizeof(double)};
        const std::int64_t bytes =
            kept_bytes(request, encoder, std::ssize(plans[input].tiles),
                       [&](const std::string& output) { return facts.columns_of(encoder, output); });
        run.kept_bytes = std::min(run.kept_bytes + bytes, kTooManyBytes);
      }
      run.lanes.push_back(lane);
    }
  }
  std::set<std::size_t> measured;
  for (const SelectRule& rule : request.select)
    if (rule.kind == SelectRule::Kind::Quality && measured.insert(rule.input).second)
      run.kept_bytes += std::ssize(plans[rule.input].tiles) * std::int64_t{sizeof(preprocess::Quality)};
  for (std::size_t input = 0; input < plans.size(); ++input)
    if (std::none_of(request.encoders.begin(), request.encoders.end(),
                     [input](const EncoderRequest& encoder) { return encoder.input == input; }))
      run.other_plan_bytes += std::ssize(plans[input].tiles) * tiles::kPlanBytesPerTile;
  return run;
}

}  // namespace microtome::engine

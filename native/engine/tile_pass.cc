#include "engine/tile_pass.h"

#include <algorithm>
#include <utility>

namespace microtome::engine {
namespace {

bool same_level(const tiles::TilePlan& a, const tiles::TilePlan& b) {
  return a.policy.level == b.policy.level && a.stored.reduction == b.stored.reduction;
}

std::int64_t round_up(std::int64_t value, std::int64_t step) { return (value + step - 1) / step * step; }

}  // namespace

TilePass::TilePass(const std::shared_ptr<const slide::Slide>& slide, std::vector<PassLane> lanes,
                   decode::BadTilePolicy on_bad_tile, std::int64_t cache_bytes, StageMetrics& metrics,
                   std::span<const std::uint32_t> rounds)
    : lanes_(lanes.size()) {
  std::vector<bool> taken(lanes.size(), false);
  for (std::size_t first = 0; first < lanes.size(); ++first) {
    if (taken[first]) continue;
    Group group;
    for (std::size_t i = first; i < lanes.size(); ++i)
      if (!taken[i] && same_level(lanes[i].plan, lanes[first].plan)) group.lanes.push_back(i);
    std::vector<tiles::TilePlan> plans;
    std::vector<std::int64_t> run_rows;
    for (const std::size_t lane : group.lanes) {
      taken[lane] = true;
      lanes_[lane] = {lanes[lane].input, lanes[lane].run_rows, groups_.size(), plans.size()};
      run_rows.push_back(lanes[lane].run_rows);
    }
    for (const std::size_t lane : group.lanes) plans.push_back(std::move(lanes[lane].plan));
    for (std::size_t i = 0; i < group.lanes.size(); ++i) lanes_[group.lanes[i]].plan = i;
    group.tiles =
        plans.size() == 1
            ? std::make_unique<SlideTiles>(slide, std::move(plans.front()), on_bad_tile, cache_bytes, metrics, rounds)
            : std::make_unique<SlideTiles>(slide, std::move(plans), run_rows, on_bad_tile, cache_bytes, metrics);
    group.first = size();
    group.end = group.first + group.tiles->size();
    groups_.push_back(std::move(group));
  }
}

const tiles::TilePlan& TilePass::plan(std::size_t lane) const noexcept {
  return groups_[lanes_[lane].group].tiles->plan(lanes_[lane].plan);
}

tiles::TilePlan TilePass::take_plan(std::size_t lane) noexcept {
  return groups_[lanes_[lane].group].tiles->take_plan(lanes_[lane].plan);
}

StoredTileCache::Counts TilePass::counts() const {
  StoredTileCache::Counts sum;
  for (const Group& group : groups_) sum += group.tiles->counts();
  return sum;
}

// There are few levels, and mostly one.
const TilePass::Group& TilePass::group_at(std::int64_t position) const noexcept {
  std::size_t group = 0;
  while (position >= groups_[group].end) ++group;
  return groups_[group];
}

std::size_t TilePass::lane_at(std::int64_t position) const noexcept {
  const Group& group = group_at(position);
  return group.lanes[group.tiles->plan_at(position - group.first)];
}

std::uint32_t TilePass::item_at(std::int64_t position) const noexcept {
  const Group& group = group_at(position);
  return static_cast<std::uint32_t>(group.tiles->index_of(position - group.first));
}

std::int64_t TilePass::run_end(std::int64_t first, std::int64_t limit) const noexcept {
  return runs_end(first, 1, limit);
}

std::int64_t TilePass::runs_end(std::int64_t first, std::int64_t least, std::int64_t limit) const noexcept {
  const Group& group = group_at(first);
  const std::int64_t most = std::min(limit, group.end);
  const auto starts = group.tiles->run_starts();
  if (starts.empty()) {
    const std::int64_t rows = lanes_[group.lanes.front()].run_rows;
    return std::min(most, first + round_up(least, rows));
  }
  const auto wanted = static_cast<std::uint32_t>(std::min(first - group.first + least, group.end - group.first));
  return std::min(most, group.first + std::int64_t{*std::lower_bound(starts.begin(), starts.end(), wanted)});
}

void TilePass::fetch(TileReader& reader, Range range) const {
  const Group& group = group_at(range.first);
  group.tiles->fetch(reader, {range.first - group.first, range.end - group.first});
}

void TilePass::release(TileReader& reader) const noexcept {
  if (!groups_.empty()) groups_.front().tiles->release(reader);
}

void TilePass::fill(TileReader& reader, const CancelToken& cancel, Range range, const Destination& to) {
  const Group& group = group_at(range.first);
  group.tiles->fill(reader, cancel, {range.first - group.first, range.end - group.first}, to);
}

void TilePass::found_bad(std::int64_t position, const std::string& why) {
  const Group& group = group_at(position);
  group.tiles->found_bad(position - group.first, why);
}

}  // namespace microtome::engine

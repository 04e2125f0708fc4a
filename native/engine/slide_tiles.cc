#include "engine/slide_tiles.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "decode/require_tiles.h"
#include "engine/claims.h"
#include "tiles/stored_tiles.h"

namespace microtome::engine {
namespace {

constexpr std::int64_t kFootprintBytes = 4 << 20;  // of a group's pixels before they are reduced
// Of a source whose bytes come later about so much is asked for at once, and never more than twice as much.
constexpr std::uint64_t kBlockBytes = 2 << 20;

std::vector<tiles::TilePlan> one(tiles::TilePlan plan) {
  std::vector<tiles::TilePlan> plans;
  plans.push_back(std::move(plan));
  return plans;
}

}  // namespace

SlideTiles::SlideTiles(std::shared_ptr<const slide::Slide> slide, tiles::TilePlan plan,
                       decode::BadTilePolicy on_bad_tile, std::int64_t cache_bytes, StageMetrics& metrics,
                       std::span<const std::uint32_t> rounds)
    : SlideTiles(std::move(slide), one(std::move(plan)), std::span<const std::int64_t>(), on_bad_tile, cache_bytes,
                 metrics) {
  if (rounds.empty()) return;
  asks_ahead_ = false;
  std::stable_sort(order_.begin(), order_.end(),
                   [rounds](std::uint32_t a, std::uint32_t b) { return rounds[a] < rounds[b]; });
}

SlideTiles::SlideTiles(std::shared_ptr<const slide::Slide> slide, std::vector<tiles::TilePlan> plans,
                       std::span<const std::int64_t> run_rows, decode::BadTilePolicy on_bad_tile,
                       std::int64_t cache_bytes, StageMetrics& metrics)
    : slide_(std::move(slide)),
      plans_(std::move(plans)),
      stored_(plans_.front().stored),
      level_(plans_.front().policy.level),
      metrics_(metrics),
      cache_(slide_, level_, lay_out(run_rows), on_bad_tile, cache_bytes, metrics) {}

// Sets the order of the tiles. Needs the plans only: the cache is made of what it gives.
tiles::StoredTileUses SlideTiles::lay_out(std::span<const std::int64_t> run_rows) {
  std::vector<const tiles::TilePlan*> all;
  for (const tiles::TilePlan& plan : plans_) all.push_back(&plan);
  tiles::StoredTileUses uses(all);
  if (plans_.size() == 1) {
    order_ = tiles::processing_order(plans_.front(), uses);
    return uses;
  }
  tiles::MixedOrder mixed = tiles::mixed_order(plans_, run_rows);
  order_ = std::move(mixed.tiles);
  plan_of_ = std::move(mixed.plans);
  run_starts_ = std::move(mixed.run_starts);
  return uses;
}

// Which stored tiles the group needs, by stored tile: the order of the file.
void SlideTiles::find_uses(TileReader& reader, std::int64_t first, std::int64_t count) const {
  reader.uses.clear();
  for (std::int64_t i = 0; i < count; ++i) {
    const auto under = tiles::stored_tiles_under(plan_of(first + i), tile_at(first + i));
    for (std::int64_t row = under.first_row; row <= under.last_row; ++row)
      for (std::int64_t column = under.first_column; column <= under.last_column; ++column)
        reader.uses.push_back(
            {static_cast<std::uint32_t>(cache_.tiles().index_of(column, row)), static_cast<std::uint32_t>(i)});
  }
  std::sort(reader.uses.begin(), reader.uses.end(), [](const TileReader::Use& a, const TileReader::Use& b) {
    return a.stored != b.stored ? a.stored < b.stored : a.tile < b.tile;
  });
}

// The stored tiles of a range, each once, in the order of the file. Where bytes come later, also what is decoded
// already: it may be dropped again before it is used.
void SlideTiles::find_stored(TileReader& reader, Range range) const {
  find_uses(reader, range.first, range.size());
  reader.ahead.clear();
  const auto& all = cache_.tiles();
  const bool local = slide_->source().is_local();
  for (std::size_t i = 0; i < reader.uses.size(); ++i) {
    const std::size_t stored = reader.uses[i].stored;
    if (i > 0 && reader.uses[i - 1].stored == stored) continue;
    if (!local || cache_.untouched(stored)) reader.ahead.push_back({level_, all.column(stored), all.row(stored)});
  }
}

void SlideTiles::fetch(TileReader& reader, Range range) const {
  if (!slide_->source().is_local()) return fetch_later(reader, range);
  find_stored(reader, range);
  const auto& level = slide_->levels()[static_cast<std::size_t>(level_)];
  reader.decoder.read_ahead(*slide_, level.storage, level.directory, reader.ahead);
}

// A range is a small piece of the level: a few tiles of each of some rows, and so a short request for each. The ranges
// that follow lie beside it. Asked for together, they are as many requests, but long ones.
void SlideTiles::fetch_later(TileReader& reader, Range range) const {
  const std::vector<slide::ByteRange> ranges = ranges_of(reader, range);
  try {
    reader.kept = ranges.empty() ? nullptr : slide_->source().require(ranges);
    note_asked(range.end);
  } catch (const slide::BytesPending&) {
    throw slide::BytesPending{&slide_->source(), with_what_follows(reader, range, ranges)};
  }
}

std::vector<slide::ByteRange> SlideTiles::ranges_of(TileReader& reader, Range range) const {
  find_stored(reader, range);
  const auto& level = slide_->levels()[static_cast<std::size_t>(level_)];
  return decode::stored_ranges(*slide_, level.storage, level.directory, reader.ahead);
}

void SlideTiles::note_asked(std::int64_t end) const noexcept {
  std::int64_t asked = asked_end_.load(std::memory_order_relaxed);
  while (asked < end && !asked_end_.compare_exchange_weak(asked, end, std::memory_order_relaxed)) {
  }
}

// What to ask for where the bytes of `range`, which are `own`, are not all here: these alone where somebody has asked
// for a block with them, else a block.
std::vector<slide::ByteRange> SlideTiles::with_what_follows(TileReader& reader, Range range,
                                                            std::vector<slide::ByteRange> own) const {
  const std::int64_t asked = asked_end_.load(std::memory_order_relaxed);
  if (!asks_ahead_ || range.end <= asked) return own;
  // Ranges between are claimed by others, who ask at this moment.
  const std::int64_t first = std::clamp(asked, std::max<std::int64_t>(range.first - kBlockTiles, 0), range.first);
  const std::int64_t most = std::min(range.first + std::max(kBlockTiles, range.size()), size());
  std::int64_t end = end_with(range, bytes_of(own), most);
  try {
    // Twice: the tiles that follow may have more bytes than those that the length was taken from.
    for (int tries = 0; tries < 2 && end > range.end; ++tries) {
      std::vector<slide::ByteRange> block = ranges_of(reader, {first, end});
      const std::uint64_t bytes = bytes_of(block);
      if (bytes <= 2 * kBlockBytes) {
        note_asked(end);
        return block;
      }
      end = end_with({first, end}, bytes, end);
    }
  } catch (const slide::BytesPending& tables) {
    // Of the tiles that follow nobody knows yet where they are: these tables come with the bytes of the range.
    own.insert(own.end(), tables.ranges.begin(), tables.ranges.end());
    return own;
  }
  note_asked(range.end);
  return own;
}

std::uint64_t SlideTiles::bytes_of(std::span<const slide::ByteRange> ranges) noexcept {
  std::uint64_t bytes = 0;
  for (const slide::ByteRange& range : ranges) bytes += range.bytes;
  return bytes;
}

// Where a block ends that begins with this range, of so many bytes, and has tiles of the same size.
std::int64_t SlideTiles::end_with(Range range, std::uint64_t bytes, std::int64_t most) noexcept {
  const auto each = std::max<std::uint64_t>(bytes / static_cast<std::uint64_t>(range.size()), 1);
  return std::min(range.first + static_cast<std::int64_t>(kBlockBytes / each), most);
}

void SlideTiles::release(TileReader& reader) const noexcept {
  reader.decoder.forget_read_ahead();
  reader.kept.reset();
}

void SlideTiles::fill(TileReader& reader, const CancelToken& cancel, Range range, const Destination& to) {
  if (to.tensor != nullptr) return fill_tensors(reader, cancel, range, to);
  if (to.coded != nullptr) return fill_coded(reader, cancel, range, to);
  fill_pixels(reader, cancel, range, to.rows, rgb_bytes(plan_of(range.first).size_px));
}

// Rows of pixels, `row_bytes` apart.
void SlideTiles::fill_pixels(TileReader& reader, const CancelToken& cancel, Range range, std::uint8_t* out,
                             std::size_t row_bytes) {
  const tiles::TilePlan& plan = plan_of(range.first);
  if (plan.footprint_px != plan.size_px) return read_reduced(reader, cancel, range.first, range.size(), out, row_bytes);
  assemble(reader, cancel, range.first, range.size(), {out, row_bytes, nullptr, plan.footprint_px});
}

void SlideTiles::fill_tensors(TileReader& reader, const CancelToken& cancel, Range range, const Destination& to) {
  const std::int64_t count = range.size();
  const std::size_t tile_bytes = to.tensor->bytes_per_tile();
  const tiles::TilePlan& plan = plan_of(range.first);
  if (plan.footprint_px == plan.size_px) {
    assemble(reader, cancel, range.first, count, {to.rows, tile_bytes, to.tensor, plan.footprint_px});
  } else {
    const std::int64_t side = plan.size_px;
    reader.pixels.resize(std::max(reader.pixels.size(), static_cast<std::size_t>(count) * rgb_bytes(side)));
    read_reduced(reader, cancel, range.first, count, reader.pixels.data(), rgb_bytes(side));
    StageMetrics::Busy busy(metrics_, Stage::Preprocess);
    std::uint8_t* pixels = reader.pixels.data();
    for (std::int64_t i = 0; i < count; ++i, pixels += rgb_bytes(side))
      preprocess::to_tensor({pixels, side, side, 3 * side}, *to.tensor,
                            to.rows + static_cast<std::size_t>(i) * tile_bytes);
  }
  metrics_.count(Stage::Preprocess, count, count * static_cast<std::int64_t>(tile_bytes));
}

std::int64_t SlideTiles::list_bytes(const tiles::TilePlan& plan, std::int64_t stored_tiles) noexcept {
  constexpr std::int64_t kOrderBytes = sizeof(std::uint32_t);
  return std::ssize(plan.tiles) * kOrderBytes + stored_tiles * StoredTileCache::kBytesPerStoredTile;
}

// Puts the footprints together and reduces them to the plan's size, as many at a time as kFootprintBytes holds.
void SlideTiles::read_reduced(TileReader& reader, const CancelToken& cancel, std::int64_t first, std::int64_t count,
                              std::uint8_t* out, std::size_t out_bytes) {
  const std::int64_t side = plan_of(first).footprint_px;
  const std::int64_t size_px = plan_of(first).size_px;
  const std::int64_t group = std::clamp<std::int64_t>(kFootprintBytes / (3 * side * side), 1, count);
  if (reader.footprints.width_px != side || reader.footprints.height_px < side * group)
    reader.footprints = RgbImage(side, side * group);
  for (std::int64_t done = 0; done < count; done += group) {
    const std::int64_t some = std::min(group, count - done);
    assemble(reader, cancel, first + done, some, {reader.footprints.data.data(), rgb_bytes(side), nullptr, side});
    StageMetrics::Busy busy(metrics_, Stage::Preprocess);
    for (std::int64_t i = 0; i < some; ++i, out += out_bytes)
      preprocess::resize({reader.footprints.data.data() + 3 * side * side * i, side, side, 3 * side},
                         {out, size_px, size_px, 3 * size_px}, reader.resize);
  }
}

// Puts `count` footprints together, one after another in the target.
void SlideTiles::assemble(TileReader& reader, const CancelToken& cancel, std::int64_t first, std::int64_t count,
                          const Target& target) {
  const std::int64_t side = target.side_px;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto& tile = tile_at(first + i);
    const bool overhangs = tile.x + side > stored_.width_px || tile.y + side > stored_.height_px;
    if (overhangs) place(reader, target, static_cast<std::size_t>(i), {nullptr, side, side, 0}, 0, 0);
  }
  find_uses(reader, first, count);
  reader.parts.reserve(static_cast<std::size_t>(count));
  reader.windows.reserve(static_cast<std::size_t>(count));
  const std::span<const TileReader::Use> uses = reader.uses;
  for (std::size_t begin = 0; begin < uses.size();) {
    std::size_t end = begin + 1;
    while (end < uses.size() && uses[end].stored == uses[begin].stored) ++end;
    cancel.check(Stage::Decode);
    visit(reader, cancel, first, target, uses.subspan(begin, end - begin));
    begin = end;
  }
}

// What the tiles of the group have of one stored tile. The padding of edge tiles is not in the image, and nobody's.
void SlideTiles::find_parts(TileReader& reader, std::int64_t first, std::span<const TileReader::Use> uses) const {
  const tiles::StoredGrid& grid = stored_;
  const std::int64_t side = plan_of(first).footprint_px;
  const std::int64_t left = cache_.tiles().column(uses.front().stored) * grid.tile_width_px;
  const std::int64_t top = cache_.tiles().row(uses.front().stored) * grid.tile_height_px;
  const std::int64_t right = std::min(left + grid.tile_width_px, grid.width_px);
  const std::int64_t bottom = std::min(top + grid.tile_height_px, grid.height_px);
  reader.parts.clear();
  for (const TileReader::Use& use : uses) {
    const auto& tile = tile_at(first + use.tile);
    const std::int64_t x0 = std::max(left, tile.x), x1 = std::min(right, tile.x + side);
    const std::int64_t y0 = std::max(top, tile.y), y1 = std::min(bottom, tile.y + side);
    reader.parts.push_back({use.tile, x0 - left, y0 - top, x0 - tile.x, y0 - tile.y, x1 - x0, y1 - y0});
  }
}

// One stored tile, and the parts of it that the tiles of the group want.
void SlideTiles::visit(TileReader& reader, const CancelToken& cancel, std::int64_t first, const Target& target,
                       std::span<const TileReader::Use> uses) {
  find_parts(reader, first, uses);
  if (decode_straight(reader, target, uses)) return;
  const std::int64_t stride = 3 * stored_.tile_width_px;
  const auto copy = [&](const std::uint8_t* pixels) {
    if (pixels == nullptr) reader.white_tiles.push_back(uses.front().stored);
    for (const TileReader::Part& part : reader.parts) {
      ConstRgbView from{nullptr, part.width_px, part.height_px, stride};
      if (pixels != nullptr) from.data = pixels + part.from_y * stride + 3 * part.from_x;
      place(reader, target, part.tile, from, part.to_x, part.to_y);
    }
  };
  cache_.use(reader.decoder, cancel, uses.front().stored, static_cast<std::uint32_t>(uses.size()), copy);
}

// A stored tile that only this group needs: pixels are decoded where they belong, unless so many tiles overlap there
// that copying is less work than converting each pixel for all of them. On the way to a tensor a stored tile that is a
// tile of the group is decoded beside it. False, and nothing done: it must be kept, or is already.
bool SlideTiles::decode_straight(TileReader& reader, const Target& target, std::span<const TileReader::Use> uses) {
  const std::int64_t side = target.side_px;
  const std::int64_t stored_px = stored_.tile_width_px * stored_.tile_height_px;
  const auto count = static_cast<std::uint32_t>(uses.size());
  reader.windows.clear();
  if (target.tensor != nullptr) {
    const TileReader::Part& part = reader.parts.front();
    if (count != 1 || part.width_px * part.height_px != stored_px || part.width_px != side || part.height_px != side)
      return false;
    reader.pixels.resize(std::max(reader.pixels.size(), rgb_bytes(side)));
    const RgbView pixels{reader.pixels.data(), side, side, 3 * side};
    reader.windows.push_back({0, 0, pixels});
    const auto outcome = cache_.decode_straight(reader.decoder, uses.front().stored, count, reader.windows);
    if (outcome == StoredTileCache::Straight::No) return false;
    if (outcome == StoredTileCache::Straight::White) reader.white_tiles.push_back(uses.front().stored);
    place(reader, target, part.tile, pixels, 0, 0);
    return true;
  }
  std::int64_t converted_px = 0;
  for (const TileReader::Part& part : reader.parts) {
    std::uint8_t* const tile = target.out + target.tile_bytes * part.tile;
    reader.windows.push_back({part.from_x,
                              part.from_y,
                              {tile + 3 * (part.to_y * side + part.to_x), part.width_px, part.height_px, 3 * side}});
    converted_px += part.width_px * part.height_px;
  }
  if (converted_px > stored_px) return false;
  const auto outcome = cache_.decode_straight(reader.decoder, uses.front().stored, count, reader.windows);
  if (outcome == StoredTileCache::Straight::White) reader.white_tiles.push_back(uses.front().stored);
  return outcome != StoredTileCache::Straight::No;
}

// Puts `part`, white where it has no data, at (x, y) of a tile of the group.
void SlideTiles::place(TileReader& reader, const Target& target, std::size_t tile, ConstRgbView part, std::int64_t x,
                       std::int64_t y) {
  const std::int64_t side = target.side_px;
  std::uint8_t* const out = target.out + target.tile_bytes * tile;
  if (part.data == nullptr) {
    if (reader.white.size() < static_cast<std::size_t>(3 * side))
      reader.white.resize(static_cast<std::size_t>(3 * side), 255);
    part = {reader.white.data(), part.width_px, part.height_px, 0};
  }
  if (target.tensor != nullptr) {
    StageMetrics::Busy busy(metrics_, Stage::Preprocess);
    return preprocess::to_tensor_part(part, x, y, *target.tensor, out);
  }
  std::uint8_t* to = out + 3 * (y * side + x);
  for (std::int64_t row = 0; row < part.height_px; ++row, to += 3 * side)
    std::memcpy(to, part.row(row), static_cast<std::size_t>(3 * part.width_px));
}

}  // namespace microtome::engine

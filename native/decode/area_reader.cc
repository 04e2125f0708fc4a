#include "decode/area_reader.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "decode/codecs.h"
#include "decode/laid_tile.h"
#include "decode/require_tiles.h"
#include "decode/tile_rect.h"

namespace microtome::decode {
namespace {

using slide::Level;
using slide::Storage;

// RGB of a stored tile that is handed on at once: a strip can be as large as the limit allows, and as RGB three times
// that.
constexpr std::int64_t kPieceBytes = 1 << 18;
// The same where each piece costs another look at the finer level.
constexpr std::int64_t kMadePieceBytes = 4 << 20;

std::int64_t rows_of(std::int64_t width_px, std::int64_t height_px, std::int64_t bytes) noexcept {
  return std::clamp<std::int64_t>(bytes / (3 * width_px), 1, height_px);
}

bool can_decode(const slide::Slide& slide, const Level& level) {
  if (!tile_fits(level.storage, slide.limits())) return false;
  try {
    require_codec(slide, level.storage, level.directory);
    return true;
  } catch (const Error&) {
    return false;
  }
}

std::vector<bool> decodable_levels(const slide::Slide& slide, MissingTiles missing) {
  std::vector<bool> all;
  if (missing != MissingTiles::FromFiner) return all;
  for (const Level& level : slide.levels()) all.push_back(can_decode(slide, level));
  return all;
}

// Pixels of `fine` for one of `coarse`. Sides are rounded when a level is made: a factor that is whole but for that is
// whole.
double factor_between(const Level& coarse, const Level& fine) noexcept {
  const double factor = coarse.downsample / fine.downsample;
  const double whole = std::round(factor);
  const auto side = static_cast<double>(std::max(coarse.storage.width_px, coarse.storage.height_px));
  return std::max(1.0, std::abs(factor - whole) * side <= whole ? whole : factor);
}

struct Side {
  std::int64_t fine_begin = 0;
  std::int64_t fine_length = 0;
  std::int64_t covered = 0;  // pixels of the coarse level that the fine one has something of
};

Side side_in_finer(std::int64_t begin, std::int64_t length, double factor, std::int64_t fine_side) noexcept {
  Side side;
  side.fine_begin = static_cast<std::int64_t>(std::floor(static_cast<double>(begin) * factor));
  if (side.fine_begin >= fine_side) return side;
  const double rest = std::ceil(static_cast<double>(fine_side - side.fine_begin) / factor);
  side.covered = std::min(length, static_cast<std::int64_t>(rest));
  const double end = std::ceil(static_cast<double>(begin + side.covered) * factor);
  side.fine_length = std::min(fine_side, static_cast<std::int64_t>(end)) - side.fine_begin;
  side.covered = std::min(side.covered, side.fine_length);
  return side;
}

struct FinerArea {
  Area fine;
  std::int64_t width_px = 0;  // of the coarse area, from its upper left corner
  std::int64_t height_px = 0;
};

FinerArea area_in_finer(const Level& coarse, const Level& fine, const Area& area) noexcept {
  const double factor = factor_between(coarse, fine);
  const Side x = side_in_finer(area.x, area.width_px, factor, fine.storage.width_px);
  const Side y = side_in_finer(area.y, area.height_px, factor, fine.storage.height_px);
  return {{x.fine_begin, y.fine_begin, x.fine_length, y.fine_length}, x.covered, y.covered};
}

// Whether the file has bytes of a tile, or of a page that is laid there.
bool has_tile_bytes(const slide::Slide& slide, const Level& level, std::int64_t column, std::int64_t row) {
  const auto laid = slide.laid_pages(level.directory);
  if (laid.empty()) return slide.stored_tile(level.directory, column, row, 0).bytes != 0;
  bool found = false;
  for_each_laid_part(laid, level.storage, {level.index, column, row}, [&](const LaidPart& part) {
    const auto& [at, stored_column, stored_row] = part.address;
    found = found || slide.stored_tile(part.page.directory, stored_column, stored_row, 0).bytes != 0;
  });
  return found;
}

bool lies_in(const slide::LaidPage& page, const Area& area) noexcept {
  return page.x_px < area.x + area.width_px && page.x_px + page.storage.width_px > area.x &&
         page.y_px < area.y + area.height_px && page.y_px + page.storage.height_px > area.y;
}

// Whether the level, or one finer, has stored bytes in the area. A tile that cannot be found counts: whoever decodes it
// gets the error that names it. `look_ups_left` is what may be looked for; at zero the answer is no.
bool has_bytes(const AreaShared& shared, std::size_t number, const Area& area, std::int64_t& look_ups_left) {
  if (area.width_px <= 0 || area.height_px <= 0) return false;
  const Level& level = shared.slide.levels()[number];
  const Storage& storage = level.storage;
  const auto laid = shared.slide.laid_pages(level.directory);
  const bool reached = laid.empty() || std::any_of(laid.begin(), laid.end(),
                                                   [&](const slide::LaidPage& page) { return lies_in(page, area); });
  const std::int64_t right = (area.x + area.width_px - 1) / storage.tile_width_px;
  const std::int64_t bottom = (area.y + area.height_px - 1) / storage.tile_height_px;
  for (std::int64_t row = area.y / storage.tile_height_px; reached && row <= bottom; ++row)
    for (std::int64_t column = area.x / storage.tile_width_px; column <= right; ++column) {
      if (look_ups_left == 0) return false;
      --look_ups_left;
      try {
        if (has_tile_bytes(shared.slide, level, column, row)) return true;
      } catch (const Error&) {
        return true;
      }
    }
  const auto finer = shared.finer(number);
  if (!finer) return false;
  return has_bytes(shared, *finer, area_in_finer(level, shared.slide.levels()[*finer], area).fine, look_ups_left);
}

}  // namespace

AreaShared::AreaShared(const slide::Slide& from, BadTilePolicy policy, MissingTiles missing)
    : slide(from), on_bad_tile(policy), missing_tiles(missing), decodable(decodable_levels(from, missing)) {}

std::optional<std::size_t> AreaShared::finer(std::size_t level) const noexcept {
  if (missing_tiles != MissingTiles::FromFiner) return std::nullopt;
  // Who renders a level knows the finer ones: what is not there was not scanned, and most of a slide may be so.
  const Level& coarse = slide.levels()[level];
  if (coarse.storage.compression == slide::Compression::Rendered && slide.laid_pages(coarse.directory).empty())
    return std::nullopt;
  while (level-- > 0)
    if (decodable[level]) return level;
  return std::nullopt;
}

// A missing tile on its way: piece by piece from the top.
struct AreaReader::Made {
  Area part;                           // of the level that lacks the tile
  std::size_t level = 0;               // the finer one
  std::int64_t done = 0;               // rows of the part
  RgbImage image;                      // the piece; empty before and after
  std::unique_ptr<AreaReader> reader;  // of the piece; none where no finer level has anything there
  bool found = false;
  bool costly = false;
};

AreaReader::AreaReader(AreaShared& shared, std::size_t level, Area area, RgbView out, bool finer)
    : shared_(shared),
      level_(shared.slide.levels()[level]),
      level_number_(level),
      finer_(finer),
      area_(area),
      average_(area.width_px, area.height_px, out),
      first_column_(area.x / level_.storage.tile_width_px),
      first_row_(area.y / level_.storage.tile_height_px),
      columns_((area.x + area.width_px - 1) / level_.storage.tile_width_px - first_column_ + 1),
      rows_((area.y + area.height_px - 1) / level_.storage.tile_height_px - first_row_ + 1) {}

AreaReader::~AreaReader() = default;

void AreaReader::read(TileDecoder& decoder, const CancelToken* cancel) {
  for (; next_ < columns_ * rows_; ++next_) {
    if (cancel != nullptr) cancel->check(Stage::Decode);
    add_next(decoder, cancel);
  }
}

TileAddress AreaReader::address_of(std::int64_t index) const noexcept {
  return {level_.index, first_column_ + index % columns_, first_row_ + index / columns_};
}

Area AreaReader::part_of(TileAddress address) const noexcept {
  const Storage& storage = level_.storage;
  const std::int64_t tile_x = address.column * storage.tile_width_px, tile_y = address.row * storage.tile_height_px;
  const std::int64_t left = std::max(tile_x, area_.x), top = std::max(tile_y, area_.y);
  return {left, top, std::min(tile_x + storage.tile_width_px, area_.x + area_.width_px) - left,
          std::min(tile_y + storage.tile_height_px, area_.y + area_.height_px) - top};
}

void AreaReader::require_bytes() {
  if (shared_.slide.source().is_local() || next_ < required_) return;
  const std::int64_t end = std::min(next_ + kTilesAtOnce, columns_ * rows_);
  std::vector<TileAddress> tiles;
  for (std::int64_t i = next_; i < end; ++i) tiles.push_back(address_of(i));
  kept_ = require_stored_tiles(shared_.slide, level_.storage, level_.directory, tiles);
  required_ = end;
}

void AreaReader::add_next(TileDecoder& decoder, const CancelToken* cancel) {
  require_bytes();
  const TileAddress address = address_of(next_);
  if (!in_band_) {
    const Area part = part_of(address);
    average_.begin_band(part.y - area_.y, part.height_px);
    in_band_ = true;
  }
  if (!made_) add_tile(decoder, address);
  if (made_) add_made(decoder, cancel);
  if ((next_ + 1) % columns_ != 0) return;
  average_.end_band();
  in_band_ = false;
}

void AreaReader::add_tile(TileDecoder& decoder, TileAddress address) {
  if (finer_ && shared_.finer_tiles_left == 0) {
    costly_ = true;
    return add_pixels(nullptr, address);
  }
  try {
    if (decoder.load(shared_.slide, level_.storage, level_.directory, address) == TileState::Missing)
      return add_missing(address);
  } catch (const Error& error) {
    if (shared_.on_bad_tile != BadTilePolicy::Fill || !is_bad_tile(error)) throw;
    ++shared_.counts.bad_tiles;
    if (finer_) --shared_.finer_tiles_left;
    return add_pixels(nullptr, address);
  }
  found_ = true;
  if (finer_) --shared_.finer_tiles_left;
  add_pixels(&decoder, address);
}

void AreaReader::add_pixels(const TileDecoder* decoder, TileAddress address) {
  const Storage& storage = level_.storage;
  const Area part = part_of(address);
  const std::int64_t x = part.x - address.column * storage.tile_width_px;
  const std::int64_t y = part.y - address.row * storage.tile_height_px;
  const std::int64_t rows_at_once = rows_of(part.width_px, part.height_px, kPieceBytes);
  rgb_.resize(static_cast<std::size_t>(3 * part.width_px * rows_at_once));
  if (decoder == nullptr) std::memset(rgb_.data(), 255, rgb_.size());
  for (std::int64_t done = 0; done < part.height_px; done += rows_at_once) {
    const RgbView piece{rgb_.data(), part.width_px, std::min(rows_at_once, part.height_px - done), 3 * part.width_px};
    if (decoder != nullptr) decoder->copy(x, y + done, piece);
    average_.add(part.x - area_.x, part.y - area_.y + done, piece);
  }
}

// White at once, or begun to be made.
void AreaReader::add_missing(TileAddress address) {
  if (const auto level = shared_.finer(level_number_)) {
    made_ = std::make_unique<Made>();
    made_->part = part_of(address);
    made_->level = *level;
    return;
  }
  if (!finer_) ++shared_.counts.missing_tiles;
  add_pixels(nullptr, address);
}

void AreaReader::add_made(TileDecoder& decoder, const CancelToken* cancel) {
  Made& made = *made_;
  while (made.done < made.part.height_px) {
    if (made.image.height_px == 0) start_piece();
    if (made.reader) {
      made.reader->read(decoder, cancel);
      made.found = made.found || made.reader->found();
      made.costly = made.costly || made.reader->costly();
    }
    average_.add(made.part.x - area_.x, made.part.y + made.done - area_.y, made.image.view());
    made.done += made.image.height_px;
    made.reader.reset();
    made.image = RgbImage();
  }
  if (finer_) {
    found_ = found_ || made.found;
    costly_ = costly_ || made.costly;
  } else if (made.costly || !made.found) {
    ++shared_.counts.missing_tiles;
    if (made.costly) ++shared_.counts.costly_tiles;
  } else {
    ++shared_.counts.made_tiles;
  }
  made_.reset();
}

// May throw BytesPending, for it looks into tables; nothing is begun or counted then.
void AreaReader::start_piece() {
  Made& made = *made_;
  const std::int64_t width = made.part.width_px;
  const Area piece{made.part.x, made.part.y + made.done, width,
                   rows_of(width, made.part.height_px - made.done, kMadePieceBytes)};
  const FinerArea from = area_in_finer(level_, shared_.slide.levels()[made.level], piece);
  std::int64_t look_ups_left = shared_.look_ups_left;
  const bool there =
      from.width_px > 0 && from.height_px > 0 && has_bytes(shared_, made.level, from.fine, look_ups_left);
  shared_.look_ups_left = look_ups_left;
  made.image = RgbImage(width, piece.height_px);  // white
  if (look_ups_left == 0 || (there && shared_.finer_tiles_left == 0)) made.costly = true;
  if (!there || made.costly) return;
  const RgbView image = made.image.view();
  made.reader = std::make_unique<AreaReader>(
      shared_, made.level, from.fine, RgbView{image.data, from.width_px, from.height_px, image.stride_bytes}, true);
}

std::int64_t AreaReader::finer_bytes(const slide::Slide& slide, std::size_t level) noexcept {
  std::int64_t bytes = 0;
  for (std::size_t i = 1; i <= level; ++i) {
    const Storage& storage = slide.levels()[i].storage;
    // Not multiplied out: a tile that cannot be decoded has any size.
    const std::int64_t rows = rows_of(storage.tile_width_px, storage.tile_height_px, kMadePieceBytes);
    bytes += 3 * storage.tile_width_px * rows;
  }
  return bytes;
}

}  // namespace microtome::decode

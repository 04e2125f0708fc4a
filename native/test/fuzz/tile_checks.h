// What must hold of every stored tile that is asked for, whatever its bytes are and whatever was decoded before it.
#pragma once

#include "decode/bad_tile.h"
#include "decode/baseline_jpeg.h"
#include "decode/codecs.h"
#include "decode/jpeg_decoder.h"
#include "decode/region.h"
#include "decode/tile_decoder.h"
#include "test/fuzz/slide_checks.h"
#include "test/support/whole_reads.h"

namespace microtome::fuzz {

constexpr std::uint8_t kOtherFill = 0x5C;
constexpr std::int64_t kPixelsCompared = 70'000;
constexpr std::int64_t kPixelsCopied = 16'384;  // under the sanitizers, copying takes longer than decoding

// One tile of one slide.
struct TileCase {
  const slide::Slide& slide;
  const slide::Storage& storage;
  std::size_t directory;
  TileAddress address;

  [[nodiscard]] std::int64_t rows() const {  // that exist
    const std::int64_t below = storage.height_px - address.row * storage.tile_height_px;
    return storage.tiled ? storage.tile_height_px : std::min(storage.tile_height_px, below);
  }
};

// What came of one tile: an error, or white, or pixels.
struct TileOutcome {
  std::optional<Error> error;
  decode::TileState state = decode::TileState::Missing;
};

inline TileOutcome outcome_of(const TileCase& tile, const std::function<decode::TileState()>& work) {
  TileOutcome outcome;
  outcome.error = try_it(
      {Code::CORRUPT_TILE, Code::TRUNCATED, Code::LIMIT_EXCEEDED, Code::UNSUPPORTED_COMPRESSION, Code::NOT_A_SLIDE},
      [&] { outcome.state = work(); });
  if (outcome.error && outcome.error->code() == Code::NOT_A_SLIDE) {
    REQUIRE(!outcome.error->tile() && !decode::is_bad_tile(*outcome.error));  // the tables that all tiles share
  } else if (outcome.error) {
    const auto& address = outcome.error->tile();
    REQUIRE(outcome.error->path() == tile.slide.source().name());
    REQUIRE(address && address->level == tile.address.level && address->column == tile.address.column &&
            address->row == tile.address.row);
  }
  return outcome;
}

// Same state, or the same code; the words too, unless they are those of a library that keeps one text for the process.
inline void check_same(const TileOutcome& a, const TileOutcome& b, bool same_words) {
  REQUIRE(a.error.has_value() == b.error.has_value());
  if (!a.error) {
    REQUIRE(a.state == b.state);
    return;
  }
  REQUIRE_SAID(a.error->code() == b.error->code(), a.error->message() + " / " + b.error->message());
  if (same_words)
    REQUIRE_SAID(a.error->message() == b.error->message(), a.error->message() + " / " + b.error->message());
}

// In one piece, or in two that meet at an odd column.
enum class Pieces { One, Two };

// `rows` rows of `out`.
inline std::vector<decode::TileWindow> windows_of(const RgbView& out, std::int64_t rows, Pieces pieces) {
  const std::int64_t left = pieces == Pieces::One ? out.width_px : std::min(out.width_px, out.width_px / 3 | 1);
  std::vector<decode::TileWindow> windows{{0, 0, {out.data, left, rows, out.stride_bytes}}};
  if (left < out.width_px)
    windows.push_back({left, 0, {out.data + 3 * left, out.width_px - left, rows, out.stride_bytes}});
  return windows;
}

inline TileOutcome decode_whole(decode::TileDecoder& decoder, const TileCase& tile, GuardedImage& out, Pieces pieces) {
  const auto windows = windows_of(out.view(), tile.rows(), pieces);
  const auto outcome =
      outcome_of(tile, [&] { return decoder.decode(tile.slide, tile.storage, tile.directory, tile.address, windows); });
  out.check_guards();
  out.check_rows_untouched_from(tile.rows());
  if (!outcome.error && outcome.state == decode::TileState::Missing) out.check_rows(tile.rows(), 255);
  return outcome;
}

// load() and copy(): the tile (of a large one the first rows), and a window that reaches beyond it on both sides.
inline TileOutcome check_load(decode::TileDecoder& decoder, const TileCase& tile, const GuardedImage& whole) {
  const auto outcome =
      outcome_of(tile, [&] { return decoder.load(tile.slide, tile.storage, tile.directory, tile.address); });
  if (outcome.error) return outcome;
  const std::int64_t width = tile.storage.tile_width_px, rows = tile.rows();
  const std::int64_t copied_rows = std::min(rows, std::max<std::int64_t>(1, kPixelsCopied / width));
  GuardedImage copied(width, copied_rows);
  decoder.copy(0, 0, copied.view());
  copied.check_guards();
  REQUIRE(copied.same_rows(whole, copied_rows));
  const std::int64_t x0 = -2, y0 = rows / 2;
  GuardedImage window(std::min<std::int64_t>(width, 40) + 5, std::min<std::int64_t>(rows, 40));
  decoder.copy(x0, y0, window.view());
  window.check_guards();
  const RgbView seen = window.view();
  for (std::int64_t y = 0; y < seen.height_px; ++y)
    for (std::int64_t x = 0; x < seen.width_px; ++x) {
      const bool inside = x + x0 >= 0 && x + x0 < width && y + y0 < rows;
      if (!tile.storage.tiled && y + y0 >= rows) continue;  // a last strip may be stored whole: pixels or white
      for (int c = 0; c < 3; ++c)
        REQUIRE(window.row(y)[3 * x + c] == (inside ? whole.row(y + y0)[3 * (x + x0) + c] : 255));
    }
  return outcome;
}

// Straight from the coefficients, at one of the reductions: the same from both decoders, and nothing beside the
// destination.
inline void check_reduced(decode::TileDecoder& kept, const TileCase& tile, bool same_words) {
  const int reduction = 2 << (tile.address.column + tile.address.row) % 3;
  if (!decode::TileDecoder::can_reduce(tile.storage, reduction)) return;
  decode::TileDecoder fresh;
  const std::int64_t width = tile.storage.tile_width_px / reduction, height = tile.storage.tile_height_px / reduction;
  GuardedImage by_kept(width, height), by_fresh(width, height, kOtherFill);
  const auto reduce = [&](decode::TileDecoder& decoder, GuardedImage& out) {
    const auto outcome = outcome_of(tile, [&] {
      return decoder.decode_reduced(tile.slide, tile.storage, tile.directory, tile.address, reduction, out.view());
    });
    out.check_guards();
    return outcome;
  };
  const auto first = reduce(kept, by_kept);
  check_same(first, reduce(fresh, by_fresh), same_words);
  if (!first.error) REQUIRE(by_kept.same_rows(by_fresh, height));
}

// What our own decoder takes on, libjpeg-turbo takes, too, and gives the same pixels.
inline void check_own_jpeg(const decode::JpegStream& stream, const decode::JpegFrame& frame) {
  if (frame.components != 3 || frame.width_px * frame.height_px > kPixelsCompared) return;
  GuardedImage own(frame.width_px, frame.height_px), reference(frame.width_px, frame.height_px, kOtherFill);
  const RgbView out = own.view(), other = reference.view();
  decode::BaselineJpeg decoder;
  const bool decoded =
      decoder.decode(stream.bytes, frame.width_px, frame.height_px, windows_of(out, frame.height_px, Pieces::Two));
  own.check_guards();
  if (!decoded) return;
  try {
    decode::JpegDecoder(decode::turbojpeg()).decode(stream, frame, 1, other.data, other.stride_bytes);
  } catch (const decode::BadTile& bad) {
    REQUIRE_SAID(false, std::string("libjpeg-turbo complains: ") + bad.what());
  }
  REQUIRE_SAID(own.same_rows(reference, frame.height_px), "our own JPEG decoder gives other pixels");
}

inline void check_own_jpeg(const TileCase& tile) {
  const slide::Storage& storage = tile.storage;
  if (storage.compression != slide::Compression::Jpeg || storage.planar || storage.samples != 3) return;
  decode::JpegStream stream;
  decode::JpegFrame frame;
  try {
    const auto stored = tile.slide.stored_tile(tile.directory, tile.address.column, tile.address.row, 0);
    if (stored.bytes == 0 || stored.bytes > tile.slide.limits().stored_tile_bytes) return;
    Bytes bytes(static_cast<std::size_t>(stored.bytes));
    tile.slide.source().read(stored.offset, bytes);
    frame = decode::read_jpeg_frame(bytes);
    const bool ycbcr = storage.photometric == slide::Photometric::YCbCr;
    decode::splice_jpeg(storage.jpeg_tables, bytes, frame.components,
                        ycbcr ? decode::JpegColor::YCbCr : decode::JpegColor::AsStored, stream);
  } catch (const Error&) {
    return;
  } catch (const decode::BadTile&) {
    return;
  }
  check_own_jpeg(stream, frame);
}

// Decodes one tile with a decoder that has seen others and, in pieces, with a new one: both must say and give the same.
inline void check_tile(decode::TileDecoder& kept, const TileCase& tile, bool same_words) {
  decode::TileDecoder fresh;
  GuardedImage by_kept(tile.storage.tile_width_px, tile.storage.tile_height_px);
  GuardedImage by_fresh(tile.storage.tile_width_px, tile.storage.tile_height_px, kOtherFill);
  const auto first = decode_whole(kept, tile, by_kept, Pieces::One);
  const auto second = decode_whole(fresh, tile, by_fresh, Pieces::Two);
  check_same(first, second, same_words);
  if (!first.error)
    REQUIRE_SAID(by_kept.same_rows(by_fresh, tile.rows()), "a tile depends on the tiles decoded before it");
  check_same(first, check_load(kept, tile, by_kept), same_words);
  check_reduced(kept, tile, same_words);
  check_own_jpeg(tile);
}

// A region by both policies: the same pixels where nothing is wrong, and an error exactly where Fill has counted.
inline void check_region(decode::TileDecoder& decoder, const slide::Slide& slide, const slide::Level& level,
                         decode::RegionRequest request) {
  const auto read = [&](decode::BadTilePolicy policy) {
    request.on_bad_tile = policy;
    return test::read_region(decoder, slide, level.storage, level.directory, level.index, request, nullptr);
  };
  decode::Region filled, strict;
  if (try_it({Code::LIMIT_EXCEEDED, Code::UNSUPPORTED_COMPRESSION, Code::NOT_A_SLIDE},
             [&] { filled = read(decode::BadTilePolicy::Fill); }))
    return;
  const auto error =
      try_it({Code::CORRUPT_TILE, Code::TRUNCATED}, [&] { strict = read(decode::BadTilePolicy::Error); });
  REQUIRE(error.has_value() == (filled.bad_tiles > 0));
  REQUIRE(static_cast<std::int64_t>(filled.image.data.size()) == 3 * request.width_px * request.height_px);
  if (error) {
    REQUIRE(decode::is_bad_tile(*error));
    return;
  }
  REQUIRE(strict.bad_tiles == 0 && strict.missing_tiles == filled.missing_tiles);
  REQUIRE(filled.outside_px >= 0 && filled.outside_px < request.width_px * request.height_px);
  REQUIRE(strict.image.data == filled.image.data);
}

}  // namespace microtome::fuzz

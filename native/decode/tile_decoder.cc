#include "decode/tile_decoder.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "decode/bad_tile.h"
#include "decode/interval_tile.h"
#include "decode/jpeg_stream.h"
#include "decode/jpeg_tile.h"
#include "decode/laid_decoder.h"
#include "decode/samples.h"
#include "decode/stored_reader.h"
#include "decode/tile_codecs.h"
#include "decode/tile_errors.h"
#include "decode/tile_rect.h"
#include "decode/vips_decoder.h"

namespace microtome::decode {
namespace {

using slide::Compression;
using slide::Photometric;
using slide::Storage;
using slide::StoredTile;

// Scratch memory that one unusually large tile left behind is given back after it.
constexpr std::size_t kScratchKept = 32u << 20;

void trim(std::vector<std::uint8_t>& scratch) {
  if (scratch.capacity() > kScratchKept) std::vector<std::uint8_t>().swap(scratch);
}

void require_frame(const JpegFrame& frame, const TileRect& rect, int samples) {
  if (frame.components != samples)
    throw BadTile("the JPEG has " + std::to_string(frame.components) + " components, expected " +
                  std::to_string(samples));
  const bool covers = frame.width_px >= rect.visible_width && frame.height_px >= rect.visible_height;
  const bool fits = frame.width_px <= rect.stored_width && frame.height_px <= rect.stored_height;
  if (!covers || !fits)
    throw BadTile("the JPEG is " + std::to_string(frame.width_px) + " x " + std::to_string(frame.height_px) +
                  " pixels, expected " + std::to_string(rect.stored_width) + " x " +
                  std::to_string(rect.stored_height) + " or at least the part in the image, " +
                  std::to_string(rect.visible_width) + " x " + std::to_string(rect.visible_height));
}

// Samples that are pixels as they come out of a codec of our own.
bool is_plain_rgb(const Storage& storage) {
  const bool colour = storage.photometric == Photometric::Rgb || storage.photometric == Photometric::YCbCr;
  return colour && storage.samples == 3 && storage.bits == 8 && !storage.planar &&
         storage.alpha == slide::Alpha::None && TileCodecs::decodes(storage.compression);
}

bool is_rendered(const Storage& storage) noexcept { return storage.compression == Compression::Rendered; }

bool has_intervals(const Storage& storage) noexcept { return storage.interval_height_px != 0; }

bool is_colour_jpeg(const Storage& storage) noexcept {
  return storage.compression == Compression::Jpeg && !storage.planar && storage.samples == 3;
}

// Whose samples are RGB, YCbCr or grey as they are, so that they need no more than a conversion of colours.
bool has_plain_samples(const Storage& storage) noexcept {
  if (storage.bits != 8 || storage.alpha != slide::Alpha::None) return false;
  if (storage.samples == 1) return storage.photometric == Photometric::MinIsBlack;
  return storage.samples == 3 && !storage.planar &&
         (storage.photometric == Photometric::Rgb || storage.photometric == Photometric::YCbCr);
}

// One window, of the whole picture.
bool is_whole(std::span<const TileWindow> windows, std::int64_t width_px, std::int64_t height_px) noexcept {
  if (windows.size() != 1) return false;
  const TileWindow& one = windows.front();
  return one.x == 0 && one.y == 0 && one.to.width_px == width_px && one.to.height_px == height_px;
}

std::int64_t reduced(std::int64_t side_px, int reduction) noexcept { return (side_px + reduction - 1) / reduction; }

}  // namespace

struct TileDecoder::Impl {
  JpegTile jpeg;
  TileCodecs codecs;
  StoredReader reader;
  IntervalTile intervals{reader, jpeg};
  std::vector<std::uint8_t> plane;    // one decoded plane
  std::vector<std::uint8_t> samples;  // the loaded tile
  SampleView loaded;                  // over `samples`; empty when the loaded tile is missing
  const Storage* storage = nullptr;   // of the loaded tile
  std::vector<StoredTile> ahead_tiles;
  std::unique_ptr<PortableJpegReader> portable;  // made when needed: it is large
  LaidDecoder laid;

  // Reads one JPEG and makes it complete. The frame has been checked against the tile.
  JpegFrame prepare_jpeg(const slide::Slide& slide, const Storage& from, const TileRect& rect, int count,
                         StoredTile tile) {
    const auto bytes = reader.read(slide, tile);
    const JpegFrame frame = read_jpeg_frame(bytes);
    require_frame(frame, rect, count);
    jpeg.load(from, bytes, frame);
    return frame;
  }

  // Decodes one stored tile (all samples, or one plane) into `out`, packed; returns the size it has.
  std::pair<std::int64_t, std::int64_t> decode_samples(const slide::Slide& slide, const Storage& from,
                                                       const TileRect& rect, int count, StoredTile tile,
                                                       std::vector<std::uint8_t>& out) {
    if (from.compression == Compression::Jpeg) {
      const JpegFrame frame = prepare_jpeg(slide, from, rect, count, tile);
      out.resize(static_cast<std::size_t>(frame.width_px * frame.height_px * count));
      const TileWindow whole{0, 0, {out.data(), frame.width_px, frame.height_px, frame.width_px * count}};
      if (!jpeg.decode_baseline({&whole, 1})) jpeg.decode_turbo(1, out.data(), frame.width_px * count);
      return {frame.width_px, frame.height_px};
    }
    const StripShape shape{rect.stored_width, rect.rows, count, from.bits};
    const bool for_vips = !TileCodecs::decodes(from.compression);
    const auto bytes = for_vips ? reader.read_as_tiff(slide, from, shape, tile) : reader.read(slide, tile);
    out.resize(static_cast<std::size_t>(shape.width_px * shape.height_px * count * (from.bits / 8)));
    if (for_vips)
      decode_with_vips(vips(), bytes, shape, out);
    else
      codecs.decode(from, shape, bytes, out);
    return {shape.width_px, shape.height_px};
  }

  // Planes are decoded one after another. All of them must be there, or none.
  TileState load_planes(const slide::Slide& slide, const Storage& from, std::size_t directory, TileAddress address,
                        const TileRect& rect) {
    std::vector<StoredTile> tiles(static_cast<std::size_t>(from.samples));
    for (int i = 0; i < from.samples; ++i) tiles[static_cast<std::size_t>(i)] = find_tile(slide, directory, address, i);
    const auto missing = std::count_if(tiles.begin(), tiles.end(), [](StoredTile t) { return t.bytes == 0; });
    if (missing == from.samples) return TileState::Missing;
    if (missing != 0)
      throw BadTile(std::to_string(missing) + " of its " + std::to_string(from.samples) + " planes are missing");
    SampleView view{nullptr, 0, 0, from.samples, from.bits};
    for (int i = 0; i < from.samples; ++i) {
      const auto [width, height] = decode_samples(slide, from, rect, 1, tiles[static_cast<std::size_t>(i)], plane);
      if (i == 0) {
        view.width_px = width;
        view.height_px = height;
        samples.resize(plane.size() * static_cast<std::size_t>(from.samples));
      }
      if (width != view.width_px || height != view.height_px) throw BadTile("its planes differ in size");
      interleave_plane(plane, i, from.samples, from.bits, samples);
    }
    view.data = samples.data();
    loaded = view;  // only now: after an error nothing is loaded
    return TileState::Decoded;
  }

  void load_intervals(const TilePlace& place, const TileRect& rect) {
    const std::int64_t rows = IntervalTile::stored_rows(place.storage, rect);
    samples.resize(static_cast<std::size_t>(3 * rect.stored_width * rows));
    const TileWindow whole{0, 0, {samples.data(), rect.stored_width, rows, 3 * rect.stored_width}};
    intervals.decode(place, rect, {&whole, 1});
    loaded = {samples.data(), rect.stored_width, rows, 3, 8};
  }

  TileState load_whole(const slide::Slide& slide, const Storage& from, const TileRect& rect, StoredTile tile) {
    const auto [width, height] = decode_samples(slide, from, rect, from.samples, tile, samples);
    loaded = {samples.data(), width, height, from.samples, from.bits};
    return TileState::Decoded;
  }

  // Colour JPEG: our own decoder writes windows, and libjpeg-turbo one that is the whole picture. Whatever is not
  // written that way is left in `loaded` by the same decoding, and false comes back.
  bool decode_jpeg(const slide::Slide& slide, const Storage& from, const TileRect& rect, StoredTile tile,
                   std::span<const TileWindow> windows) {
    const JpegFrame frame = prepare_jpeg(slide, from, rect, 3, tile);
    const bool inside = std::all_of(windows.begin(), windows.end(), [&](const TileWindow& one) {
      return one.x + one.to.width_px <= frame.width_px && one.y + one.to.height_px <= frame.height_px;
    });
    if (inside && jpeg.decode_baseline(windows)) return true;
    if (is_whole(windows, frame.width_px, frame.height_px)) {
      jpeg.decode_turbo(1, windows.front().to.data, windows.front().to.stride_bytes);
      return true;
    }
    samples.resize(static_cast<std::size_t>(3 * frame.width_px * frame.height_px));
    const TileWindow whole{0, 0, {samples.data(), frame.width_px, frame.height_px, 3 * frame.width_px}};
    if (inside || !jpeg.decode_baseline({&whole, 1})) jpeg.decode_turbo(1, samples.data(), 3 * frame.width_px);
    loaded = {samples.data(), frame.width_px, frame.height_px, 3, 8};
    return false;
  }

  // Plain RGB samples go straight into one window that is the whole tile and has no gaps. False: nothing done.
  bool decode_plain(const slide::Slide& slide, const Storage& from, const TileRect& rect, StoredTile tile,
                    std::span<const TileWindow> windows) {
    if (!is_plain_rgb(from) || !is_whole(windows, rect.stored_width, rect.rows)) return false;
    const RgbView& to = windows.front().to;
    if (to.stride_bytes != 3 * rect.stored_width) return false;
    const StripShape shape{rect.stored_width, rect.rows, 3, 8};
    codecs.decode(from, shape, reader.read(slide, tile),
                  {to.data, static_cast<std::size_t>(to.stride_bytes * rect.rows)});
    return true;
  }

  // Of a slide whose driver gives pixels, and of pages that are laid: straight to where they are wanted, or to
  // `loaded`.
  TileState render(const slide::Slide& slide, const Storage& from, const TileRect& rect, std::size_t directory,
                   TileAddress address, std::span<const TileWindow> windows) {
    const bool is_laid = !slide.laid_pages(directory).empty();
    if (is_laid && !windows.empty()) return laid.decode(slide, from, directory, address, windows);
    const slide::TilePixels* const tiles = slide.tile_pixels();
    if (tiles == nullptr && !is_laid)
      throw Error(Code::INTERNAL, Stage::Decode, "nobody gives the pixels of the slide");
    const bool straight = is_whole(windows, rect.stored_width, rect.stored_height);
    if (!straight) samples.resize(static_cast<std::size_t>(3 * rect.stored_width * rect.stored_height));
    const RgbView out = straight
                            ? windows.front().to
                            : RgbView{samples.data(), rect.stored_width, rect.stored_height, 3 * rect.stored_width};
    const TileWindow all{0, 0, out};
    const bool there = is_laid ? laid.decode(slide, from, directory, address, {&all, 1}) == TileState::Decoded
                               : tiles->read(directory, address.column, address.row, out);
    if (!there) return TileState::Missing;
    if (!straight) loaded = {samples.data(), rect.stored_width, rect.stored_height, 3, 8};
    for (const TileWindow& one : windows)
      if (!straight) copy(one.x, one.y, one.to);
    return TileState::Decoded;
  }

  // Decodes a tile that is there into `windows`, or leaves it in `loaded` and says false.
  bool decode_into(const slide::Slide& slide, const Storage& from, const TileRect& rect, StoredTile tile,
                   std::span<const TileWindow> windows) {
    if (is_colour_jpeg(from)) return decode_jpeg(slide, from, rect, tile, windows);
    if (decode_plain(slide, from, rect, tile, windows)) return true;
    (void)load_whole(slide, from, rect, tile);
    return false;
  }

  // A JPEG at 1/reduction of the sides. One smaller than the tile leaves white.
  void decode_reduced(const slide::Slide& slide, const Storage& from, const TileRect& rect, StoredTile tile,
                      int reduction, RgbView out) {
    const JpegFrame frame = prepare_jpeg(slide, from, rect, 3, tile);
    if (reduced(frame.width_px, reduction) < out.width_px || reduced(frame.height_px, reduction) < out.height_px)
      fill_white(out);
    jpeg.decode_turbo(reduction, out.data, out.stride_bytes);
  }

  std::optional<PortableJpeg> take_jpeg(const slide::Slide& slide, const Storage& from, const TileRect& rect,
                                        StoredTile tile, std::span<std::uint8_t> room) {
    const JpegFrame frame = prepare_jpeg(slide, from, rect, from.samples, tile);
    if (frame.width_px != rect.stored_width || frame.height_px != rect.stored_height) return std::nullopt;
    if (!portable) portable = std::make_unique<PortableJpegReader>();
    const auto stream = jpeg.stream();
    const auto found = portable->read(stream);
    if (!found || found->bytes > room.size()) return std::nullopt;
    std::copy_n(stream.begin(), found->bytes, room.begin());
    return found;
  }

  void copy(std::int64_t x, std::int64_t y, RgbView out) const {
    const std::int64_t left = std::clamp<std::int64_t>(-x, 0, out.width_px);
    const std::int64_t top = std::clamp<std::int64_t>(-y, 0, out.height_px);
    const std::int64_t right = std::clamp<std::int64_t>(loaded.width_px - x, left, out.width_px);
    const std::int64_t bottom = std::clamp<std::int64_t>(loaded.height_px - y, top, out.height_px);
    const bool whole = left == 0 && top == 0 && right == out.width_px && bottom == out.height_px;
    if (!whole) fill_white(out);
    if (right == left || bottom == top) return;
    const RgbView part{out.row(top) + 3 * left, right - left, bottom - top, out.stride_bytes};
    samples_to_rgb(loaded, *storage, x + left, y + top, part);
  }

  void begin() noexcept {
    reader.trim(kScratchKept);
    jpeg.trim(kScratchKept);
    intervals.trim(kScratchKept);
    trim(plane);
    trim(samples);
    loaded = {nullptr, 0, 0, 3, 8};
    storage = nullptr;
  }
};

TileDecoder::TileDecoder() : impl_(std::make_unique<Impl>()) {}
TileDecoder::~TileDecoder() = default;
TileDecoder::TileDecoder(TileDecoder&&) noexcept = default;
TileDecoder& TileDecoder::operator=(TileDecoder&&) noexcept = default;

TileState TileDecoder::load(const slide::Slide& slide, const Storage& storage, std::size_t directory,
                            TileAddress address) {
  impl_->begin();
  require_codec(slide, storage, directory);
  return with_address({slide, storage, directory, address}, [&] {
    const TileRect rect = tile_rect(storage, address);
    require_tile_size(slide, storage);
    impl_->storage = &storage;
    if (is_rendered(storage)) return impl_->render(slide, storage, rect, directory, address, {});
    if (has_intervals(storage)) {
      impl_->load_intervals({slide, storage, directory, address}, rect);
      return TileState::Decoded;
    }
    if (storage.planar && storage.samples > 1) return impl_->load_planes(slide, storage, directory, address, rect);
    const StoredTile tile = find_tile(slide, directory, address, 0);
    if (tile.bytes == 0) return TileState::Missing;
    return impl_->load_whole(slide, storage, rect, tile);
  });
}

void TileDecoder::read_ahead(const slide::Slide& slide, const Storage& storage, std::size_t directory,
                             std::span<const TileAddress> addresses) {
  auto& tiles = impl_->ahead_tiles;
  tiles.clear();
  try {
    for (const TileAddress& address : addresses)
      for (int part = 0; part < storage.parts(); ++part)
        tiles.push_back(slide.stored_tile(directory, address.column, address.row, part));
  } catch (const Error&) {
    tiles.clear();  // the tile's own decode says what is wrong with it
  }
  impl_->reader.fetch(slide, tiles);
}

void TileDecoder::forget_read_ahead() noexcept { impl_->reader.forget(); }

bool TileDecoder::can_reduce(const Storage& storage, int reduction) noexcept {
  return is_colour_jpeg(storage) && storage.tiled && storage.tile_width_px % reduction == 0 &&
         storage.tile_height_px % reduction == 0;
}

TileState TileDecoder::decode_reduced(const slide::Slide& slide, const Storage& storage, std::size_t directory,
                                      TileAddress address, int reduction, RgbView out) {
  impl_->begin();
  require_codec(slide, storage, directory);
  return with_address({slide, storage, directory, address}, [&] {
    const TileRect rect = tile_rect(storage, address);
    require_tile_size(slide, storage);
    const bool fits = can_reduce(storage, reduction) && out.width_px == rect.stored_width / reduction &&
                      out.height_px == rect.stored_height / reduction;
    if (!fits) throw Error(Code::INTERNAL, Stage::Decode, "the destination does not have the size of a reduced tile");
    if (has_intervals(storage)) {
      impl_->intervals.decode_reduced({slide, storage, directory, address}, rect, reduction, out);
      return TileState::Decoded;
    }
    const StoredTile tile = find_tile(slide, directory, address, 0);
    if (tile.bytes == 0) {
      fill_white(out);
      return TileState::Missing;
    }
    impl_->decode_reduced(slide, storage, rect, tile, reduction, out);
    return TileState::Decoded;
  });
}

bool TileDecoder::may_give_jpeg(const Storage& storage) noexcept {
  return storage.compression == Compression::Jpeg && storage.tiled && !has_intervals(storage) &&
         has_plain_samples(storage);
}

std::optional<PortableJpeg> TileDecoder::take_jpeg(const slide::Slide& slide, const Storage& storage,
                                                   std::size_t directory, TileAddress address,
                                                   std::span<std::uint8_t> room) {
  impl_->begin();
  if (!may_give_jpeg(storage)) return std::nullopt;
  try {
    const TileRect rect = tile_rect(storage, address);
    require_tile_size(slide, storage);
    const StoredTile tile = find_tile(slide, directory, address, 0);
    if (tile.bytes == 0) return std::nullopt;
    return impl_->take_jpeg(slide, storage, rect, tile, room);
  } catch (const BadTile&) {
    return std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

void TileDecoder::copy(std::int64_t x, std::int64_t y, RgbView out) const { impl_->copy(x, y, out); }

TileState TileDecoder::decode(const slide::Slide& slide, const Storage& storage, std::size_t directory,
                              TileAddress address, std::span<const TileWindow> windows) {
  impl_->begin();
  require_codec(slide, storage, directory);
  return with_address({slide, storage, directory, address}, [&] {
    const TileRect rect = tile_rect(storage, address);
    for (const TileWindow& one : windows)
      if (one.x < 0 || one.y < 0 || one.x > rect.stored_width - one.to.width_px ||
          one.y > rect.stored_height - one.to.height_px)
        throw Error(Code::INTERNAL, Stage::Decode, "pixels outside a tile were asked for");
    require_tile_size(slide, storage);
    impl_->storage = &storage;
    if (is_rendered(storage)) {
      const TileState state = impl_->render(slide, storage, rect, directory, address, windows);
      if (state == TileState::Missing)
        for (const TileWindow& one : windows) fill_white(one.to);
      return state;
    }
    if (has_intervals(storage)) {
      impl_->intervals.decode({slide, storage, directory, address}, rect, windows);
      return TileState::Decoded;
    }
    const bool planes = storage.planar && storage.samples > 1;
    const StoredTile tile = planes ? StoredTile{} : find_tile(slide, directory, address, 0);
    TileState state = tile.bytes == 0 ? TileState::Missing : TileState::Decoded;
    if (planes)
      state = impl_->load_planes(slide, storage, directory, address, rect);
    else if (state == TileState::Decoded && impl_->decode_into(slide, storage, rect, tile, windows))
      return state;
    for (const TileWindow& one : windows) impl_->copy(one.x, one.y, one.to);  // white where nothing is loaded
    return state;
  });
}

}  // namespace microtome::decode

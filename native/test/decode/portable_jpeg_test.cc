// Which stored tiles another party's decoder may have: plain ones, spliced with their tables; nothing that is unusual,
// cut short, or made to hurt.
#include "decode/portable_jpeg.h"

#include <algorithm>

#include "decode/jpeg_stream.h"
#include "test/decode/codec_support.h"

namespace {

using namespace microtome;
using namespace microtome::decode;
using namespace microtome::test;
using slide::Compression;
using slide::Photometric;

constexpr int kSide = 32;

slide::Storage jpeg_storage(Photometric photometric, int samples = 3) {
  auto storage = storage_of(kSide, kSide, kSide, kSide, Compression::Jpeg);
  storage.photometric = photometric;
  storage.samples = samples;
  return storage;
}

struct Taken {
  std::optional<PortableJpeg> jpeg;
  Bytes bytes;
};

Taken take(const slide::Storage& storage, const Bytes& tile, std::size_t room = 1 << 16) {
  FakeSlide slide;
  slide.add_level(storage);
  if (!tile.empty()) slide.set_tile(0, 0, 0, tile);
  TileDecoder decoder;
  Taken taken{{}, Bytes(room)};
  taken.jpeg = decoder.take_jpeg(slide, storage, 0, {0, 0, 0}, taken.bytes);
  if (taken.jpeg) taken.bytes.resize(taken.jpeg->bytes);
  return taken;
}

std::ptrdiff_t scan_of(const Bytes& jpeg) {
  const Bytes marker{0xFF, 0xDA};
  return std::search(jpeg.begin(), jpeg.end(), marker.begin(), marker.end()) - jpeg.begin();
}

Bytes encode(JpegTool::Options options = {}) { return JpegTool().encode(picture(kSide, kSide), kSide, kSide, options); }

}  // namespace

TEST(a_stream_is_complete_and_decodes_to_the_tile) {
  if (!have_jpeg(__func__)) return;
  const JpegTool tool;
  struct Kind {
    JpegTool::Options options;
    Photometric photometric;
    Chroma chroma;
  };
  for (const Kind& kind : {Kind{{}, Photometric::YCbCr, Chroma::HalfBoth},
                           Kind{{.half_width = true}, Photometric::YCbCr, Chroma::HalfWidth},
                           Kind{{.half_chroma = false}, Photometric::YCbCr, Chroma::Full},
                           Kind{{.rgb_inside = true}, Photometric::Rgb, Chroma::Full}}) {
    const Bytes tile = encode(kind.options);
    const auto storage = jpeg_storage(kind.photometric);
    const Taken taken = take(storage, tile);
    CHECK(taken.jpeg.has_value());
    if (!taken.jpeg) continue;
    CHECK_EQ(taken.jpeg->width_px, kSide);
    CHECK_EQ(taken.jpeg->height_px, kSide);
    CHECK_EQ(taken.jpeg->components, 3);
    CHECK(taken.jpeg->chroma == kind.chroma);
    CHECK_EQ(taken.jpeg->ycbcr, kind.photometric == Photometric::YCbCr);
    CHECK(tool.decode(taken.bytes, kSide, kSide) == decode_single(storage, {tile}));
  }
}

TEST(grey_tiles_are_taken) {
  if (!have_jpeg(__func__)) return;
  const Taken taken = take(jpeg_storage(Photometric::MinIsBlack, 1), encode({.grey = true}));
  CHECK(taken.jpeg.has_value());
  if (taken.jpeg) CHECK_EQ(taken.jpeg->components, 1);
  // White is zero there: whoever takes it as grey has the negative.
  CHECK(!take(jpeg_storage(Photometric::MinIsWhite, 1), encode({.grey = true})).jpeg);
}

TEST(the_photometric_tag_decides_the_colours) {
  if (!have_jpeg(__func__)) return;
  const Taken taken = take(jpeg_storage(Photometric::Rgb), encode({.half_chroma = false}));
  CHECK(taken.jpeg && !taken.jpeg->ycbcr);
  // RGB whose "chroma" is stored smaller is nobody's idea of an image.
  CHECK(!take(jpeg_storage(Photometric::Rgb), encode()).jpeg);
}

TEST(shared_tables_are_spliced_in) {
  if (!have_jpeg(__func__)) return;
  const Bytes whole = encode();
  Bytes tables{0xFF, 0xD8}, tile{0xFF, 0xD8};
  for (std::ptrdiff_t at = 2; at < scan_of(whole);) {
    const auto k = static_cast<std::size_t>(at);
    const std::ptrdiff_t end = at + 2 + (whole[k + 2] << 8 | whole[k + 3]);
    Bytes& to = whole[k + 1] == 0xDB || whole[k + 1] == 0xC4 ? tables : tile;
    to.insert(to.end(), whole.begin() + at, whole.begin() + end);
    at = end;
  }
  tile.insert(tile.end(), whole.begin() + scan_of(whole), whole.end());
  auto storage = jpeg_storage(Photometric::YCbCr);
  CHECK(!take(storage, tile).jpeg);  // without its tables it is no stream
  storage.jpeg_tables = tables;
  const Taken taken = take(storage, tile);
  CHECK(taken.jpeg.has_value());
  if (taken.jpeg) CHECK(JpegTool().decode(taken.bytes, kSide, kSide) == JpegTool().decode(whole, kSide, kSide));
  // Tables that hold an image are damage, and the tile's own decode says so.
  storage.jpeg_tables = whole;
  CHECK(!take(storage, tile).jpeg);
}

TEST(what_does_not_fit_or_is_not_the_tile_is_not_taken) {
  if (!have_jpeg(__func__)) return;
  const Bytes tile = encode();
  const auto storage = jpeg_storage(Photometric::YCbCr);
  const std::size_t needed = take(storage, tile).bytes.size();
  CHECK(take(storage, tile, needed).jpeg.has_value());
  CHECK(!take(storage, tile, needed - 1).jpeg);
  CHECK(!take(storage, {}).jpeg);  // missing
  CHECK(!take(storage, JpegTool().encode(picture(16, 16), 16, 16)).jpeg);
  CHECK(!take(storage, encode({.progressive = true})).jpeg);
  CHECK(!take(storage, encode({.grey = true})).jpeg);
  auto other = storage;
  other.compression = Compression::None;
  CHECK(!take(other, tile).jpeg);
  other = storage;
  other.tiled = false;
  CHECK(!take(other, tile).jpeg);
}

TEST(what_follows_the_image_is_cut_off) {
  if (!have_jpeg(__func__)) return;
  const auto storage = jpeg_storage(Photometric::YCbCr);
  Bytes tile = encode();
  const std::size_t alone = take(storage, tile).bytes.size();
  tile.insert(tile.end(), 40, 0xAB);
  const Taken taken = take(storage, tile);
  CHECK(taken.jpeg.has_value());
  CHECK_EQ(taken.bytes.size(), alone);
}

TEST(damage_is_never_taken) {
  if (!have_jpeg(__func__)) return;
  const auto storage = jpeg_storage(Photometric::YCbCr);
  const Bytes tile = encode();
  // Cut at every place: the end of the image is always missing.
  for (std::size_t bytes = 0; bytes < tile.size(); ++bytes)
    CHECK(!take(storage, Bytes(tile.begin(), tile.begin() + static_cast<std::ptrdiff_t>(bytes))).jpeg);
  // A marker in the scan.
  for (const int marker : {0xD0, 0xDA, 0xC0, 0xFF, 0x01}) {
    Bytes other = tile;
    const std::ptrdiff_t at = scan_of(tile) + 30;
    other[static_cast<std::size_t>(at)] = 0xFF;
    other[static_cast<std::size_t>(at) + 1] = static_cast<std::uint8_t>(marker);
    CHECK(!take(storage, other).jpeg);
  }
}

TEST(a_header_that_is_changed_anywhere_is_plain_or_not_taken) {
  if (!have_jpeg(__func__)) return;
  const auto storage = jpeg_storage(Photometric::YCbCr);
  const Bytes tile = encode();
  FakeSlide slide;
  slide.add_level(storage);
  TileDecoder decoder;
  Bytes room(1 << 16);
  int taken = 0, refused = 0;
  for (std::ptrdiff_t at = 2; at < scan_of(tile) + 14; ++at)
    for (const int change : {1, 0x10, 0x80}) {
      Bytes other = tile;
      other[static_cast<std::size_t>(at)] ^= static_cast<std::uint8_t>(change);
      slide.set_tile(0, 0, 0, other);
      const auto jpeg = decoder.take_jpeg(slide, storage, 0, {0, 0, 0}, room);
      ++(jpeg ? taken : refused);
      // What is taken says what its own header says, whatever the tile before said.
      if (jpeg) CHECK(jpeg->width_px == kSide && jpeg->height_px == kSide && jpeg->bytes <= room.size());
    }
  CHECK(taken > 0);  // of quantisation tables any value is one
  CHECK(refused > 0);
}

TEST_MAIN

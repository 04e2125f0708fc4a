// JPEG tiles without a TIFF around them: the segment reader, the splicer and the decoder, with the slide's shared
// tables and two tiles decoded in turn. The decompressor is kept from tile to tile; nothing of a tile may be seen in
// the next.
#include "decode/bad_tile.h"
#include "decode/jpeg_stream.h"
#include "test/fuzz/jpeg_mutator.h"
#include "test/fuzz/tile_checks.h"
#include "test/support/fake_slide.h"

namespace {

using namespace microtome;
using namespace microtome::fuzz;

slide::Storage storage_of(const JpegParts& input) {
  const auto colours = static_cast<std::uint8_t>(input.shape & 3);
  slide::Storage storage;
  storage.tiled = (input.shape & JpegParts::kStrips) == 0;
  storage.tile_width_px = input.width_px;
  storage.tile_height_px = input.height_px;
  const std::int64_t cut = (input.shape & JpegParts::kNarrow) != 0 ? 3 : 0;
  storage.width_px =
      storage.tiled ? std::max<std::int64_t>(input.width_px + 1, 2 * input.width_px - cut) : input.width_px;
  storage.height_px = storage.tiled ? std::max<std::int64_t>(1, input.height_px - cut)
                                    : std::max<std::int64_t>(input.height_px + 1, 2 * input.height_px - cut);
  storage.samples = colours == JpegParts::kGrey ? 1 : 3;
  storage.planar = colours == JpegParts::kPlanes;
  storage.photometric = colours == JpegParts::kYCbCr  ? slide::Photometric::YCbCr
                        : colours == JpegParts::kGrey ? slide::Photometric::MinIsBlack
                                                      : slide::Photometric::Rgb;
  storage.compression = slide::Compression::Jpeg;
  storage.jpeg_tables = input.parts[0];
  return storage;
}

// A stream that was made whole says what the tile said, and is no longer than its parts and the markers added.
void check_stream(std::span<const std::uint8_t> tables, std::span<const std::uint8_t> tile, decode::JpegColor color) {
  try {
    const decode::JpegFrame frame = decode::read_jpeg_frame(tile);
    REQUIRE(frame.width_px >= 1 && frame.width_px <= 0xFFFF && frame.height_px >= 1 && frame.height_px <= 0xFFFF);
    REQUIRE(frame.components >= 1 && frame.components <= 255);
    decode::JpegStream stream{Bytes(3, 1), true};  // what another tile left there
    decode::splice_jpeg(tables, tile, frame.components, color, stream);
    REQUIRE(stream.bytes.size() <= tables.size() + tile.size() + 32);
    const decode::JpegFrame spliced = decode::read_jpeg_frame(stream.bytes);
    REQUIRE(spliced.width_px == frame.width_px && spliced.height_px == frame.height_px &&
            spliced.components == frame.components);
    check_own_jpeg(stream, frame);
  } catch (const decode::BadTile& bad) {
    REQUIRE(bad.what()[0] != 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  decode::set_codec_paths({environment("MICROTOME_JPEG_LIBRARY"), ""});
  if (!decode::jpeg_report().loaded) {
    std::fprintf(stderr, "MICROTOME_JPEG_LIBRARY must name libturbojpeg\n");
    return 1;
  }
  report_cpu_time();
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  const Bytes changed = JpegMutator(JpegParts::parse({data, size}), max_size, seed).run().bytes();
  if (changed.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::copy(changed.begin(), changed.end(), data);
  return changed.size();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const JpegParts input = JpegParts::parse({data, size});
  const slide::Storage storage = storage_of(input);
  const auto color =
      storage.photometric == slide::Photometric::YCbCr ? decode::JpegColor::YCbCr : decode::JpegColor::AsStored;
  check_stream(input.parts[0], input.parts[1], color);
  check_stream(input.parts[0], input.parts[2], color);

  test::FakeSlide slide;
  slide.set_limits(tight_limits());
  slide.add_level(storage);
  const int planes = storage.planar ? 3 : 1;
  for (int plane = 0; plane < planes; ++plane) {
    slide.set_tile(0, 0, 0, input.parts[1 + static_cast<std::size_t>(plane % 2)], plane);
    slide.set_tile(0, storage.tiled ? 1 : 0, storage.tiled ? 0 : 1, input.parts[2], plane);
  }
  const auto& level = slide.levels()[0];
  decode::TileDecoder kept;
  for (const int which : {0, 1, 0}) {
    const TileAddress address{0, storage.tiled ? which : 0, storage.tiled ? 0 : which};
    check_tile(kept, {slide, level.storage, 0, address}, true);
  }
  return 0;
}

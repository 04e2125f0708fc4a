// Stored tiles of every compression but JPEG, without a TIFF around them: the codecs that are compiled in, uncompressed
// samples, predictor, byte order, planes. Without a codec for the compression the tile is refused, and that is all.
#include "decode/codecs.h"
#include "test/fuzz/coded_tile.h"
#include "test/fuzz/tile_checks.h"
#include "test/support/fake_slide.h"

namespace {

using namespace microtome;
using namespace microtome::fuzz;

bool can_decode(const slide::Storage& storage) {
  return !try_it({Code::UNSUPPORTED_PIXELS, Code::UNSUPPORTED_COMPRESSION, Code::RUNTIME_MISSING},
                 [&] { decode::require_codec(storage, "fake slide"); });
}

// A level like the first, uncompressed and filled: what it leaves in a decoder's memory must not be seen afterwards.
void add_filled_level(test::FakeSlide& slide, slide::Storage storage) {
  storage.compression = slide::Compression::None;
  storage.planar = false;
  storage.photometric = storage.samples < 3 ? slide::Photometric::MinIsBlack : slide::Photometric::Rgb;
  const std::int64_t bytes = storage.tile_width_px * storage.tile_height_px * storage.samples * storage.bits / 8;
  slide.add_level(std::move(storage));
  slide.set_tile(1, 0, 0, Bytes(static_cast<std::size_t>(bytes), 0xEE));
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  decode::set_codec_paths({"", environment("MICROTOME_VIPS_LIBRARY")});
  report_cpu_time();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const CodedTileInput input = CodedTileInput::parse({data, size});
  test::FakeSlide slide;
  slide.set_limits(tight_limits());
  slide.add_level(input.storage());
  add_filled_level(slide, input.storage());
  const slide::Storage& storage = slide.levels()[0].storage;
  if (!can_decode(storage)) return 0;
  // Each plane starts a byte later, so that planes differ and a codec sees streams that are cut in front.
  for (int plane = 0; plane < (storage.planar ? storage.samples : 1); ++plane) {
    const std::size_t skipped = std::min<std::size_t>(input.tile.size(), static_cast<std::size_t>(plane) / 2);
    slide.set_tile(0, 0, 0, std::span(input.tile).subspan(skipped), plane);
  }
  decode::TileDecoder kept;
  const auto check = [&] { check_tile(kept, {slide, storage, 0, {0, 0, 0}}, true); };
  const auto fill = [&] {
    (void)try_it({Code::LIMIT_EXCEEDED}, [&] { (void)kept.load(slide, slide.levels()[1].storage, 1, {1, 0, 0}); });
  };
  fill();
  check();
  // Large tiles once only: their pixels take all the time, and tell no more.
  if (storage.tile_width_px * storage.tile_height_px > 4096) return 0;
  fill();
  check();
  return 0;
}

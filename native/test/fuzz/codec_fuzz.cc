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
  const slide::Storage& storage = slide.levels()[0].storage;
  if (!can_decode(storage)) return 0;
  // Each plane starts a byte later, so that planes differ and a codec sees streams that are cut in front.
  for (int plane = 0; plane < (storage.planar ? storage.samples : 1); ++plane) {
    const std::size_t skipped = std::min<std::size_t>(input.tile.size(), static_cast<std::size_t>(plane) / 2);
    slide.set_tile(0, 0, 0, std::span(input.tile).subspan(skipped), plane);
  }
  // Large tiles once only: their pixels take all the time, and tell no more.
  const int times = storage.tile_width_px * storage.tile_height_px <= 4096 ? 2 : 1;
  decode::TileDecoder kept;
  for (int i = 0; i < times; ++i) check_tile(kept, {slide, storage, 0, {0, 0, 0}}, true);
  return 0;
}

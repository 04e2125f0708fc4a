// Images that are no slides: each input is a file. The decoder is kept from image to image; what it says of an image
// does not depend on the one before.
#include "decode/codec_libraries.h"
#include "decode/image_decoder.h"
#include "test/fuzz/fuzz_support.h"

namespace {

using namespace microtome;
using namespace microtome::fuzz;

constexpr std::int64_t kDecodedBytes = 16 << 20;  // larger ones are only looked at

struct Outcome {
  std::optional<Code> error;
  std::int64_t width_px = 0;
  Bytes pixels;
  bool operator==(const Outcome&) const = default;
};

Outcome outcome_of(decode::ImageDecoder& decoder, std::span<const std::uint8_t> file) {
  Outcome outcome;
  const auto error = try_it({Code::IMAGES_INVALID, Code::TRUNCATED, Code::LIMIT_EXCEEDED, Code::UNSUPPORTED_COMPRESSION,
                             Code::UNSUPPORTED_PIXELS},
                            [&] {
                              decode::ImageFacts facts = decoder.look(file);
                              REQUIRE(facts.width_px >= 1 && facts.height_px >= 1);
                              REQUIRE(facts.width_px * facts.height_px <= decode::kMostImagePx);
                              REQUIRE(facts.decoded_bytes >= 3 * facts.width_px * facts.height_px);
                              if (facts.decoded_bytes > kDecodedBytes) return;
                              const ConstRgbView image = decoder.decode(facts);
                              REQUIRE(image.width_px == facts.upright_width_px());
                              REQUIRE(image.height_px == facts.upright_height_px());
                              outcome.width_px = image.width_px;
                              outcome.pixels.assign(image.data, image.data + 3 * image.width_px * image.height_px);
                            });
  if (error) outcome.error = error->code();
  return outcome;
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

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static decode::ImageDecoder kept;
  const Bytes file(data, data + size);  // a block of its own, so that a read past it is seen
  const Outcome first = outcome_of(kept, file);
  decode::ImageDecoder fresh;
  REQUIRE(first == outcome_of(fresh, file));
  return 0;
}

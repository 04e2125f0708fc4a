// WebP through libwebp, straight into the samples. libwebp allocates its state anew for each picture.
#include <webp/decode.h>

#include <new>
#include <string>

#include "decode/bad_tile.h"
#include "decode/built_in_codecs.h"

namespace microtome::decode {
namespace {

const char* status_text(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return "it uses an unsupported feature";
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
      return "it ends too early";
    default:
      return "it is damaged";
  }
}

void require_features(const WebPBitstreamFeatures& found, const StripShape& shape) {
  if (found.has_animation != 0) throw BadTile("its WebP picture is an animation");
  if (found.width != shape.width_px || found.height != shape.height_px)
    throw BadTile("its WebP picture is " + std::to_string(found.width) + " x " + std::to_string(found.height) +
                  " pixels, expected " + std::to_string(shape.width_px) + " x " + std::to_string(shape.height_px));
  // Encoders drop an alpha that is opaque everywhere; one that TIFF does not know of is another matter.
  if (found.has_alpha != 0 && shape.samples != 4)
    throw BadTile("its WebP picture has an alpha channel, expected " + std::to_string(shape.samples) + " samples");
}

class WebpCodec final : public Codec {
 public:
  void decode(const CodedTile& tile, std::span<std::uint8_t> out) override {
    WebPDecoderConfig config;
    if (WebPInitDecoderConfig(&config) == 0) throw BadTile("libwebp does not fit its header");
    const VP8StatusCode read = WebPGetFeatures(tile.stored.data(), tile.stored.size(), &config.input);
    if (read != VP8_STATUS_OK) throw BadTile(std::string("its WebP header cannot be read: ") + status_text(read));
    require_features(config.input, tile.shape);
    config.output.colorspace = tile.shape.samples == 4 ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = out.data();
    config.output.u.RGBA.stride = static_cast<int>(tile.shape.width_px * tile.shape.samples);
    config.output.u.RGBA.size = out.size();
    const VP8StatusCode status = WebPDecode(tile.stored.data(), tile.stored.size(), &config);
    if (status == VP8_STATUS_OUT_OF_MEMORY) throw std::bad_alloc();
    if (status != VP8_STATUS_OK)
      throw BadTile(std::string("its WebP picture cannot be decoded: ") + status_text(status));
  }
};

std::string version_text() {
  const int version = WebPGetDecoderVersion();
  return std::to_string(version >> 16) + "." + std::to_string(version >> 8 & 255) + "." + std::to_string(version & 255);
}

}  // namespace

BuiltInCodec webp_codec() {
  return {"libwebp", version_text(), []() -> std::unique_ptr<Codec> { return std::make_unique<WebpCodec>(); }};
}

}  // namespace microtome::decode

#include "decode/tile_codecs.h"

#include "core/error.h"
#include "decode/predictor.h"
#include "decode/uncompressed.h"

namespace microtome::decode {
namespace {

using slide::Compression;
using slide::Storage;

// What a stream may hold beyond its tile: libtiff ignores it, however much it is.
constexpr std::size_t kSurplusBytes = 64 << 10;

}  // namespace

bool TileCodecs::decodes(Compression compression) {
  return compression == Compression::None || built_in_codec(compression) != nullptr;
}

void TileCodecs::decode(const Storage& storage, const StripShape& shape, std::span<const std::uint8_t> stored,
                        std::span<std::uint8_t> out) {
  if (storage.compression == Compression::None)
    return copy_uncompressed(stored, shape.bits, storage.big_endian, storage.fill_order, out);
  auto& codec = codecs_[static_cast<std::size_t>(storage.compression)];
  if (!codec) {
    const BuiltInCodec* const built_in = built_in_codec(storage.compression);
    if (built_in == nullptr)
      throw Error(Code::INTERNAL, Stage::Decode, "a codec that is not compiled in was asked for");
    codec = built_in->make();
  }
  const std::size_t whole =
      out.size() / static_cast<std::size_t>(shape.height_px) * static_cast<std::size_t>(storage.tile_height_px);
  const bool pixels = slide::is_jpeg2000(storage.compression) || storage.compression == Compression::WebP;
  // No reader turns the bits of JPEG 2000.
  if (storage.fill_order == 2 && !slide::is_jpeg2000(storage.compression)) {
    turned_.assign(stored.begin(), stored.end());
    turn_bits(turned_);
    stored = turned_;
  }
  codec->decode({stored, shape, whole + kSurplusBytes, storage.compression, storage.photometric}, out);
  if (pixels) return;
  if (shape.bits == 16) to_machine_order(out, storage.big_endian);
  if (storage.predictor == 2) undo_differences(out, shape.width_px * shape.samples, shape.samples, shape.bits);
}

}  // namespace microtome::decode

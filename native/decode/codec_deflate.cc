// Deflate in zlib's wrapping, through libdeflate: whole buffers, checksum verified, no allocation per tile.
#include <libdeflate.h>

#include <new>

#include "decode/built_in_codecs.h"
#include "decode/exact_bytes.h"

namespace microtome::decode {
namespace {

struct FreeDeflate {
  void operator()(libdeflate_decompressor* one) const { libdeflate_free_decompressor(one); }
};

class DeflateCodec final : public Codec {
 public:
  DeflateCodec() : decompressor_(libdeflate_alloc_decompressor()) {
    if (!decompressor_) throw std::bad_alloc();
  }

  // Bytes after the stream are ignored, as libtiff does.
  void decode(const CodedTile& tile, std::span<std::uint8_t> out) override {
    decode_exactly(out, tile.bytes_most, padded_, [&](std::span<std::uint8_t> to) -> DecodedBytes {
      std::size_t used = 0, made = 0;
      const libdeflate_result result = libdeflate_zlib_decompress_ex(
          decompressor_.get(), tile.stored.data(), tile.stored.size(), to.data(), to.size(), &used, &made);
      if (result == LIBDEFLATE_INSUFFICIENT_SPACE) return {true, 0};
      if (result != LIBDEFLATE_SUCCESS) throw BadTile("its Deflate stream is damaged or incomplete");
      return {false, made};
    });
  }

 private:
  std::unique_ptr<libdeflate_decompressor, FreeDeflate> decompressor_;
  std::vector<std::uint8_t> padded_;
};

}  // namespace

BuiltInCodec deflate_codec() {
  return {"libdeflate", LIBDEFLATE_VERSION_STRING,
          []() -> std::unique_ptr<Codec> { return std::make_unique<DeflateCodec>(); }};
}

}  // namespace microtome::decode

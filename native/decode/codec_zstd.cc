// Zstandard through libzstd: one frame at once, straight into the samples, so that no window is allocated whatever
// the frame asks for.
#include <zstd.h>
#include <zstd_errors.h>

#include <new>

#include "decode/built_in_codecs.h"
#include "decode/exact_bytes.h"

namespace microtome::decode {
namespace {

struct FreeZstd {
  void operator()(ZSTD_DCtx* one) const { ZSTD_freeDCtx(one); }
};

class ZstdCodec final : public Codec {
 public:
  ZstdCodec() : context_(ZSTD_createDCtx()) {
    if (!context_) throw std::bad_alloc();
  }

  // The first frame is the tile, and what follows it is ignored, as libtiff does. Frames of the formats before 1.0
  // and skippable ones are refused.
  void decode(const CodedTile& tile, std::span<std::uint8_t> out) override {
    constexpr std::uint8_t kMagic[] = {0x28, 0xB5, 0x2F, 0xFD};
    if (tile.stored.size() < sizeof kMagic || std::memcmp(tile.stored.data(), kMagic, sizeof kMagic) != 0)
      throw BadTile("it does not begin with a ZSTD frame");
    const std::size_t frame = ZSTD_findFrameCompressedSize(tile.stored.data(), tile.stored.size());
    if (ZSTD_isError(frame)) throw BadTile(std::string("its ZSTD frame is damaged: ") + ZSTD_getErrorName(frame));
    const unsigned long long declared = ZSTD_getFrameContentSize(tile.stored.data(), tile.stored.size());
    const bool known = declared != ZSTD_CONTENTSIZE_UNKNOWN && declared != ZSTD_CONTENTSIZE_ERROR;
    decode_exactly(out, tile.bytes_most, padded_, [&](std::span<std::uint8_t> to) -> DecodedBytes {
      if (known && declared > to.size()) return {true, 0};
      const std::size_t made = ZSTD_decompressDCtx(context_.get(), to.data(), to.size(), tile.stored.data(), frame);
      if (!ZSTD_isError(made)) return {false, made};
      if (ZSTD_getErrorCode(made) == ZSTD_error_dstSize_tooSmall) return {true, 0};
      throw BadTile(std::string("its ZSTD frame is damaged: ") + ZSTD_getErrorName(made));
    });
  }

 private:
  std::unique_ptr<ZSTD_DCtx, FreeZstd> context_;
  std::vector<std::uint8_t> padded_;
};

}  // namespace

BuiltInCodec zstd_codec() {
  return {"libzstd", ZSTD_versionString(), []() -> std::unique_ptr<Codec> { return std::make_unique<ZstdCodec>(); }};
}

}  // namespace microtome::decode

// Which codecs this build has of its own: the only place that knows the build's switches.
#include "decode/built_in_codecs.h"

#include <optional>

namespace microtome::decode {
namespace {

using slide::Compression;

struct Table {
  std::optional<BuiltInCodec> deflate, lzw, zstd, webp, jpeg2000;

  Table() {
    lzw = lzw_codec();
#ifdef MICROTOME_WITH_DEFLATE
    deflate = deflate_codec();
#endif
#ifdef MICROTOME_WITH_ZSTD
    zstd = zstd_codec();
#endif
#ifdef MICROTOME_WITH_WEBP
    webp = webp_codec();
#endif
#ifdef MICROTOME_WITH_JPEG2000
    jpeg2000 = jpeg2000_codec();
#endif
  }
};

}  // namespace

const BuiltInCodec* built_in_codec(Compression compression) {
  static const Table table;
  const auto found = [](const std::optional<BuiltInCodec>& one) { return one ? &*one : nullptr; };
  switch (compression) {
    case Compression::Deflate:
      return found(table.deflate);
    case Compression::Lzw:
      return found(table.lzw);
    case Compression::Zstd:
      return found(table.zstd);
    case Compression::WebP:
      return found(table.webp);
    case Compression::Jpeg2000:
    case Compression::Jpeg2000Rgb:
    case Compression::Jpeg2000YCbCr:
    case Compression::Jpeg2000Lossy:
      return found(table.jpeg2000);
    case Compression::None:
    case Compression::Jpeg:
    case Compression::Rendered:
      break;
  }
  return nullptr;
}

}  // namespace microtome::decode

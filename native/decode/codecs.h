// Who decodes which compression here: a codec that is compiled in, libjpeg-turbo or libvips, or nobody. Everything here
// is safe to call from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "slide/slide.h"

namespace microtome::decode {

// Who decodes a compression here.
struct CodecSource {
  std::string codec;    // "none", "jpeg", "lzw", "deflate", "zstd", "webp", "jpeg2000"
  std::string library;  // "libdeflate", "libvips", "microtome" for what is written here; empty: nobody
  std::string version;
  bool built_in = false;
};
// All of them, in the order above. Opens libvips only for what is not compiled in; never throws.
[[nodiscard]] std::vector<CodecSource> available_codecs();

// Throws UNSUPPORTED_COMPRESSION naming the codec that is missing, UNSUPPORTED_PIXELS, or RUNTIME_MISSING naming the
// library.
void require_codec(const slide::Storage& storage, const std::string& path);

// The same for a picture of a slide; of one that is put together of pages, for each of them.
void require_codec(const slide::Slide& slide, const slide::Storage& storage, std::size_t directory);

// How a compression is called in messages: "ZSTD", "JPEG 2000".
[[nodiscard]] const char* codec_title(slide::Compression compression) noexcept;

// Whether libvips decodes a tiny image of this compression to the right pixels. Tried once per process. Throws
// RUNTIME_MISSING when libvips is not there.
[[nodiscard]] bool vips_decodes(slide::Compression compression);

}  // namespace microtome::decode

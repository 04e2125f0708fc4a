// The codec libraries of this process, and what they can decode. Each is opened at its first use and never closed.
// Everything here is safe to call from any thread.
#pragma once

#include "decode/turbojpeg_library.h"
#include "decode/vips_library.h"
#include "slide/slide.h"

namespace microtome::decode {

// Throw RUNTIME_MISSING naming the library and the loader's reason.
[[nodiscard]] const TurboJpeg& turbojpeg();
[[nodiscard]] const Vips& vips();
// nullptr while nothing has opened it. Never throws.
[[nodiscard]] const Vips* vips_if_open() noexcept;

// How a compression is called in messages: "ZSTD", "JPEG 2000".
[[nodiscard]] const char* codec_title(slide::Compression compression) noexcept;

// Whether libvips decodes a tiny image of this compression to the right pixels. Tried once per process. Throws
// RUNTIME_MISSING when libvips is not there.
[[nodiscard]] bool vips_decodes(slide::Compression compression);

}  // namespace microtome::decode

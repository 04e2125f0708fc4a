// OpenSlide's pixels as ours: premultiplied ARGB on white.
#pragma once

#include <cstdint>
#include <span>

#include "core/image.h"

namespace microtome::openslide {

// Writes `out` from `from`, whose rows are `stride_px` pixels apart. A premultiplied sample p with the opacity a is
// p + 255 - a on white: exactly, because premultiplied means that p is already the sample times a / 255. A p above its
// a, which no painter makes, is taken as a. Returns how many of the pixels are wholly transparent.
std::int64_t write_on_white(std::span<const std::uint32_t> from, std::int64_t stride_px, const RgbView& out) noexcept;

}  // namespace microtome::openslide

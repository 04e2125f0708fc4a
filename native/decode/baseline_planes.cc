#if defined(__x86_64__)

#include "decode/baseline_planes.h"

#include <algorithm>
#include <cstring>

#include "decode/baseline_kernels.h"

namespace microtome::decode {
namespace {

// Vectors may reach so far beyond a row, which is more than a block.
constexpr std::int64_t kVectorPx = 32;

}  // namespace

void BaselinePlanes::shape(const BaselineHeader& header) {
  header_ = &header;
  const std::int64_t chroma_width = header.chroma == Chroma::Full ? header.width_px : header.width_px / 2;
  for (std::size_t i = 0; i < 3; ++i) {
    Plane& plane = planes_[i];
    plane.mcu_width = i == 0 ? header.mcu_width_px() : 8;
    plane.mcu_height = i == 0 ? header.mcu_height_px() : 8;
    const std::int64_t width = i == 0 ? header.width_px : chroma_width;
    plane.stride = (width + kVectorPx - 1) / kVectorPx * kVectorPx + kVectorPx;
    plane.samples.resize(static_cast<std::size_t>(2 * plane.mcu_height * plane.stride));
  }
  for (auto& row : chroma_) row.resize(static_cast<std::size_t>(chroma_width + 2 + kVectorPx));
  pixels_.resize(static_cast<std::size_t>(3 * header.width_px));
}

std::int64_t BaselinePlanes::rows_complete(std::int64_t mcu_rows) const noexcept {
  const std::int64_t rows = mcu_rows * header_->mcu_height_px();
  // Where chroma has half the height, the last row of an MCU takes in the first of the MCU below.
  const bool waits = header_->chroma == Chroma::HalfBoth && rows != header_->height_px;
  return waits ? rows - 1 : rows;
}

void BaselinePlanes::start_row(std::int64_t y) {
  row_ = y;
  const std::int64_t chroma_width = header_->width_px / 2;
  if (header_->chroma == Chroma::HalfWidth)
    for (std::size_t i = 0; i < 2; ++i) widen_row_avx2(planes_[1 + i].row(y), chroma_width, chroma_[i].data());
  if (header_->chroma != Chroma::HalfBoth) return;
  // The nearer row of chroma counts three times as much as the other; the picture's first and last repeat.
  const std::int64_t near = y / 2;
  const std::int64_t far = std::clamp<std::int64_t>(y % 2 == 0 ? near - 1 : near + 1, 0, header_->height_px / 2 - 1);
  for (std::size_t i = 0; i < 2; ++i)
    blend_rows_avx2(planes_[1 + i].row(near), planes_[1 + i].row(far), chroma_width, chroma_[i].data());
}

void BaselinePlanes::write(std::int64_t x, std::int64_t width_px, std::uint8_t* out) {
  const std::uint8_t* const luma = planes_[0].row(row_) + x;
  if (header_->chroma == Chroma::Full) {
    const auto convert = header_->ycbcr ? rgb_from_444_avx2 : interleave_avx2;
    return convert(luma, planes_[1].row(row_) + x, planes_[2].row(row_) + x, width_px, out);
  }
  if (x % 2 != 0) {  // the right one of two pixels that share a sample of chroma
    write(x - 1, width_px + 1, pixels_.data());
    std::memcpy(out, pixels_.data() + 3, static_cast<std::size_t>(3 * width_px));
    return;
  }
  const auto convert = header_->chroma == Chroma::HalfWidth ? rgb_from_422_avx2 : rgb_from_420_avx2;
  convert(luma, {chroma_[0].data() + x / 2, chroma_[1].data() + x / 2}, width_px, out);
}

}  // namespace microtome::decode

#endif

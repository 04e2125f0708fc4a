#if defined(__x86_64__)

#include "decode/baseline_planes.h"

#include <algorithm>

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
}

std::int64_t BaselinePlanes::rows_complete(std::int64_t mcu_rows) const noexcept {
  const std::int64_t rows = mcu_rows * header_->mcu_height_px();
  // Where chroma has half the height, the last row of an MCU takes in the first of the MCU below.
  const bool waits = header_->chroma == Chroma::HalfBoth && rows != header_->height_px;
  return waits ? rows - 1 : rows;
}

void BaselinePlanes::write_row(std::int64_t y, std::uint8_t* out) {
  const std::int64_t width = header_->width_px;
  if (header_->chroma == Chroma::Full) {
    const auto write = header_->ycbcr ? rgb_from_444_avx2 : interleave_avx2;
    write(planes_[0].row(y), planes_[1].row(y), planes_[2].row(y), width, out);
    return;
  }
  if (header_->chroma == Chroma::HalfWidth) {
    for (std::size_t i = 0; i < 2; ++i) widen_row_avx2(planes_[1 + i].row(y), width / 2, chroma_[i].data());
    rgb_from_422_avx2(planes_[0].row(y), {chroma_[0].data(), chroma_[1].data()}, width, out);
    return;
  }
  // The nearer row of chroma counts three times as much as the other; the picture's first and last repeat.
  const std::int64_t near = y / 2;
  const std::int64_t far = std::clamp<std::int64_t>(y % 2 == 0 ? near - 1 : near + 1, 0, header_->height_px / 2 - 1);
  for (std::size_t i = 0; i < 2; ++i)
    blend_rows_avx2(planes_[1 + i].row(near), planes_[1 + i].row(far), width / 2, chroma_[i].data());
  rgb_from_420_avx2(planes_[0].row(y), {chroma_[0].data(), chroma_[1].data()}, width, out);
}

}  // namespace microtome::decode

#endif

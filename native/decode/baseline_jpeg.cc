#include "decode/baseline_jpeg.h"

#include "core/simd.h"

#if defined(__x86_64__)
#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "decode/baseline_header.h"
#include "decode/baseline_kernels.h"
#include "decode/baseline_scan.h"
#endif

namespace microtome::decode {

#if defined(__x86_64__)
namespace {

// Decoded to coefficients at a time: they and the tables stay in the level-1 cache.
constexpr std::int64_t kChunkMcus = 8;
// Vectors may reach beyond a row.
constexpr std::int64_t kVectorPx = 32;

// A ring of rows of samples. It holds two MCU rows, so that the rows next to an edge between them are there.
class Plane {
 public:
  void shape(std::int64_t width, std::int64_t mcu_width, std::int64_t mcu_height) {
    stride_ = (width + kVectorPx - 1) / kVectorPx * kVectorPx + kVectorPx;
    mcu_width_ = mcu_width;
    mcu_height_ = mcu_height;
    samples_.resize(static_cast<std::size_t>(2 * mcu_height * stride_));
  }
  [[nodiscard]] std::uint8_t* row(std::int64_t y) noexcept {
    const std::int64_t last = 2 * mcu_height_ - 1;  // a power of two, less one
    return samples_.data() + (y & last) * stride_;
  }
  [[nodiscard]] std::uint8_t* mcu(std::int64_t column, std::int64_t mcu_row) noexcept {
    return row(mcu_row * mcu_height_) + column * mcu_width_;
  }
  [[nodiscard]] std::int64_t stride() const noexcept { return stride_; }

 private:
  std::vector<std::uint8_t> samples_;
  std::int64_t stride_ = 0;
  std::int64_t mcu_width_ = 8;
  std::int64_t mcu_height_ = 8;
};

}  // namespace

struct BaselineJpeg::Impl {
  BaselineHeader header;
  std::vector<std::uint8_t> header_bytes;  // what `header` was read from; empty: nothing
  BaselineScan scan;
  std::array<Plane, 3> planes;
  std::array<std::vector<std::int16_t>, 2> chroma;  // one row of Cb, of Cr, see ChromaRow
  // One chunk: its blocks in the order of the stream, where each lies from the chunk's first sample, and two to a pair.
  std::vector<BlockSlot> slots;
  std::vector<std::int64_t> offsets;
  std::vector<BlockPair> pairs;
  std::array<BlockPair::Divisors, 4> divisors;  // of two blocks of Y, of Cb, of Cr, and of one of Cb and one of Cr

  [[nodiscard]] std::size_t blocks_per_mcu() const noexcept {
    return header.chroma == Chroma::Full ? 3 : header.chroma == Chroma::HalfWidth ? 4 : 6;
  }

  bool read_header(std::span<const std::uint8_t> stream) {
    if (!header_bytes.empty() && stream.size() >= header_bytes.size() &&
        std::equal(header_bytes.begin(), header_bytes.end(), stream.begin()))
      return true;
    header_bytes.clear();
    if (!header.read(stream)) return false;
    set_divisors();
    set_planes();
    set_slots();
    header_bytes.assign(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(header.scan_begin));
    return true;
  }

  void set_divisors() {
    constexpr std::size_t kLanes[4][2] = {{0, 0}, {1, 1}, {2, 2}, {1, 2}};  // components
    for (std::size_t which = 0; which < 4; ++which)
      for (std::size_t lane = 0; lane < 2; ++lane)
        for (std::size_t i = 0; i < 64; ++i)
          divisors[which].values[BlockPair::kRow * (i / 8) + BlockPair::kLane * lane + i % 8] =
              (*header.components[kLanes[which][lane]].quant)[i];
  }

  void set_planes() {
    const std::int64_t chroma_width = header.chroma == Chroma::Full ? header.width_px : header.width_px / 2;
    planes[0].shape(header.width_px, header.mcu_width_px(), header.mcu_height_px());
    planes[1].shape(chroma_width, 8, 8);
    planes[2].shape(chroma_width, 8, 8);
    for (auto& row : chroma) row.resize(static_cast<std::size_t>(chroma_width + 2 + kVectorPx));
  }

  // Blocks beside each other share a pair: of Y in one MCU, or of each component in two; else Cb and Cr do.
  void set_slots() {
    slots.clear();
    offsets.clear();
    pairs.assign(kChunkMcus * blocks_per_mcu() / 2, {});
    BlockPair* pair = pairs.data();
    const auto add = [&](std::size_t component, std::size_t lane, BlockPair& to, std::int64_t x, std::int64_t y) {
      const auto& from = header.components[component];
      slots.push_back({from.dc, from.ac, component, &to, lane});
      offsets.push_back(y * planes[component].stride() + x);
      to.out_stride = planes[component].stride();
    };
    for (std::int64_t mcu = 0; mcu < kChunkMcus; ++mcu) {
      if (header.chroma == Chroma::Full) {
        const auto lane = static_cast<std::size_t>(mcu % 2);
        for (std::size_t c = 0; c < 3; ++c) {
          add(c, lane, pair[c], 8 * mcu, 0);
          pair[c].divisors = &divisors[c];
        }
        if (lane == 1) pair += 3;
        continue;
      }
      for (std::int64_t y = 0; y < header.mcu_height_px(); y += 8, ++pair) {
        for (std::size_t lane = 0; lane < 2; ++lane) add(0, lane, *pair, 16 * mcu + 8 * static_cast<int>(lane), y);
        pair->divisors = &divisors[0];
      }
      for (std::size_t lane = 0; lane < 2; ++lane) add(1 + lane, lane, *pair, 8 * mcu, 0);
      pair->divisors = &divisors[3];
      ++pair;
    }
  }

  // MCUs [first, first + count) of a row to samples. An odd one out is decoded with a block beside it that is not
  // there: its coefficients are zeros and its samples go behind the row's.
  bool decode_chunk(std::int64_t mcu_row, std::int64_t first, std::int64_t count) {
    const std::size_t decoded = static_cast<std::size_t>(count) * blocks_per_mcu();
    const std::int64_t whole_pairs = header.chroma == Chroma::Full ? count + count % 2 : count;
    const std::size_t placed = static_cast<std::size_t>(whole_pairs) * blocks_per_mcu();
    const std::array<std::uint8_t*, 3> corners{planes[0].mcu(first, mcu_row), planes[1].mcu(first, mcu_row),
                                               planes[2].mcu(first, mcu_row)};
    for (std::size_t i = 0; i < placed; ++i) {
      const BlockSlot& slot = slots[i];
      slot.pair->out[slot.lane] = corners[slot.component] + offsets[i];
      slot.pair->used = 0;
    }
    if (!scan.decode(std::span(slots).first(decoded))) {
      for (BlockPair& pair : pairs) pair.coefficients.fill(0);  // of the blocks before the damage
      return false;
    }
    return inverse_dct_avx2(std::span(pairs).first(placed / 2));
  }

  bool decode_mcu_row(std::int64_t mcu_row) {
    const std::int64_t mcus = header.width_px / header.mcu_width_px();
    for (std::int64_t first = 0; first < mcus; first += kChunkMcus)
      if (!decode_chunk(mcu_row, first, std::min(kChunkMcus, mcus - first))) return false;
    return true;
  }

  void write_full(std::int64_t y, std::uint8_t* out) {
    const auto write = header.ycbcr ? rgb_from_444_avx2 : interleave_avx2;
    write(planes[0].row(y), planes[1].row(y), planes[2].row(y), header.width_px, out);
  }

  void write_half_width(std::int64_t y, std::uint8_t* out) {
    for (std::size_t i = 0; i < 2; ++i) widen_row_avx2(planes[1 + i].row(y), header.width_px / 2, chroma[i].data());
    rgb_from_422_avx2(planes[0].row(y), {chroma[0].data(), chroma[1].data()}, header.width_px, out);
  }

  // The nearer row of chroma counts three times as much as the other; the picture's first and last repeat.
  void write_half_both(std::int64_t y, std::uint8_t* out) {
    const std::int64_t near = y / 2;
    const std::int64_t far = std::clamp<std::int64_t>(y % 2 == 0 ? near - 1 : near + 1, 0, header.height_px / 2 - 1);
    for (std::size_t i = 0; i < 2; ++i)
      blend_rows_avx2(planes[1 + i].row(near), planes[1 + i].row(far), header.width_px / 2, chroma[i].data());
    rgb_from_420_avx2(planes[0].row(y), {chroma[0].data(), chroma[1].data()}, header.width_px, out);
  }

  bool decode(std::uint8_t* out, std::int64_t stride_bytes) {
    std::int64_t y = 0;  // the next row to write
    for (std::int64_t end = header.mcu_height_px(); end <= header.height_px; end += header.mcu_height_px()) {
      if (!decode_mcu_row(end / header.mcu_height_px() - 1)) return false;
      // Chroma of half the height: the last row of an MCU row needs the first of the next one.
      const bool waits = header.chroma == Chroma::HalfBoth && end != header.height_px;
      for (; y < (waits ? end - 1 : end); ++y) {
        std::uint8_t* const row = out + y * stride_bytes;
        if (header.chroma == Chroma::Full)
          write_full(y, row);
        else if (header.chroma == Chroma::HalfWidth)
          write_half_width(y, row);
        else
          write_half_both(y, row);
      }
    }
    return scan.at_end();
  }
};

bool BaselineJpeg::available() noexcept { return best_simd() >= Simd::Avx2; }

bool BaselineJpeg::decode(std::span<const std::uint8_t> stream, std::int64_t width_px, std::int64_t height_px,
                          std::uint8_t* out, std::int64_t stride_bytes) {
  if (!available()) return false;
  Impl& impl = *impl_;
  if (!impl.read_header(stream) || impl.header.width_px != width_px || impl.header.height_px != height_px) return false;
  return impl.scan.begin(stream.subspan(impl.header.scan_begin)) && impl.decode(out, stride_bytes);
}

void BaselineJpeg::trim(std::size_t kept_bytes) noexcept { impl_->scan.trim(kept_bytes); }

#else

struct BaselineJpeg::Impl {};

bool BaselineJpeg::available() noexcept { return false; }

bool BaselineJpeg::decode(std::span<const std::uint8_t>, std::int64_t, std::int64_t, std::uint8_t*, std::int64_t) {
  return false;
}

void BaselineJpeg::trim(std::size_t) noexcept {}

#endif

BaselineJpeg::BaselineJpeg() : impl_(std::make_unique<Impl>()) {}
BaselineJpeg::~BaselineJpeg() = default;

}  // namespace microtome::decode

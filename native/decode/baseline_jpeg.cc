#include "decode/baseline_jpeg.h"

#include "core/simd.h"

#if defined(__x86_64__)
#include <algorithm>
#include <array>
#include <vector>

#include "decode/baseline_header.h"
#include "decode/baseline_kernels.h"
#include "decode/baseline_planes.h"
#include "decode/baseline_scan.h"
#endif

namespace microtome::decode {

#if defined(__x86_64__)
namespace {

// Decoded to coefficients at a time: they and the tables stay in the level-1 cache.
constexpr std::int64_t kChunkMcus = 8;

}  // namespace

struct BaselineJpeg::Impl {
  BaselineHeader header;
  std::vector<std::uint8_t> header_bytes;  // what `header` and all that follows were made for; empty: nothing
  BaselineScan scan;
  BaselinePlanes planes;
  // One chunk: its blocks in the order of the stream, where each lies from the chunk's first sample, and two to a pair.
  std::vector<BlockSlot> slots;
  std::vector<std::int64_t> offsets;
  std::vector<BlockPair> pairs;
  std::array<BlockPair::Steps, 4> steps;  // of two blocks of Y, of Cb, of Cr, and of one of Cb and one of Cr

  [[nodiscard]] std::size_t blocks_per_mcu() const noexcept {
    return header.chroma == Chroma::Full ? 3 : header.chroma == Chroma::HalfWidth ? 4 : 6;
  }

  bool read_header(std::span<const std::uint8_t> stream) {
    if (!header_bytes.empty() && stream.size() >= header_bytes.size() &&
        std::equal(header_bytes.begin(), header_bytes.end(), stream.begin()))
      return true;
    header_bytes.clear();
    if (!header.read(stream) || header.component_count != 3) return false;
    set_steps();
    planes.shape(header);
    set_slots();
    header_bytes.assign(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(header.scan_begin));
    return true;
  }

  void set_steps() {
    constexpr std::size_t kLanes[4][2] = {{0, 0}, {1, 1}, {2, 2}, {1, 2}};  // components
    for (std::size_t which = 0; which < 4; ++which)
      for (std::size_t lane = 0; lane < 2; ++lane)
        for (std::size_t i = 0; i < 64; ++i)
          steps[which].values[BlockPair::kRow * (i / 8) + BlockPair::kLane * lane + i % 8] =
              (*header.components[kLanes[which][lane]].quant)[i];
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
      offsets.push_back(y * planes.stride(component) + x);
      to.out_stride = planes.stride(component);
    };
    for (std::int64_t mcu = 0; mcu < kChunkMcus; ++mcu) {
      if (header.chroma == Chroma::Full) {
        const auto lane = static_cast<std::size_t>(mcu % 2);
        for (std::size_t c = 0; c < 3; ++c) {
          add(c, lane, pair[c], 8 * mcu, 0);
          pair[c].steps = &steps[c];
        }
        if (lane == 1) pair += 3;
        continue;
      }
      for (std::int64_t y = 0; y < header.mcu_height_px(); y += 8, ++pair) {
        for (std::size_t lane = 0; lane < 2; ++lane) add(0, lane, *pair, 16 * mcu + 8 * static_cast<int>(lane), y);
        pair->steps = &steps[0];
      }
      for (std::size_t lane = 0; lane < 2; ++lane) add(1 + lane, lane, *pair, 8 * mcu, 0);
      pair->steps = &steps[3];
      ++pair;
    }
  }

  // MCUs [first, first + count) of a row to samples. An odd one out is decoded with a block beside it that is not
  // there: its coefficients are zeros and its samples go behind the row's.
  bool decode_chunk(std::int64_t mcu_row, std::int64_t first, std::int64_t count) {
    const std::size_t decoded = static_cast<std::size_t>(count) * blocks_per_mcu();
    const std::int64_t whole_pairs = header.chroma == Chroma::Full ? count + count % 2 : count;
    const std::size_t placed = static_cast<std::size_t>(whole_pairs) * blocks_per_mcu();
    const std::array<std::uint8_t*, 3> corners{planes.mcu(0, first, mcu_row), planes.mcu(1, first, mcu_row),
                                               planes.mcu(2, first, mcu_row)};
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

  void write_row(std::int64_t y, std::span<const TileWindow> windows) {
    bool started = false;
    for (const TileWindow& window : windows) {
      if (y < window.y || y >= window.y + window.to.height_px) continue;
      if (!started) planes.start_row(y);
      started = true;
      planes.write(window.x, window.to.width_px, window.to.row(y - window.y));
    }
  }

  bool decode(std::span<const TileWindow> windows) {
    const std::int64_t mcu_rows = header.height_px / header.mcu_height_px();
    std::int64_t y = 0;  // the next row to write
    for (std::int64_t mcu_row = 0; mcu_row < mcu_rows; ++mcu_row) {
      if (!decode_mcu_row(mcu_row)) return false;
      for (const std::int64_t end = planes.rows_complete(mcu_row + 1); y < end; ++y) write_row(y, windows);
    }
    return scan.at_end();
  }

  void trim(std::size_t kept_bytes) noexcept {
    scan.trim(kept_bytes);
    if (header_bytes.capacity() > kept_bytes) std::vector<std::uint8_t>().swap(header_bytes);
  }
};

bool BaselineJpeg::available() noexcept { return best_simd() >= Simd::Avx2; }

bool BaselineJpeg::decode(std::span<const std::uint8_t> stream, std::int64_t width_px, std::int64_t height_px,
                          std::span<const TileWindow> windows) {
  if (!available()) return false;
  Impl& impl = *impl_;
  if (!impl.read_header(stream) || impl.header.width_px != width_px || impl.header.height_px != height_px) return false;
  return impl.scan.begin(stream.subspan(impl.header.scan_begin)) && impl.decode(windows);
}

void BaselineJpeg::trim(std::size_t kept_bytes) noexcept { impl_->trim(kept_bytes); }

#else

struct BaselineJpeg::Impl {};

bool BaselineJpeg::available() noexcept { return false; }

bool BaselineJpeg::decode(std::span<const std::uint8_t>, std::int64_t, std::int64_t, std::span<const TileWindow>) {
  return false;
}

void BaselineJpeg::trim(std::size_t) noexcept {}

#endif

BaselineJpeg::BaselineJpeg() : impl_(std::make_unique<Impl>()) {}
BaselineJpeg::~BaselineJpeg() = default;

}  // namespace microtome::decode

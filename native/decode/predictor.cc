#include "decode/predictor.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

namespace microtome::decode {
namespace {

template <typename Sample>
Sample load(const std::uint8_t* at) {
  Sample value;
  std::memcpy(&value, at, sizeof value);
  return value;
}
template <typename Sample>
void store(std::uint8_t* at, Sample value) {
  std::memcpy(at, &value, sizeof value);
}

// A known number of samples keeps the running sums in registers.
template <typename Sample, std::size_t kSamples>
void add_up(std::uint8_t* row, std::size_t pixels) {
  std::array<Sample, kSamples> sum{};
  for (std::size_t i = 0; i < pixels; ++i, row += kSamples * sizeof(Sample))
    for (std::size_t s = 0; s < kSamples; ++s) {
      std::uint8_t* at = row + s * sizeof(Sample);
      sum[s] = static_cast<Sample>(sum[s] + load<Sample>(at));
      store(at, sum[s]);
    }
}

template <typename Sample>
void add_up_any(std::uint8_t* row, std::size_t pixels, std::size_t samples) {
  const std::size_t step = samples * sizeof(Sample);
  for (std::uint8_t *at = row + step, *end = row + pixels * step; at < end; at += sizeof(Sample))
    store(at, static_cast<Sample>(load<Sample>(at - step) + load<Sample>(at)));
}

template <typename Sample>
void undo(std::span<std::uint8_t> data, std::size_t row_samples, std::size_t samples) {
  const std::size_t row_bytes = row_samples * sizeof(Sample);
  const std::size_t pixels = row_samples / samples;
  for (std::size_t at = 0; at + row_bytes <= data.size(); at += row_bytes) {
    std::uint8_t* row = data.data() + at;
    if (samples == 1)
      add_up<Sample, 1>(row, pixels);
    else if (samples == 3)
      add_up<Sample, 3>(row, pixels);
    else if (samples == 4)
      add_up<Sample, 4>(row, pixels);
    else
      add_up_any<Sample>(row, pixels, samples);
  }
}

constexpr std::array<std::uint8_t, 256> kTurned = [] {
  std::array<std::uint8_t, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte)
    for (unsigned bit = 0; bit < 8; ++bit)
      table[byte] = static_cast<std::uint8_t>(table[byte] | ((byte >> bit & 1u) << (7 - bit)));
  return table;
}();

}  // namespace

void undo_differences(std::span<std::uint8_t> data, std::int64_t row_samples, int samples, int bits) noexcept {
  if (row_samples <= 0 || samples <= 0) return;
  if (bits == 16)
    undo<std::uint16_t>(data, static_cast<std::size_t>(row_samples), static_cast<std::size_t>(samples));
  else
    undo<std::uint8_t>(data, static_cast<std::size_t>(row_samples), static_cast<std::size_t>(samples));
}

void to_machine_order(std::span<std::uint8_t> data, bool big_endian) noexcept {
  constexpr bool kMachineBigEndian = std::endian::native == std::endian::big;
  if (big_endian == kMachineBigEndian) return;
  for (std::size_t i = 0; i + 1 < data.size(); i += 2) {
    const auto value = load<std::uint16_t>(data.data() + i);
    store(data.data() + i, static_cast<std::uint16_t>(value << 8 | value >> 8));
  }
}

void turn_bits(std::span<std::uint8_t> data) noexcept {
  for (auto& byte : data) byte = kTurned[byte];
}

}  // namespace microtome::decode

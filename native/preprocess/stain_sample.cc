#include "preprocess/stain_sample.h"

#include <algorithm>

namespace microtome::preprocess {
namespace {

// The largest sample whose density -ln((sample + 1) / 240) is at least 0.15.
constexpr int kBrightestTissue = 205;

// The mixing step of SplitMix64 (public domain algorithm): each input bit changes half of the output bits.
std::uint64_t mix(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

}  // namespace

StainSample::StainSample(std::uint64_t seed, std::size_t tiles)
    : seed_(seed), tiles_(std::max<std::size_t>(tiles, 1)) {}

void StainSample::add(std::size_t number, const ConstRgbView& tile) {
  std::vector<std::uint8_t>& kept = tiles_[number];
  kept.clear();
  const auto width = static_cast<std::uint64_t>(tile.width_px);
  const std::uint64_t count = width * static_cast<std::uint64_t>(tile.height_px);
  const std::uint64_t runs = std::min<std::uint64_t>(count, std::max<std::size_t>(1, kStainPixels / tiles_.size()));
  const std::uint64_t of_tile = mix(mix(seed_) ^ number);
  for (std::uint64_t run = 0; run < runs; ++run) {
    const std::uint64_t begin = run * count / runs;
    const std::uint64_t end = (run + 1) * count / runs;
    const std::uint64_t at = begin + mix(of_tile ^ run) % (end - begin);
    const std::uint8_t* px = tile.row(static_cast<std::int64_t>(at / width)) + 3 * (at % width);
    if (std::max({px[0], px[1], px[2]}) <= kBrightestTissue) kept.insert(kept.end(), px, px + 3);
  }
}

std::vector<std::uint8_t> StainSample::pixels() const {
  std::vector<std::uint8_t> all;
  for (const auto& tile : tiles_) all.insert(all.end(), tile.begin(), tile.end());
  return all;
}

}  // namespace microtome::preprocess

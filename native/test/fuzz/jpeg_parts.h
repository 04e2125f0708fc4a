// The input of jpeg_fuzz: a shape, the slide's shared tables and two stored tiles. Seven bytes and the three parts:
// shape, tile width - 1, tile height - 1, bytes of the tables and of the first tile (little endian, two bytes each).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace microtome::fuzz {

struct JpegParts {
  static constexpr std::size_t kHeaderBytes = 7;
  static constexpr std::uint8_t kYCbCr = 0, kRgb = 1, kGrey = 2, kPlanes = 3;  // the two lowest bits of the shape
  static constexpr std::uint8_t kStrips = 4;                                   // not tiles
  static constexpr std::uint8_t kNarrow = 8;                                   // the level ends inside the second tile

  std::uint8_t shape = kYCbCr;
  int width_px = 16;
  int height_px = 16;
  // Shared tables, first tile, second tile.
  std::array<std::vector<std::uint8_t>, 3> parts;

  // Lengths beyond the input are cut; what is left is the second tile. An input without a header is an empty one.
  static JpegParts parse(std::span<const std::uint8_t> input) {
    JpegParts result;
    if (input.size() < kHeaderBytes) return result;
    result.shape = input[0];
    result.width_px = input[1] + 1;
    result.height_px = input[2] + 1;
    std::span<const std::uint8_t> rest = input.subspan(kHeaderBytes);
    for (std::size_t i = 0; i < 3; ++i) {
      std::size_t bytes = rest.size();
      if (i < 2) bytes = std::min<std::size_t>(bytes, input[3 + 2 * i] | input[4 + 2 * i] << 8);
      result.parts[i].assign(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(bytes));
      rest = rest.subspan(bytes);
    }
    return result;
  }

  [[nodiscard]] std::vector<std::uint8_t> bytes() const {
    std::vector<std::uint8_t> out{shape, static_cast<std::uint8_t>(width_px - 1),
                                  static_cast<std::uint8_t>(height_px - 1)};
    for (std::size_t i = 0; i < 2; ++i) {
      const std::size_t size = std::min<std::size_t>(parts[i].size(), 0xFFFF);
      out.push_back(static_cast<std::uint8_t>(size));
      out.push_back(static_cast<std::uint8_t>(size >> 8));
    }
    for (std::size_t i = 0; i < 3; ++i) {
      const std::size_t size = i < 2 ? std::min<std::size_t>(parts[i].size(), 0xFFFF) : parts[i].size();
      out.insert(out.end(), parts[i].begin(), parts[i].begin() + static_cast<std::ptrdiff_t>(size));
    }
    return out;
  }
};

}  // namespace microtome::fuzz

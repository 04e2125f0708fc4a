// The file of workloads/jpeg-streams.ts: complete JPEG streams and the grid that they make up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bench {

struct Streams {
  std::vector<std::vector<std::uint8_t>> distinct;
  std::vector<std::uint32_t> tiles;  // row by row
};

// Throws std::runtime_error when the file is not one.
[[nodiscard]] Streams read_streams(const std::string& path);

}  // namespace bench

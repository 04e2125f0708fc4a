// The file of workloads/jpeg-streams.ts: complete JPEG streams and the grid that they make up.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "protocol.h"

namespace bench {

struct Streams {
  std::vector<std::vector<std::uint8_t>> distinct;
  std::vector<std::uint32_t> tiles;  // row by row
};

// Throws std::runtime_error when the file is not one.
[[nodiscard]] Streams read_streams(const std::string& path);

// Decodes one stream of kSidePx square on one of the threads, into packed RGB.
constexpr std::int64_t kSidePx = 256;
using DecodeStream =
    std::function<void(std::int64_t thread, const std::vector<std::uint8_t>& stream, std::uint8_t* out)>;

// A contender that decodes every tile of the grid, with one kept buffer a thread. Throws std::runtime_error when the
// workload is not the grid of the streams, whole stored tiles.
[[nodiscard]] Contender decode_grid(const Workload& workload, Streams streams, const std::string& decoder,
                                    const DecodeStream& decode);

}  // namespace bench

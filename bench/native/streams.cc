#include "streams.h"

#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <utility>

namespace bench {
namespace {

std::uint32_t take(const std::vector<char>& file, std::size_t& at) {
  if (file.size() - at < 4) throw std::runtime_error("the file of streams ends early");
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<std::uint8_t>(file[at + static_cast<std::size_t>(i)]);
  at += 4;
  return value;
}

}  // namespace

Streams read_streams(const std::string& path) {
  std::ifstream input(path, std::ios::binary);
  if (!input) throw std::runtime_error("cannot read " + path);
  const std::vector<char> file{std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>()};
  Streams streams;
  std::size_t at = 0;
  const std::uint32_t count = take(file, at);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t bytes = take(file, at);
    if (file.size() - at < bytes) throw std::runtime_error("the file of streams ends early");
    const auto* begin = reinterpret_cast<const std::uint8_t*>(file.data() + at);
    streams.distinct.emplace_back(begin, begin + bytes);
    at += bytes;
  }
  const std::uint32_t tiles = take(file, at);
  for (std::uint32_t i = 0; i < tiles; ++i) {
    streams.tiles.push_back(take(file, at));
    if (streams.tiles.back() >= count) throw std::runtime_error("the file of streams names a stream it does not have");
  }
  return streams;
}

Contender decode_grid(const Workload& workload, Streams streams, const std::string& decoder,
                      const DecodeStream& decode) {
  if (workload.number("stride") != kSidePx || workload.number("size") != kSidePx)
    throw std::runtime_error("decoding alone knows whole stored tiles of 256 pixels only");
  if (std::ssize(streams.tiles) != workload.number("columns") * workload.number("rows"))
    throw std::runtime_error("the streams are not those of the grid");
  const auto threads = static_cast<std::size_t>(workload.number("threads"));
  const auto grid = std::make_shared<const Streams>(std::move(streams));
  const auto buffers = std::make_shared<std::vector<std::vector<std::uint8_t>>>(
      threads, std::vector<std::uint8_t>(static_cast<std::size_t>(3 * kSidePx * kSidePx)));
  const auto read = [=](const Tile& tile) {
    const auto& stream = grid->distinct[grid->tiles[static_cast<std::size_t>(tile.index)]];
    decode(tile.thread, stream, (*buffers)[static_cast<std::size_t>(tile.thread)].data());
  };
  const auto pixels = [=](const Tile& tile, TileDigest& digest) {
    digest.add(tile.x, tile.y, buffers->front().data(), buffers->front().size());
  };
  return grid_contender(workload, decoder + ", " + std::to_string(threads) + " thread(s)", read, pixels);
}

}  // namespace bench

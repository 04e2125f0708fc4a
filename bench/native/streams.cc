#include "streams.h"

#include <fstream>
#include <iterator>
#include <stdexcept>

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

}  // namespace bench

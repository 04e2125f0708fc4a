#include "decode/exif.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace microtome::decode {
namespace {

constexpr std::uint32_t kOrientation = 0x0112;
constexpr std::uint32_t kShort = 3;
constexpr std::size_t kEntryBytes = 12;

// Reads within the block; the caller has checked that the bytes are there.
class Block {
 public:
  explicit Block(std::span<const std::uint8_t> bytes) noexcept
      : bytes_(bytes), little_(bytes.size() > 1 && bytes[0] == 'I' && bytes[1] == 'I') {}

  [[nodiscard]] bool has(std::size_t at, std::size_t count) const noexcept {
    return at <= bytes_.size() && count <= bytes_.size() - at;
  }
  [[nodiscard]] bool has_header() const noexcept {
    const bool big = has(0, 2) && bytes_[0] == 'M' && bytes_[1] == 'M';
    return has(0, 8) && (little_ || big) && number(2, 2) == 42;
  }
  [[nodiscard]] std::uint32_t number(std::size_t at, std::size_t count) const noexcept {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value << 8 | bytes_[little_ ? at + count - 1 - i : at + i];
    return value;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  bool little_;
};

}  // namespace

int exif_orientation(std::span<const std::uint8_t> bytes) noexcept {
  constexpr std::array<std::uint8_t, 6> kPrefix{'E', 'x', 'i', 'f', 0, 0};
  // As often as it is there: so does Pillow.
  while (bytes.size() >= kPrefix.size() && std::equal(kPrefix.begin(), kPrefix.end(), bytes.begin()))
    bytes = bytes.subspan(kPrefix.size());
  const Block block(bytes);
  if (!block.has_header()) return 1;
  const std::size_t directory = block.number(4, 4);
  if (!block.has(directory, 2)) return 1;
  const std::uint32_t entries = block.number(directory, 2);  // 65535 at most
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t at = directory + 2 + i * kEntryBytes;
    if (!block.has(at, kEntryBytes)) return 1;
    if (block.number(at, 2) != kOrientation) continue;
    const std::uint32_t value = block.number(at + 8, 2);
    const bool is_one = block.number(at + 2, 2) == kShort && block.number(at + 4, 4) == 1;
    return is_one && value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace microtome::decode

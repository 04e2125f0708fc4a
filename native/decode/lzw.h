// TIFF's LZW, written here: codes of 9 to 12 bits, in both orders that libtiff reads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace microtome::decode {

// Keeps its table from tile to tile. Used by one thread at a time.
class LzwDecoder {
 public:
  LzwDecoder() noexcept;
  // Fills `out` and ignores what follows. Throws BadTile when the stream ends or errs before that. A stream that
  // begins as those of libtiff before 1992 did (bits from the low end, wider codes one later) is read that way.
  void decode(std::span<const std::uint8_t> stored, std::span<std::uint8_t> out);

 private:
  // A string: its first bytes, so that most are written with one store, and where in the output it stands.
  struct Entry {
    std::uint64_t head = 0;  // the first up to 8 bytes, the first of all lowest
    std::uint32_t at = 0;
    std::uint32_t bytes = 0;
  };

  template <typename Bits>
  void run(Bits bits, std::span<std::uint8_t> out);

  static constexpr std::size_t kCodes = 4096;
  std::array<Entry, kCodes> table_;
};

}  // namespace microtome::decode

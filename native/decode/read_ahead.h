// The compressed bytes of several stored tiles, fetched in file order with one read for neighbours. Belongs to one
// thread; its memory is used again.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "slide/slide.h"

namespace microtome::decode {

class ReadAhead {
 public:
  // Forgets what was fetched before and reads `tiles` (reordered by the call). Tiles that lie beyond kGapBytes of each
  // other are read apart; what does not fit into kBytes, cannot be read, or is larger than the slide's limits is left
  // out and does not throw: whoever needs it reads it alone and gets the error that names it.
  void fetch(const slide::Slide& slide, std::span<slide::StoredTile> tiles);
  void clear() noexcept;

  // The bytes of a tile of `slide`; empty when they were not fetched. Valid until the next fetch() or clear().
  [[nodiscard]] std::span<const std::uint8_t> find(const slide::Slide& slide, slide::StoredTile tile) const noexcept;

  static constexpr std::uint64_t kBytes = 4u << 20;
  static constexpr std::uint64_t kGapBytes = 16u << 10;  // read and thrown away, cheaper than another call

 private:
  struct Run {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    std::size_t at = 0;  // in buffer_
  };

  void read(const slide::Slide& slide, Run run);

  const slide::Slide* slide_ = nullptr;
  std::vector<std::uint8_t> buffer_;
  std::vector<Run> runs_;  // by offset
};

}  // namespace microtome::decode

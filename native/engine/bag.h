// The tiles of one input that are left after some rules of selection.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace microtome::engine {

class Bag {
 public:
  Bag() = default;
  explicit Bag(std::int64_t tiles) noexcept : size_(tiles) {}  // all of a plan

  [[nodiscard]] std::int64_t size() const noexcept { return size_; }
  // No rule has left a tile out.
  [[nodiscard]] bool is_whole() const noexcept { return !members_; }
  // The tile of the plan; `i` counts in the bag, which has the order of the plan.
  [[nodiscard]] std::uint32_t tile(std::int64_t i) const noexcept {
    return members_ ? (*members_)[static_cast<std::size_t>(i)] : static_cast<std::uint32_t>(i);
  }
  // Of this bag: those at these places, which rise.
  [[nodiscard]] Bag part(const std::vector<std::size_t>& places) const;
  // Where each tile of this bag is in `larger`, which holds it. Nothing where both are the same.
  [[nodiscard]] std::optional<std::vector<std::uint32_t>> places_in(const Bag& larger) const;

 private:
  std::int64_t size_ = 0;
  std::optional<std::vector<std::uint32_t>> members_;  // rising
};

// The rows at some places, one after another: all of them, not copied, where `places` is nothing.
template <typename Vector, typename Span>
Span gathered(Span rows, std::int64_t columns, const std::optional<std::vector<std::uint32_t>>& places, Vector& room) {
  if (!places) return rows;
  room.clear();
  room.reserve(places->size() * static_cast<std::size_t>(columns));
  for (const std::uint32_t place : *places) {
    const auto row = rows.subspan(place * static_cast<std::size_t>(columns), static_cast<std::size_t>(columns));
    room.insert(room.end(), row.begin(), row.end());
  }
  return room;
}

}  // namespace microtome::engine

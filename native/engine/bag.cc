#include "engine/bag.h"

namespace microtome::engine {

Bag Bag::part(const std::vector<std::size_t>& places) const {
  Bag bag;
  bag.size_ = std::ssize(places);
  if (bag.size_ == size_) return *this;
  bag.members_.emplace();
  bag.members_->reserve(places.size());
  for (const std::size_t place : places) bag.members_->push_back(tile(place));
  return bag;
}

std::optional<std::vector<std::uint32_t>> Bag::places_in(const Bag& larger) const {
  if (size_ == larger.size_) return std::nullopt;
  std::vector<std::uint32_t> places;
  places.reserve(static_cast<std::size_t>(size_));
  std::uint32_t place = 0;
  for (std::int64_t i = 0; i < size_; ++i, ++place) {
    while (larger.tile(place) != tile(i)) ++place;
    places.push_back(place);
  }
  return places;
}

}  // namespace microtome::engine

#include "slide/restart_intervals.h"

#include <string>

#include "core/error.h"

namespace microtome::slide {
namespace {

constexpr std::uint64_t kMarkerBytes = 2;

}  // namespace

RestartIntervals::RestartIntervals(const TiffDirectory& directory, StoredTile jpeg, std::uint64_t head_bytes,
                                   std::uint64_t count, const Limits& limits)
    : jpeg_(jpeg), head_bytes_(head_bytes), count_(count) {
  const auto add = [&](Tag tag, std::optional<TableColumn>& column) {
    const TiffEntry* const entry = directory.find(tag);
    if (entry == nullptr) return;
    if (entry->count != count)
      throw Error(Code::NOT_A_SLIDE, Stage::Slide,
                  std::string("table ") + tag_name(tag) + " has " + std::to_string(entry->count) +
                      " entries, the JPEG has " + std::to_string(count) + " restart intervals");
    column.emplace(directory.file(), *entry, count, limits);
  };
  add(Tag::NdpiMcuStarts, lower_);
  add(Tag::NdpiMcuStartsUpper, upper_);
  if (!lower_)
    throw Error(Code::NOT_A_SLIDE, Stage::Slide,
                std::string("table ") + tag_name(Tag::NdpiMcuStarts) + " is missing, expected " +
                    std::to_string(count) + " entries");
}

bool RestartIntervals::begins_behind_head() const {
  const std::uint64_t upper = upper_ ? upper_->first(1)[0] : 0;
  return upper == 0 && lower_->first(1)[0] == head_bytes_;
}

std::uint64_t RestartIntervals::start(std::uint64_t number) const {
  if (number == count_) return jpeg_.bytes;
  const std::uint64_t upper = upper_ ? upper_->at(number) : 0;
  return (upper << 32) + lower_->at(number);
}

StoredTile RestartIntervals::at(std::uint64_t number) const {
  const std::uint64_t first = number == 0 ? head_bytes_ : start(number);
  const std::uint64_t end = start(number + 1);
  const std::uint64_t least = number == 0 ? head_bytes_ : head_bytes_ + kMarkerBytes;
  // At least one byte of its own, and the marker behind it.
  if (first < least || end > jpeg_.bytes || end <= kMarkerBytes || first >= end - kMarkerBytes)
    throw Error(Code::CORRUPT_TILE, Stage::Slide,
                "restart interval " + std::to_string(number) + " is said to reach from byte " + std::to_string(first) +
                    " to " + std::to_string(end) + " of a JPEG of " + std::to_string(jpeg_.bytes) +
                    " bytes that begins with a head of " + std::to_string(head_bytes_));
  const std::uint64_t before = number == 0 ? 0 : kMarkerBytes;
  return {jpeg_.offset + first - before, end - first + before};
}

}  // namespace microtome::slide

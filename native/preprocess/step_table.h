// A rising function of a number whose value is a byte, as the places where it steps up: exact, and without computing
// the function for each pixel. Internal to this folder.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace microtome::preprocess {

class StepTable {
 public:
  // The value is k from `steps[k]` on, up to `steps[k + 1]`; steps[0] does not count. From one step to the next it must
  // be more than 1.01 / kBuckets of the way from steps[1] to steps[255], so that a bucket has one step at most.
  explicit StepTable(const std::array<double, 256>& steps)
      : low_(static_cast<float>(steps[1])), high_(static_cast<float>(steps[255])), begin_(kBuckets + 1) {
    for (std::size_t k = 1; k < 256; ++k) from_[k] = static_cast<float>(steps[k]);
    from_[256] = std::numeric_limits<float>::infinity();
    scale_ = static_cast<float>(kBuckets) / (high_ - low_);
    // The value a little before each bucket, so that rounding of the bucket's number does no harm.
    for (std::size_t bucket = 0; bucket < begin_.size(); ++bucket) {
      const double place = low_ + (static_cast<double>(bucket) - 0.01) * (double{high_} - double{low_}) / kBuckets;
      while (value_ < 255 && from_[value_ + 1u] <= place) ++value_;
      begin_[bucket] = value_;
    }
  }

  // Of what is no number: 0.
  [[nodiscard]] std::uint8_t at(float x) const noexcept {
    if (!(x >= low_)) return 0;
    x = std::min(x, high_);
    const float place = (x - low_) * scale_;
    const unsigned value = begin_[std::min(static_cast<std::size_t>(place), kBuckets)];
    return static_cast<std::uint8_t>(value + (x >= from_[value + 1]));
  }

 private:
  static constexpr std::size_t kBuckets = 8192;
  float low_;
  float high_;
  float scale_ = 0;
  std::uint8_t value_ = 0;  // while the table is made
  std::array<float, 257> from_{};
  std::vector<std::uint8_t> begin_;
};

}  // namespace microtome::preprocess

#include "core/memory_budget.h"

#include <algorithm>
#include <string>
#include <utility>

namespace microtome {

MemoryBudget::Reservation::Reservation(Reservation&& other) noexcept
    : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

MemoryBudget::Reservation& MemoryBudget::Reservation::operator=(Reservation&& other) noexcept {
  if (this == &other) return *this;
  release();
  budget_ = std::exchange(other.budget_, nullptr);
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

void MemoryBudget::Reservation::shrink(std::int64_t bytes) noexcept {
  if (budget_ == nullptr || bytes_ <= bytes) return;
  {
    std::scoped_lock lock(budget_->mutex_);
    budget_->used_ -= bytes_ - bytes;
  }
  bytes_ = bytes;
}

std::optional<MemoryBudget::Reservation> MemoryBudget::try_reserve(std::int64_t bytes) noexcept {
  std::scoped_lock lock(mutex_);
  if (bytes < 0 || bytes > limit_ - used_) return std::nullopt;
  used_ += bytes;
  peak_ = std::max(peak_, used_);
  return Reservation(*this, bytes);
}

MemoryBudget::Reservation MemoryBudget::reserve(std::int64_t bytes, std::string_view what, Stage stage) {
  auto reserved = try_reserve(bytes);
  if (!reserved) throw refusal(bytes, what, stage);
  return std::move(*reserved);
}

Error MemoryBudget::refusal(std::int64_t bytes, std::string_view what, Stage stage) const {
  return {Code::LIMIT_EXCEEDED, stage,
          std::string(what) + " needs " + std::to_string(bytes) + " bytes, [[memoryLimit]] of " +
              std::to_string(limit()) + " bytes leaves " + std::to_string(available()),
          "raise [[memoryLimit]], or score fewer tiles"};
}

std::int64_t MemoryBudget::available() const noexcept {
  std::scoped_lock lock(mutex_);
  return limit_ - used_;
}

std::int64_t MemoryBudget::peak() const noexcept {
  std::scoped_lock lock(mutex_);
  return peak_;
}

}  // namespace microtome

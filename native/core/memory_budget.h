// The memory that one scorer, or one stream of tiles, may use beside its model. Whoever allocates something large
// reserves it here first and gives it back when it is freed, so that the sum of all reservations is what is in use.
// Any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>

#include "core/error.h"

namespace microtome {

class MemoryBudget {
 public:
  // A part of the budget; given back at the end of its life.
  class Reservation {
   public:
    Reservation() = default;
    ~Reservation() { release(); }
    Reservation(Reservation&& other) noexcept;
    Reservation& operator=(Reservation&& other) noexcept;
    Reservation(const Reservation&) = delete;
    Reservation& operator=(const Reservation&) = delete;

    [[nodiscard]] std::int64_t bytes() const noexcept { return bytes_; }
    // Gives back all but `bytes`; no effect when it holds no more than that.
    void shrink(std::int64_t bytes) noexcept;
    void release() noexcept { shrink(0); }

   private:
    friend class MemoryBudget;
    Reservation(MemoryBudget& budget, std::int64_t bytes) noexcept : budget_(&budget), bytes_(bytes) {}

    MemoryBudget* budget_ = nullptr;
    std::int64_t bytes_ = 0;
  };

  // Outlives its reservations.
  explicit MemoryBudget(std::int64_t limit_bytes) noexcept : limit_(limit_bytes) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  // Nothing when the budget has no room for it now.
  [[nodiscard]] std::optional<Reservation> try_reserve(std::int64_t bytes) noexcept;
  // Throws LIMIT_EXCEEDED: `what` ("the plan of the tiles") needs `bytes`, the option memoryLimit leaves fewer.
  [[nodiscard]] Reservation reserve(std::int64_t bytes, std::string_view what, Stage stage);
  // The error of reserve(), for a caller that has waited in vain.
  [[nodiscard]] Error refusal(std::int64_t bytes, std::string_view what, Stage stage) const;

  [[nodiscard]] std::int64_t limit() const noexcept { return limit_; }
  [[nodiscard]] std::int64_t available() const noexcept;
  [[nodiscard]] std::int64_t peak() const noexcept;  // largest sum of reservations so far

 private:
  const std::int64_t limit_;
  mutable std::mutex mutex_;
  std::int64_t used_ = 0;
  std::int64_t peak_ = 0;
};

}  // namespace microtome

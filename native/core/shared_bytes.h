// Memory that one thread fills piece by piece, and that others then read without a copy. Its owners hold it by
// shared_ptr; the last one frees it, on whatever thread that is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <span>

namespace microtome {

class SharedBytes {
 public:
  // Room for as many bytes is taken now, and touched only when it is filled. More than that may be appended.
  explicit SharedBytes(std::size_t expected) { reserve(std::max<std::size_t>(expected, 1)); }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  // Throws bad_alloc; what was appended before stays. From 32 MiB on, growing moves no bytes (the C library moves
  // pages).
  void append(std::span<const std::byte> part) {
    if (part.empty()) return;
    if (part.size() > capacity_ - size_) reserve(std::max(size_ + part.size(), 2 * capacity_));
    std::memcpy(memory_.get() + size_, part.data(), part.size());
    size_ += part.size();
  }

  // The bytes as values of a trivial type; a rest that is no whole value is left out.
  template <typename T>
  [[nodiscard]] std::span<const T> as() const noexcept {
    static_assert(alignof(T) <= alignof(std::max_align_t));
    return {reinterpret_cast<const T*>(memory_.get()), size_ / sizeof(T)};
  }

 private:
  struct Free {
    void operator()(std::byte* memory) const noexcept { std::free(memory); }
  };

  void reserve(std::size_t capacity) {
    auto* moved = static_cast<std::byte*>(std::realloc(memory_.get(), capacity));
    if (moved == nullptr) throw std::bad_alloc();
    (void)memory_.release();
    memory_.reset(moved);
    capacity_ = capacity;
  }

  std::unique_ptr<std::byte[], Free> memory_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace microtome

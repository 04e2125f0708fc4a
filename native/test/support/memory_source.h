// Bytes in memory as a source.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "slide/byte_source.h"

namespace microtome::test {

class MemorySource final : public slide::ByteSource {
 public:
  explicit MemorySource(std::vector<std::uint8_t> bytes = {}, std::string name = "memory")
      : bytes_(std::move(bytes)), name_(std::move(name)) {}

  [[nodiscard]] std::uint64_t size() const noexcept override { return bytes_.size(); }
  void read(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    if (offset > bytes_.size() || out.size() > bytes_.size() - offset)
      throw Error(Code::TRUNCATED, Stage::Slide, "the memory source ends before the bytes asked for").with_path(name_);
    if (!out.empty()) std::memcpy(out.data(), bytes_.data() + offset, out.size());
    reads_->fetch_add(1, std::memory_order_relaxed);
  }
  // So far.
  [[nodiscard]] int reads() const noexcept { return reads_->load(std::memory_order_relaxed); }
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }

  std::uint64_t append(std::span<const std::uint8_t> more) {
    const std::uint64_t offset = bytes_.size();
    bytes_.insert(bytes_.end(), more.begin(), more.end());
    return offset;
  }

 private:
  std::vector<std::uint8_t> bytes_;
  std::string name_;
  std::shared_ptr<std::atomic<int>> reads_ = std::make_shared<std::atomic<int>>(0);  // so that a source can be moved
};

}  // namespace microtome::test

// A source whose bytes are here once they were asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "slide/byte_source.h"
#include "test/support/memory_source.h"

namespace microtome::test {

// A page at a time.
class LateSource final : public slide::ByteSource {
 public:
  explicit LateSource(std::vector<std::uint8_t> bytes)
      : source_(std::make_shared<MemorySource>(std::move(bytes), "late")) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return source_->size(); }
  [[nodiscard]] const std::string& name() const noexcept override { return source_->name(); }
  [[nodiscard]] bool is_local() const noexcept override { return false; }
  void read(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    need(offset, out.size());
    source_->read(offset, out);
  }
  [[nodiscard]] std::shared_ptr<const void> require(std::span<const slide::ByteRange> ranges) const override {
    for (const auto& range : ranges) need(range.offset, range.bytes);
    return {};
  }
  // Does `work` until it waits for nothing more.
  template <typename Work>
  auto until_here(Work work) {
    for (;;) {
      try {
        return work();
      } catch (const slide::BytesPending& pending) {
        arrive(pending);
        if (++waits_ > 100'000) throw std::runtime_error("it waits for ever");
      }
    }
  }
  [[nodiscard]] int waits() const noexcept { return waits_; }

 private:
  static constexpr std::uint64_t kPage = 256;
  void arrive(const slide::BytesPending& pending) {
    for (const auto& range : pending.ranges)
      for (std::uint64_t at = range.offset / kPage; at <= (range.offset + range.bytes) / kPage; ++at) here_.insert(at);
  }
  void need(std::uint64_t offset, std::uint64_t bytes) const {
    for (std::uint64_t at = offset / kPage; at <= (offset + bytes) / kPage; ++at)
      if (here_.count(at) == 0) throw slide::BytesPending{this, {{at * kPage, 1}}};
  }
  std::shared_ptr<const slide::ByteSource> source_;
  std::set<std::uint64_t> here_;
  int waits_ = 0;
};

}  // namespace microtome::test

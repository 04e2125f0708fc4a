// A slide whose source answers when a test says so.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "slide/paged_source.h"
#include "test/support/scored_slides.h"

namespace microtome::test {

class LateBytes final : public slide::PagedSource {
 public:
  explicit LateBytes(std::vector<std::uint8_t> bytes) : PagedSource(bytes.size(), "late"), bytes_(std::move(bytes)) {}

  // From here on every question is answered at once.
  void answer_all() {
    {
      std::scoped_lock lock(mutex_);
      at_once_ = true;
    }
    while (answer_one(false)) {
    }
  }
  // The first question that waits, or the last. False: none waits.
  bool answer_one(bool last) {
    std::pair<std::uint64_t, std::vector<slide::ByteRange>> asked;
    {
      std::scoped_lock lock(mutex_);
      if (open_.empty()) return false;
      const auto it = last ? std::prev(open_.end()) : open_.begin();
      asked = *it;
      open_.erase(it);
      forget_bytes(asked.second);
    }
    give(asked.first, asked.second);
    return true;
  }
  // The others are never answered.
  void fail_one() {
    std::uint64_t question = 0;
    {
      std::scoped_lock lock(mutex_);
      question = open_.begin()->first;
      open_.erase(open_.begin());
    }
    fail(question, std::make_exception_ptr(Error(Code::FILE_UNREADABLE, Stage::Slide, "the test says so")));
  }
  void wait_for_questions(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return open_.size() >= count; });
  }
  [[nodiscard]] int asked_twice() const {
    std::scoped_lock lock(mutex_);
    return asked_twice_;
  }
  // So far, and the bytes of all of them.
  [[nodiscard]] int questions() const {
    std::scoped_lock lock(mutex_);
    return questions_;
  }
  [[nodiscard]] std::uint64_t asked_bytes() const {
    std::scoped_lock lock(mutex_);
    return asked_bytes_;
  }
  void wait_until_forgotten() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return forgotten_ > 0; });
  }

 protected:
  void ask(std::uint64_t question, const std::vector<slide::ByteRange>& ranges) const override {
    bool now = false;
    {
      std::scoped_lock lock(mutex_);
      ++questions_;
      for (const auto& range : ranges) asked_bytes_ += range.bytes;
      for (const auto& range : ranges)
        for (std::uint64_t at = 0; at < range.bytes; at += kPageBytes)
          asked_twice_ += !under_way_.insert(range.offset + at).second;
      now = at_once_;
      if (now)
        forget_bytes(ranges);
      else
        open_[question] = ranges;
      changed_.notify_all();
    }
    if (now) give(question, ranges);
  }
  void forget(std::uint64_t question) const override {
    std::scoped_lock lock(mutex_);
    ++forgotten_;
    changed_.notify_all();
    if (const auto found = open_.find(question); found != open_.end()) {
      forget_bytes(found->second);
      open_.erase(found);
    }
  }

 private:
  // With the mutex held.
  void forget_bytes(const std::vector<slide::ByteRange>& ranges) const {
    for (const auto& range : ranges)
      for (std::uint64_t at = 0; at < range.bytes; at += kPageBytes) under_way_.erase(range.offset + at);
  }
  void give(std::uint64_t question, const std::vector<slide::ByteRange>& ranges) const {
    for (std::size_t i = 0; i < ranges.size(); ++i)
      answer(question, i,
             std::span(bytes_).subspan(static_cast<std::size_t>(ranges[i].offset),
                                       static_cast<std::size_t>(ranges[i].bytes)));
  }

  const std::vector<std::uint8_t> bytes_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable std::map<std::uint64_t, std::vector<slide::ByteRange>> open_;
  mutable std::set<std::uint64_t> under_way_;  // starts of pages
  mutable bool at_once_ = false;
  mutable int asked_twice_ = 0;
  mutable int questions_ = 0;
  mutable std::uint64_t asked_bytes_ = 0;
  mutable int forgotten_ = 0;
};

// coloured_slide() with the same tiles, read from LateBytes.
class LateSlide final : public slide::Slide {
 public:
  LateSlide(int seed, std::int64_t side_tiles) {
    add_tiles(inner_, seed, side_tiles);
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(inner_.source().size()));
    inner_.source().read(0, bytes);
    bytes_ = std::make_unique<LateBytes>(std::move(bytes));
  }

  [[nodiscard]] LateBytes& bytes() const noexcept { return *bytes_; }

  [[nodiscard]] const std::vector<slide::Level>& levels() const noexcept override { return inner_.levels(); }
  [[nodiscard]] const std::vector<slide::Associated>& associated() const noexcept override {
    return inner_.associated();
  }
  [[nodiscard]] const std::optional<slide::Mpp>& mpp() const noexcept override { return inner_.mpp(); }
  [[nodiscard]] int orientation() const noexcept override { return 1; }
  [[nodiscard]] std::vector<std::uint8_t> icc_profile() const override { return inner_.icc_profile(); }
  [[nodiscard]] const std::vector<std::string>& warnings() const noexcept override { return inner_.warnings(); }
  [[nodiscard]] const slide::Limits& limits() const noexcept override { return inner_.limits(); }
  [[nodiscard]] const slide::ByteSource& source() const noexcept override { return *bytes_; }
  [[nodiscard]] const slide::DriverChoice& driver() const noexcept override { return inner_.driver(); }
  [[nodiscard]] const slide::Properties& properties() const noexcept override { return inner_.properties(); }
  [[nodiscard]] slide::StoredTile stored_tile(std::size_t directory, std::int64_t column, std::int64_t row,
                                              int plane) const override {
    return inner_.stored_tile(directory, column, row, plane);
  }

 private:
  FakeSlide inner_;
  std::unique_ptr<LateBytes> bytes_;
};

}  // namespace microtome::test

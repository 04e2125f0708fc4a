// A source that answers later: its bytes are asked for in ranges of pages, merged where they are neighbours, and kept
// for as long as somebody holds them, the last few megabytes a little longer. What is being fetched already is not
// asked for twice. The derived class passes questions on (ask) and hands in answers (answer, fail), from any thread.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "slide/byte_source.h"

namespace microtome::slide {

class PagedSource : public ByteSource {
 public:
  static constexpr std::uint64_t kPageBytes = 2u << 10;
  // Most bytes of pages that are kept although nobody uses them any more.
  static constexpr std::size_t kKeptBytes = 8u << 20;
  // Most bytes of one range, and of all ranges of one read. They limit the work of the thread that delivers an answer.
  static constexpr std::uint64_t kRangeBytes = 1u << 20;
  static constexpr std::uint64_t kQuestionBytes = 4u << 20;
  // A small read asks for this much from its page on: the tables of a TIFF lie close together.
  static constexpr std::uint64_t kReadAheadBytes = 64u << 10;

  // A source that knows how large the tables of its file may be can have small reads ask for less, or for more.
  PagedSource(std::uint64_t size, std::string name, std::uint64_t read_ahead_bytes = kReadAheadBytes)
      : size_(size), name_(std::move(name)), read_ahead_bytes_(std::min(read_ahead_bytes, kRangeBytes)) {}

  [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] bool is_local() const noexcept override { return false; }
  void read(std::uint64_t offset, std::span<std::uint8_t> out) const override;
  [[nodiscard]] std::shared_ptr<const void> require(std::span<const ByteRange> ranges) const override;
  void fetch(std::span<const ByteRange> ranges, const std::shared_ptr<Fetch>& fetch) const override;

 protected:
  // Asks for `ranges`; exactly one of answer() and fail() follows, unless forget() comes before. Called without a
  // mutex.
  virtual void ask(std::uint64_t question, const std::vector<ByteRange>& ranges) const = 0;
  // Nobody waits for the answer any more. Called without a mutex.
  virtual void forget(std::uint64_t question) const = 0;

  // The bytes of one range of a question. The last one completes the question; one of another length than was asked for
  // fails it. Later answers to a question that was forgotten are dropped.
  void answer(std::uint64_t question, std::size_t range, std::span<const std::uint8_t> bytes) const;
  void fail(std::uint64_t question, const std::exception_ptr& failure) const;

 private:
  using Page = std::vector<std::uint8_t>;
  using PagePointer = std::shared_ptr<const Page>;
  struct Waiter {
    std::shared_ptr<Fetch> fetch;
    std::set<std::uint64_t> missing;  // pages
    std::vector<PagePointer> kept;
  };
  struct Question {
    std::vector<ByteRange> ranges;
    std::size_t answered = 0;
  };

  [[nodiscard]] PagePointer find(std::uint64_t page) const;
  void add_page(std::uint64_t page, std::span<const std::uint8_t> bytes) const;
  void keep(const PagePointer& page) const;
  [[nodiscard]] std::vector<std::shared_ptr<Waiter>> take_complete() const;
  void abandon(const std::shared_ptr<Waiter>& waiter) const;
  [[nodiscard]] std::vector<std::uint64_t> questions_for(const std::set<std::uint64_t>& pages) const;

  const std::uint64_t size_;
  const std::string name_;
  const std::uint64_t read_ahead_bytes_;

  mutable std::mutex mutex_;
  mutable std::map<std::uint64_t, std::weak_ptr<const Page>> pages_;
  mutable std::deque<PagePointer> kept_;  // the oldest first
  mutable std::size_t kept_bytes_ = 0;
  mutable std::map<std::uint64_t, std::uint64_t> asked_;  // page to question
  mutable std::map<std::uint64_t, Question> questions_;
  mutable std::vector<std::shared_ptr<Waiter>> waiters_;
  mutable std::uint64_t next_question_ = 1;
};

}  // namespace microtome::slide

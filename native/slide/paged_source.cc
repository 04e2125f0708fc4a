#include "slide/paged_source.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/error.h"

namespace microtome::slide {
namespace {

constexpr std::size_t kSweepPages = 32768;  // so many entries before those whose pages are gone are removed

std::uint64_t page_of(std::uint64_t offset) { return offset / PagedSource::kPageBytes; }

}  // namespace

PagedSource::PagePointer PagedSource::find(std::uint64_t page) const {
  const auto found = pages_.find(page);
  return found == pages_.end() ? nullptr : found->second.lock();
}

void PagedSource::read(std::uint64_t offset, std::span<std::uint8_t> out) const {
  if (offset > size_ || out.size() > size_ - offset)
    throw Error(Code::TRUNCATED, Stage::Slide,
                "expected " + std::to_string(out.size()) + " bytes at " + std::to_string(offset) +
                    ", beyond the end of the source (" + std::to_string(size_) + " bytes)")
        .with_path(name_);
  if (out.empty()) return;
  const ByteRange wanted{offset, out.size()};
  {
    std::scoped_lock lock(mutex_);
    while (!out.empty()) {
      const PagePointer page = find(page_of(offset));
      if (!page) break;
      const std::uint64_t within = offset % kPageBytes;
      const std::size_t count = std::min<std::size_t>(out.size(), page->size() - static_cast<std::size_t>(within));
      std::memcpy(out.data(), page->data() + within, count);
      out = out.subspan(count);
      offset += count;
    }
  }
  if (out.empty()) return;
  const std::uint64_t more = std::max<std::uint64_t>(wanted.bytes, read_ahead_bytes_);
  throw BytesPending{this, {{wanted.offset, std::min(more, size_ - wanted.offset)}}};
}

std::shared_ptr<const void> PagedSource::require(std::span<const ByteRange> ranges) const {
  std::vector<PagePointer> kept;
  {
    std::scoped_lock lock(mutex_);
    for (const ByteRange& range : ranges)
      for (std::uint64_t page = page_of(range.offset); page * kPageBytes < range.offset + range.bytes; ++page) {
        PagePointer here = find(page);
        if (!here) throw BytesPending{this, {ranges.begin(), ranges.end()}};
        kept.push_back(std::move(here));
      }
  }
  return std::make_shared<const std::vector<PagePointer>>(std::move(kept));
}

// Questions for pages that are neither here nor asked for. With the mutex held; returns their numbers.
std::vector<std::uint64_t> PagedSource::questions_for(const std::set<std::uint64_t>& pages) const {
  std::vector<std::uint64_t> made;
  std::uint64_t room = 0;
  for (const std::uint64_t page : pages) {
    if (asked_.contains(page)) continue;
    const std::uint64_t start = page * kPageBytes;
    const std::uint64_t bytes = std::min(kPageBytes, size_ - start);
    if (made.empty() || room < bytes) {
      made.push_back(next_question_++);
      room = kQuestionBytes;
    }
    auto& ranges = questions_[made.back()].ranges;
    ByteRange* last = ranges.empty() ? nullptr : &ranges.back();
    if (last != nullptr && last->offset + last->bytes == start && last->bytes + bytes <= kRangeBytes)
      last->bytes += bytes;
    else
      ranges.push_back({start, bytes});
    room -= bytes;
    asked_[page] = made.back();
  }
  return made;
}

void PagedSource::fetch(std::span<const ByteRange> ranges, const std::shared_ptr<Fetch>& fetch) const {
  auto waiter = std::make_shared<Waiter>();
  waiter->fetch = fetch;
  std::vector<std::pair<std::uint64_t, std::vector<ByteRange>>> to_ask;
  bool complete = false;
  {
    std::scoped_lock lock(mutex_);
    for (const ByteRange& range : ranges)
      for (std::uint64_t page = page_of(range.offset); page * kPageBytes < range.offset + range.bytes; ++page) {
        if (PagePointer here = find(page))
          waiter->kept.push_back(std::move(here));
        else
          waiter->missing.insert(page);
      }
    complete = waiter->missing.empty();
    if (!complete) {
      for (const std::uint64_t question : questions_for(waiter->missing))
        to_ask.emplace_back(question, questions_[question].ranges);
      waiters_.push_back(waiter);
    }
  }
  if (ranges.empty()) return fetch->complete(nullptr, nullptr);
  if (complete)
    return fetch->complete(nullptr, std::make_shared<const std::vector<PagePointer>>(std::move(waiter->kept)));
  // In this order: until then this waiter stands for its questions, so that none is forgotten before it was asked.
  for (const auto& [question, asked] : to_ask) ask(question, asked);
  fetch->on_abandon([this, waiter] { abandon(waiter); });
}

// With the mutex held.
void PagedSource::keep(const PagePointer& page) const {
  kept_.push_back(page);
  kept_bytes_ += page->size();
  while (kept_bytes_ > kKeptBytes) {
    kept_bytes_ -= kept_.front()->size();
    kept_.pop_front();
  }
}

// With the mutex held.
void PagedSource::add_page(std::uint64_t number, std::span<const std::uint8_t> bytes) const {
  asked_.erase(number);
  if (pages_.size() >= kSweepPages) std::erase_if(pages_, [](const auto& entry) { return entry.second.expired(); });
  const auto page = std::make_shared<const Page>(bytes.begin(), bytes.end());
  pages_[number] = page;
  keep(page);
  for (const auto& waiter : waiters_)
    if (waiter->missing.erase(number) > 0) waiter->kept.push_back(page);
}

// With the mutex held: the waiters that miss nothing any more.
std::vector<std::shared_ptr<PagedSource::Waiter>> PagedSource::take_complete() const {
  std::vector<std::shared_ptr<Waiter>> complete;
  std::erase_if(waiters_, [&](const std::shared_ptr<Waiter>& waiter) {
    if (!waiter->missing.empty()) return false;
    complete.push_back(waiter);
    return true;
  });
  return complete;
}

void PagedSource::answer(std::uint64_t question, std::size_t range, std::span<const std::uint8_t> bytes) const {
  std::vector<std::shared_ptr<Waiter>> complete;
  bool fits = true;
  {
    std::scoped_lock lock(mutex_);
    const auto found = questions_.find(question);
    if (found == questions_.end() || range >= found->second.ranges.size()) return;
    fits = bytes.size() == found->second.ranges[range].bytes;
  }
  // Dropping it would leave somebody waiting for ever.
  if (!fits)
    return fail(question, std::make_exception_ptr(Error(Code::FILE_UNREADABLE, Stage::Slide,
                                                        "the byte source gave another number of bytes than was asked")
                                                      .with_path(name_)));
  {
    std::scoped_lock lock(mutex_);
    const auto found = questions_.find(question);
    if (found == questions_.end()) return;
    const ByteRange asked = found->second.ranges[range];
    for (std::uint64_t done = 0; done < asked.bytes; done += kPageBytes)
      add_page(page_of(asked.offset + done),
               bytes.subspan(static_cast<std::size_t>(done),
                             static_cast<std::size_t>(std::min(kPageBytes, asked.bytes - done))));
    if (++found->second.answered == found->second.ranges.size()) questions_.erase(found);
    complete = take_complete();
  }
  for (const auto& waiter : complete)
    waiter->fetch->complete(nullptr, std::make_shared<const std::vector<PagePointer>>(std::move(waiter->kept)));
}

void PagedSource::fail(std::uint64_t question, const std::exception_ptr& failure) const {
  std::vector<std::shared_ptr<Waiter>> failed;
  {
    std::scoped_lock lock(mutex_);
    if (questions_.erase(question) == 0) return;
    std::set<std::uint64_t> pages;
    for (const auto& [page, owner] : asked_)
      if (owner == question) pages.insert(page);
    for (const std::uint64_t page : pages) asked_.erase(page);
    std::erase_if(waiters_, [&](const std::shared_ptr<Waiter>& waiter) {
      const bool hit =
          std::any_of(pages.begin(), pages.end(), [&](auto page) { return waiter->missing.contains(page); });
      if (hit) failed.push_back(waiter);
      return hit;
    });
  }
  for (const auto& waiter : failed) waiter->fetch->complete(failure, nullptr);
}

// Questions whose pages nobody else waits for are forgotten.
void PagedSource::abandon(const std::shared_ptr<Waiter>& waiter) const {
  std::vector<std::uint64_t> forgotten;
  {
    std::scoped_lock lock(mutex_);
    if (std::erase(waiters_, waiter) == 0) return;
    std::set<std::uint64_t> own;
    for (const std::uint64_t page : waiter->missing)
      if (const auto asked = asked_.find(page); asked != asked_.end()) own.insert(asked->second);
    const auto awaited = [this](std::uint64_t page) {
      return std::any_of(waiters_.begin(), waiters_.end(),
                         [page](const auto& other) { return other->missing.contains(page); });
    };
    for (const auto& [page, question] : asked_)
      if (own.contains(question) && awaited(page)) own.erase(question);
    for (const std::uint64_t question : own) {
      questions_.erase(question);
      std::erase_if(asked_, [&](const auto& entry) { return entry.second == question; });
    }
    forgotten.assign(own.begin(), own.end());
  }
  for (const std::uint64_t question : forgotten) forget(question);
}

}  // namespace microtome::slide

// A slide that tells each read of its bytes before it is done: to take time, to hold a worker, to count.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "test/support/fake_slide.h"

namespace microtome::test {

class WatchedSlide final : public slide::Slide {
 public:
  using OnRead = std::function<void(std::size_t bytes)>;  // on the thread that reads

  WatchedSlide(std::shared_ptr<const FakeSlide> slide, OnRead on_read)
      : slide_(std::move(slide)), source_(slide_->source(), std::move(on_read)) {}

  [[nodiscard]] const std::vector<slide::Level>& levels() const noexcept override { return slide_->levels(); }
  [[nodiscard]] const std::vector<slide::Associated>& associated() const noexcept override {
    return slide_->associated();
  }
  [[nodiscard]] const std::optional<slide::Mpp>& mpp() const noexcept override { return slide_->mpp(); }
  [[nodiscard]] int orientation() const noexcept override { return slide_->orientation(); }
  [[nodiscard]] std::vector<std::uint8_t> icc_profile() const override { return slide_->icc_profile(); }
  [[nodiscard]] const std::vector<std::string>& warnings() const noexcept override { return slide_->warnings(); }
  [[nodiscard]] const slide::Limits& limits() const noexcept override { return slide_->limits(); }
  [[nodiscard]] const slide::ByteSource& source() const noexcept override { return source_; }
  [[nodiscard]] const slide::DriverChoice& driver() const noexcept override { return slide_->driver(); }
  [[nodiscard]] const slide::Properties& properties() const noexcept override { return slide_->properties(); }
  [[nodiscard]] slide::StoredTile stored_tile(std::size_t directory, std::int64_t column, std::int64_t row,
                                              int plane) const override {
    return slide_->stored_tile(directory, column, row, plane);
  }

 private:
  class Source final : public slide::ByteSource {
   public:
    Source(const slide::ByteSource& inner, OnRead on_read) : inner_(inner), on_read_(std::move(on_read)) {}
    [[nodiscard]] std::uint64_t size() const noexcept override { return inner_.size(); }
    void read(std::uint64_t offset, std::span<std::uint8_t> out) const override {
      on_read_(out.size());
      inner_.read(offset, out);
    }
    [[nodiscard]] const std::string& name() const noexcept override { return inner_.name(); }

   private:
    const slide::ByteSource& inner_;
    const OnRead on_read_;
  };

  const std::shared_ptr<const FakeSlide> slide_;
  const Source source_;
};

}  // namespace microtome::test

// A slide made of given levels, with no file behind it: for tests of stages that only look at sizes and at which
// bytes belong to which stored tile. Bytes can be given per stored tile, for tests that decode.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "slide/slide.h"
#include "test/support/memory_source.h"

namespace microtome::test {

class FakeSlide final : public slide::Slide {
 public:
  // The first level added is level 0. Returns its index.
  int add_level(std::int64_t width_px, std::int64_t height_px, std::int64_t tile_px = 256) {
    slide::Storage storage;
    storage.width_px = width_px;
    storage.height_px = height_px;
    storage.tile_width_px = tile_px;
    storage.tile_height_px = tile_px;
    storage.tiled = true;
    return add_level(std::move(storage));
  }

  int add_level(slide::Storage storage) {
    slide::Level level;
    level.index = static_cast<int>(levels_.size());
    level.directory = levels_.size();
    const slide::Storage& base = levels_.empty() ? storage : levels_.front().storage;
    level.level0_width_px = base.width_px;
    level.level0_height_px = base.height_px;
    if (!levels_.empty()) {
      level.downsample = (static_cast<double>(base.width_px) / static_cast<double>(storage.width_px) +
                          static_cast<double>(base.height_px) / static_cast<double>(storage.height_px)) /
                         2;
    }
    level.storage = std::move(storage);
    levels_.push_back(std::move(level));
    return levels_.back().index;
  }

  void set_mpp(double x, double y, bool trusted = true, std::string source = "tiff") {
    mpp_ = slide::Mpp{x, y, std::move(source), trusted};
  }
  void set_icc_profile(std::vector<std::uint8_t> profile) { icc_profile_ = std::move(profile); }
  void set_driver(slide::DriverChoice driver) { driver_ = std::move(driver); }
  void set_limits(const slide::Limits& limits) { limits_ = limits; }

  // A tile that was never given bytes is missing (reads as white).
  void set_tile(std::size_t directory, std::int64_t column, std::int64_t row, std::span<const std::uint8_t> bytes,
                int plane = 0) {
    tiles_[{directory, column, row, plane}] = {source_.append(bytes), bytes.size()};
  }

  [[nodiscard]] const std::vector<slide::Level>& levels() const noexcept override { return levels_; }
  [[nodiscard]] const std::vector<slide::Associated>& associated() const noexcept override { return associated_; }
  [[nodiscard]] const std::optional<slide::Mpp>& mpp() const noexcept override { return mpp_; }
  [[nodiscard]] int orientation() const noexcept override { return 1; }
  [[nodiscard]] std::vector<std::uint8_t> icc_profile() const override { return icc_profile_; }
  [[nodiscard]] const std::vector<std::string>& warnings() const noexcept override { return warnings_; }
  [[nodiscard]] const slide::Limits& limits() const noexcept override { return limits_; }
  [[nodiscard]] const slide::ByteSource& source() const noexcept override { return source_; }
  [[nodiscard]] const slide::DriverChoice& driver() const noexcept override { return driver_; }
  [[nodiscard]] const slide::Properties& properties() const noexcept override { return properties_; }
  [[nodiscard]] const slide::TilePixels* tile_pixels() const noexcept override { return pixels_.get(); }
  // The tiles of levels that are Rendered.
  void set_pixels(std::shared_ptr<const slide::TilePixels> pixels) { pixels_ = std::move(pixels); }
  // Reads of its bytes, so far.
  [[nodiscard]] int reads() const noexcept { return source_.reads(); }
  [[nodiscard]] slide::StoredTile stored_tile(std::size_t directory, std::int64_t column, std::int64_t row,
                                              int plane) const override {
    const auto found = tiles_.find({directory, column, row, plane});
    return found == tiles_.end() ? slide::StoredTile{} : found->second;
  }

 private:
  std::vector<slide::Level> levels_;
  std::vector<slide::Associated> associated_;
  std::optional<slide::Mpp> mpp_;
  std::vector<std::uint8_t> icc_profile_;
  std::vector<std::string> warnings_;
  slide::Limits limits_;
  slide::DriverChoice driver_{"fake", "a test asked for it"};
  slide::Properties properties_;
  std::shared_ptr<const slide::TilePixels> pixels_;
  MemorySource source_{{}, "fake slide"};
  std::map<std::tuple<std::size_t, std::int64_t, std::int64_t, int>, slide::StoredTile> tiles_;
};

}  // namespace microtome::test

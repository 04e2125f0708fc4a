#include "openslide/openslide_slide.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "openslide/argb.h"
#include "openslide/file_watch.h"
#include "openslide/handles.h"
#include "openslide/level_start.h"
#include "openslide/openslide_library.h"
#include "openslide/slide_facts.h"
#include "slide/driver.h"

namespace microtome::openslide {
namespace {

// Whether a text of OpenSlide ends with the system's reason, which no damaged tile has: such a tile is never filled over.
bool is_of_system(const std::string& text) {
  constexpr std::errc kReasons[] = {std::errc::too_many_files_open, std::errc::too_many_files_open_in_system,
                                    std::errc::io_error,            std::errc::not_enough_memory,
                                    std::errc::permission_denied,   std::errc::no_such_file_or_directory};
  return std::any_of(std::begin(kReasons), std::end(kReasons),
                     [&](std::errc reason) { return text.ends_with(std::make_error_code(reason).message()); });
}

// Pixels of a thread, kept from tile to tile unless one was unusually large.
constexpr std::size_t kScratchKept = std::size_t{8} << 20;

class Scratch {
 public:
  explicit Scratch(std::int64_t pixels) : pixels_(of_thread()) { pixels_.resize(static_cast<std::size_t>(pixels)); }
  ~Scratch() {
    if (pixels_.capacity() > kScratchKept) std::vector<std::uint32_t>().swap(pixels_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] std::vector<std::uint32_t>& get() const noexcept { return pixels_; }

 private:
  static std::vector<std::uint32_t>& of_thread() {
    static thread_local std::vector<std::uint32_t> pixels;
    return pixels;
  }
  std::vector<std::uint32_t>& pixels_;
};

class OpenslideSlide final : public slide::Slide, public slide::TilePixels {
 public:
  OpenslideSlide(std::shared_ptr<const slide::ByteSource> source, const std::string& path,
                 const slide::OpenOptions& options, const std::string& why)
      : source_(std::move(source)),
        limits_(options.limits),
        watch_(path, options.files),
        handles_(library(), path, static_cast<std::size_t>(slide::kDriverCacheBytes)) {
    const Api& api = handles_.api();
    const auto handle = handles_.first();
    facts_ = read_facts(api, *handle, options);
    const char* const vendor = api.property_value(handle->get(), "openslide.vendor");
    driver_ = {"openslide", why + "; OpenSlide " + api.version + " reads it" +
                                (vendor == nullptr ? "" : " as " + std::string(vendor).substr(0, 80))};
    handles_.set_check([this](const Handle& fresh) { require_same_slide(handles_.api(), fresh, facts_); });
  }

  [[nodiscard]] const std::vector<slide::Level>& levels() const noexcept override { return facts_.levels; }
  [[nodiscard]] const std::vector<slide::Associated>& associated() const noexcept override { return facts_.associated; }
  [[nodiscard]] const std::optional<slide::Mpp>& mpp() const noexcept override { return facts_.mpp; }
  [[nodiscard]] int orientation() const noexcept override { return 1; }
  [[nodiscard]] std::vector<std::uint8_t> icc_profile() const override;
  [[nodiscard]] const std::vector<std::string>& warnings() const noexcept override { return facts_.warnings; }
  [[nodiscard]] const slide::Limits& limits() const noexcept override { return limits_; }
  [[nodiscard]] const slide::ByteSource& source() const noexcept override { return *source_; }
  [[nodiscard]] const slide::DriverChoice& driver() const noexcept override { return driver_; }
  [[nodiscard]] const slide::Properties& properties() const noexcept override { return facts_.properties; }
  [[nodiscard]] const slide::TilePixels* tile_pixels() const noexcept override { return this; }
  [[nodiscard]] slide::StoredTile stored_tile(std::size_t, std::int64_t, std::int64_t, int) const override {
    return {};
  }
  void require_unchanged() const override { watch_.require_same(); }
  [[nodiscard]] bool read(std::size_t directory, std::int64_t column, std::int64_t row,
                          const RgbView& out) const override;

 private:
  // Throws SLIDE_CHANGED where that is why: also where the slide cannot be opened again.
  void read_or_throw(const char* what, const Handles::Read& read) const {
    const auto error = try_read(read);
    watch_.require_same_sometimes();
    if (!error) return;
    watch_.require_same();
    if (is_of_system(*error))
      throw Error(Code::FILE_UNREADABLE, Stage::Slide, std::string("OpenSlide cannot read ") + what + ": " + *error)
          .with_path(source_->name());
    throw Error(Code::CORRUPT_TILE, Stage::Slide, std::string("OpenSlide cannot read ") + what + ": " + *error);
  }

  [[nodiscard]] std::optional<std::string> try_read(const Handles::Read& read) const {
    try {
      return handles_.try_read(read);
    } catch (const Error&) {
      watch_.require_same();
      throw;
    }
  }

  std::shared_ptr<const slide::ByteSource> source_;
  slide::Limits limits_;
  FileWatch watch_;
  mutable Handles handles_;
  SlideFacts facts_;
  slide::DriverChoice driver_;
};

std::vector<std::uint8_t> OpenslideSlide::icc_profile() const {
  std::vector<std::uint8_t> profile;
  std::int64_t bytes = 0;
  const auto error = try_read([&](Api::Osr* osr) {
    const Api& api = handles_.api();
    profile.clear();
    bytes = api.icc_profile_size(osr);
    if (bytes <= 0 || static_cast<std::uint64_t>(bytes) > limits_.metadata_bytes) return;
    profile.resize(static_cast<std::size_t>(bytes));
    api.read_icc_profile(osr, profile.data());
  });
  if (error)
    throw Error(Code::UNSUPPORTED_PIXELS, Stage::Slide, "OpenSlide cannot read the ICC profile: " + *error)
        .with_path(source_->name());
  if (bytes > 0 && static_cast<std::uint64_t>(bytes) > limits_.metadata_bytes)
    throw Error(Code::LIMIT_EXCEEDED, Stage::Slide,
                "the ICC profile has " + std::to_string(bytes) + " bytes, [[limits.metadataBytes]] is " +
                    std::to_string(limits_.metadata_bytes))
        .with_path(source_->name());
  return profile;
}

bool OpenslideSlide::read(std::size_t directory, std::int64_t column, std::int64_t row, const RgbView& out) const {
  if (directory >= facts_.pictures.size())
    throw Error(Code::INTERNAL, Stage::Slide, "there is no picture " + std::to_string(directory));
  const Picture& picture = facts_.pictures[directory];
  const slide::Storage& storage = picture.storage;
  const std::int64_t left = column * storage.tile_width_px, top = row * storage.tile_height_px;
  const std::int64_t width = std::min(out.width_px, storage.width_px - left);
  const std::int64_t height = std::min(out.height_px, storage.height_px - top);
  if (width < 1 || height < 1) return false;
  if (width < out.width_px || height < out.height_px) fill_white(out);
  const RgbView part{out.data, width, height, out.stride_bytes};
  const Api& api = handles_.api();
  if (picture.level < 0) {
    const Scratch scratch(width * height);
    read_or_throw("the image",
                  [&](Api::Osr* osr) { api.read_associated(osr, picture.name.c_str(), scratch.get().data()); });
    return write_on_white(scratch.get(), width, part) < width * height;
  }
  const LevelStart x = level_start(left, picture.downsample);
  const LevelStart y = level_start(top, picture.downsample);
  const std::int64_t read_width = width + x.lead_px, read_height = height + y.lead_px;
  const Scratch scratch(read_width * read_height);
  read_or_throw("the tile", [&](Api::Osr* osr) {
    api.read_region(osr, scratch.get().data(), x.level0_px, y.level0_px, picture.level, read_width, read_height);
  });
  const auto pixels = std::span<const std::uint32_t>(scratch.get())
                          .subspan(static_cast<std::size_t>(y.lead_px * read_width + x.lead_px));
  return write_on_white(pixels, read_width, part) < width * height;
}

}  // namespace

std::shared_ptr<const slide::Slide> open_openslide(std::shared_ptr<const slide::ByteSource> source,
                                                   const std::string& path, const slide::OpenOptions& options,
                                                   const std::string& why) {
  return std::make_shared<OpenslideSlide>(std::move(source), path, options, why);
}

}  // namespace microtome::openslide

#include "slide/slide.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "slide/aperio.h"
#include "slide/checked_math.h"
#include "slide/jpeg_colour.h"
#include "slide/pyramid.h"
#include "slide/resolution.h"
#include "slide/tiff_reader.h"

namespace microtome::slide {
namespace {

class TiffSlide final : public Slide {
 public:
  TiffSlide(std::shared_ptr<const ByteSource> source, const OpenOptions& options)
      : source_(std::move(source)), limits_(options.limits) {
    DirectoryWalk walk = walk_directories(read_header(*source_), limits_);
    warnings_ = std::move(walk.warnings);
    const TiffDirectory& first = walk.directories.front().directory;
    pages_.push_back(read_first_page(first, limits_));
    const std::string description = read_description(first);
    const bool aperio = is_aperio(description);
    mpp_ = resolve_mpp(first, description, options.slide_mpp, warnings_);
    read_orientation(first);
    for (std::size_t i = 1; i < walk.directories.size(); ++i) read_page(walk.directories[i], aperio);
    Pyramid pyramid = build_pyramid(pages_, aperio);
    levels_ = std::move(pyramid.levels);
    associated_ = std::move(pyramid.associated);
    warnings_.insert(warnings_.end(), pyramid.warnings.begin(), pyramid.warnings.end());
    warn_of_counts();
    warn_of_colours();
  }

  [[nodiscard]] const std::vector<Level>& levels() const noexcept override { return levels_; }
  [[nodiscard]] const std::vector<Associated>& associated() const noexcept override { return associated_; }
  [[nodiscard]] const std::optional<Mpp>& mpp() const noexcept override { return mpp_; }
  [[nodiscard]] int orientation() const noexcept override { return orientation_; }
  [[nodiscard]] const std::vector<std::string>& warnings() const noexcept override { return warnings_; }
  [[nodiscard]] const Limits& limits() const noexcept override { return limits_; }
  [[nodiscard]] const ByteSource& source() const noexcept override { return *source_; }

  [[nodiscard]] StoredTile stored_tile(std::size_t directory, std::int64_t column, std::int64_t row,
                                       int plane) const override;

 private:
  // A description that cannot be read costs the resolution, not the slide.
  std::string read_description(const TiffDirectory& directory) {
    try {
      return directory.text(Tag::ImageDescription, limits_.metadata_bytes);
    } catch (const Error& error) {
      warnings_.push_back("the description is not read: " + error.found());
      return {};
    }
  }

  void read_orientation(const TiffDirectory& directory) {
    try {
      const std::uint64_t value = directory.number(Tag::Orientation).value_or(1);
      if (value >= 1 && value <= 8)
        orientation_ = static_cast<int>(value);
      else
        warnings_.push_back("the orientation is " + std::to_string(value) + ", expected 1 to 8; taken as 1");
    } catch (const Error& error) {
      warnings_.push_back("the orientation is not read: " + error.found());
    }
  }

  void read_page(const FoundDirectory& found, bool aperio) {
    try {
      pages_.push_back(read_other_page(found, aperio, limits_));
    } catch (const Error& error) {
      if (error.code() == Code::TRUNCATED) throw;  // see walk_directories
      warnings_.push_back((found.sub ? "subifd-" : "page-") + std::to_string(found.number) +
                          " is left out: " + error.found());
    }
  }

  void warn_of_counts() {
    for (const Level& level : levels_)
      if (!pages_[level.directory].table->has_counts())
        warnings_.push_back("level " + std::to_string(level.index) +
                            " has no byte counts; they are taken from its size or from its offsets");
  }

  // Of level 0 only: a slide is not read here and there to be opened.
  void warn_of_colours() {
    const Page& page = pages_[levels_.front().directory];
    const Storage& storage = *page.storage;
    if (storage.compression != Compression::Jpeg || storage.photometric != Photometric::Rgb || storage.planar) return;
    try {
      const auto offset = page.table->first_offset();
      if (!offset || *offset >= source_->size()) return;
      std::vector<std::uint8_t> head(
          static_cast<std::size_t>(std::min<std::uint64_t>(kJpegHeadBytes, source_->size() - *offset)));
      source_->read(*offset, head);
      if (const char* marker = says_ycbcr(head))
        warnings_.push_back(std::string("the photometric tag says RGB, ") + marker +
                            " in the first tile says YCbCr; colours are decoded as the tag says");
    } catch (const Error&) {
      return;  // said again, with its name, when the tile is read
    }
  }

  [[nodiscard]] std::string describe_tile(std::size_t directory, std::int64_t column, std::int64_t row) const {
    std::string place = pages_[directory].name;
    for (const Level& level : levels_) {
      if (level.directory == directory) place = "level " + std::to_string(level.index);
    }
    return "tile (column " + std::to_string(column) + ", row " + std::to_string(row) + ") of " + place;
  }

  std::shared_ptr<const ByteSource> source_;
  Limits limits_;
  std::vector<Page> pages_;
  std::vector<Level> levels_;
  std::vector<Associated> associated_;
  std::optional<Mpp> mpp_;
  int orientation_ = 1;
  std::vector<std::string> warnings_;
};

StoredTile TiffSlide::stored_tile(std::size_t directory, std::int64_t column, std::int64_t row, int plane) const {
  const bool known = directory < pages_.size() && pages_[directory].storage;
  if (!known || column < 0 || row < 0 || plane < 0 || column >= pages_[directory].storage->tiles_across() ||
      row >= pages_[directory].storage->tiles_down() ||
      plane >= (pages_[directory].storage->planar ? pages_[directory].storage->samples : 1))
    throw Error(Code::INTERNAL, Stage::Slide,
                "asked for stored tile (column " + std::to_string(column) + ", row " + std::to_string(row) +
                    ", plane " + std::to_string(plane) + ") of directory " + std::to_string(directory) +
                    ", which does not exist")
        .with_path(source_->name());
  const Page& page = pages_[directory];
  const auto across = static_cast<std::uint64_t>(page.storage->tiles_across());
  const auto down = static_cast<std::uint64_t>(page.storage->tiles_down());
  // Below TileTable::size(), which was checked for overflow.
  const std::uint64_t index = (static_cast<std::uint64_t>(plane) * down + static_cast<std::uint64_t>(row)) * across +
                              static_cast<std::uint64_t>(column);
  const StoredTile tile = page.table->at(index);
  if (tile.bytes == 0 || tile.offset == 0) return {};
  if (!inside(tile.offset, tile.bytes, source_->size()))
    throw Error(Code::TRUNCATED, Stage::Slide,
                describe_tile(directory, column, row) + " has " + std::to_string(tile.bytes) + " bytes at " +
                    std::to_string(tile.offset) + ", beyond the end of the file (" + std::to_string(source_->size()) +
                    " bytes)")
        .with_path(source_->name());
  if (tile.bytes > limits_.stored_tile_bytes)
    throw Error(Code::LIMIT_EXCEEDED, Stage::Slide,
                describe_tile(directory, column, row) + " has " + std::to_string(tile.bytes) +
                    " bytes, [[limits.storedTileBytes]] is " + std::to_string(limits_.stored_tile_bytes))
        .with_path(source_->name());
  return tile;
}

}  // namespace

std::shared_ptr<const Slide> Slide::open(std::shared_ptr<const ByteSource> source, const OpenOptions& options) {
  const std::string name = source->name();
  try {
    return std::make_shared<TiffSlide>(std::move(source), options);
  } catch (Error& error) {
    error.with_path(name);
    throw;
  }
}

}  // namespace microtome::slide

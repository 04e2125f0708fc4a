#include "slide/tiff_slide.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "slide/aperio.h"
#include "slide/checked_math.h"
#include "slide/colour_planes.h"
#include "slide/jpeg_colour.h"
#include "slide/ndpi.h"
#include "slide/page.h"
#include "slide/page_marks.h"
#include "slide/pyramid.h"
#include "slide/resolution.h"
#include "slide/tiff_reader.h"

namespace microtome::slide {
namespace {

class TiffSlide final : public Slide {
 public:
  TiffSlide(std::shared_ptr<const ByteSource> source, const OpenOptions& options)
      : source_(std::move(source)), limits_(options.limits) {
    const DirectoryWalk walk = walk_directories(read_header(*source_), limits_);
    warnings_ = walk.warnings;
    const std::string description = read_description(walk.directories.front());
    read_pages(walk);
    FileFacts facts;
    read_facts(description, pages_, facts);
    find_marks(pages_, facts, warnings_);
    if (walk.directories.front().directory.file().ndpi) read_ndpi(walk);
    const std::size_t slide = choose_slide(pages_);
    if (pages_[slide].error) throw *pages_[slide].error;
    join_colour_planes(pages_, slide, facts, warnings_);
    const FoundDirectory& found = walk.directories[pages_[slide].directory];
    directory_ = found.directory;
    mpp_ = resolve_mpp(found.directory, resolution_text(found, slide, facts), options.slide_mpp, warnings_);
    read_orientation(found.directory);
    Pyramid pyramid = build_pyramid(pages_, slide, facts);
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
  [[nodiscard]] std::vector<std::uint8_t> icc_profile() const override;
  [[nodiscard]] const std::vector<std::string>& warnings() const noexcept override { return warnings_; }
  [[nodiscard]] const Limits& limits() const noexcept override { return limits_; }
  [[nodiscard]] const ByteSource& source() const noexcept override { return *source_; }
  [[nodiscard]] const DriverChoice& driver() const noexcept override { return driver_; }
  [[nodiscard]] const Properties& properties() const noexcept override { return properties_; }

  [[nodiscard]] StoredTile stored_tile(std::size_t directory, std::int64_t column, std::int64_t row,
                                       int part) const override;

 private:
  // A description that cannot be read costs the resolution, not the slide. Of one that is longer than the limit the
  // beginning is read where that is enough, in Aperio's; an XML without its end could be about another page.
  std::string read_description(const FoundDirectory& found) {
    std::string text;
    try {
      text = found.directory.text(Tag::ImageDescription, limits_.metadata_bytes);
    } catch (const Error& error) {
      warnings_.push_back("the description" + (found.name == "page-0" ? "" : " of " + found.name) +
                          " is not read: " + error.found());
      return {};
    }
    const TiffEntry* entry = found.directory.find(Tag::ImageDescription);
    if (entry != nullptr && entry->count > limits_.metadata_bytes && !is_aperio(text))
      throw Error(Code::LIMIT_EXCEEDED, Stage::Slide,
                  "the description of " + found.name + " has " + std::to_string(entry->count) +
                      " bytes, [[limits.metadataBytes]] allows " + std::to_string(limits_.metadata_bytes));
    return text;
  }

  void read_pages(const DirectoryWalk& walk) {
    std::vector<std::size_t> places(walk.directories.size(), Page::kNone);  // of directories, in pages_
    for (std::size_t i = 0; i < walk.directories.size(); ++i) {
      const FoundDirectory& found = walk.directories[i];
      try {
        Page page = read_page(found, limits_, warnings_);
        page.directory = i;
        if (found.sub) page.parent = places[found.parent];
        places[i] = pages_.size();
        pages_.push_back(std::move(page));
      } catch (const Error& error) {
        if (i == 0) throw;
        if (error.code() == Code::TRUNCATED) {  // see walk_directories
          if (pages_.front().error) throw *pages_.front().error;
          throw;
        }
        warnings_.push_back(found.name + " is left out: " + error.found());
      }
    }
  }

  void read_ndpi(const DirectoryWalk& walk) {
    driver_ = {"hamamatsu-ndpi", "the first page has Hamamatsu's tag 65420"};
    std::vector<NdpiPage> said;
    for (Page& page : pages_) {
      const TiffDirectory& directory = walk.directories[page.directory].directory;
      said.push_back(read_ndpi_page(directory));
      if (!page.storage) continue;
      try {
        const std::string why = divide_ndpi_page(directory, limits_, page);
        if (!why.empty()) warnings_.push_back(page.name + " is read as one picture: " + why);
      } catch (const Error& error) {
        page.storage.reset();
        page.table.reset();
        page.error = error;
      }
    }
    mark_ndpi_pages(said, pages_, warnings_);
    properties_ = ndpi_properties(walk.directories.front().directory, limits_);
  }

  // The description that the resolution of the slide is looked for in: Aperio's is about the largest image, wherever it
  // stands; of an OME-XML the part about the slide's own image; else that of the slide's page.
  std::string resolution_text(const FoundDirectory& found, std::size_t slide, const FileFacts& facts) {
    std::string own = found.name == "page-0" ? facts.description : read_description(found);
    if (is_aperio(own) || facts.description.empty()) return own;
    if (is_aperio(facts.description)) return facts.description;
    const auto& image = pages_[slide].image;
    if (image && (!pages_[slide].sub)) return "<OME>" + std::string(facts.ome[*image].xml) + "</OME>";
    return facts.ome.empty() || found.name != "page-0" ? own : std::string();
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

  // What the page's table says.
  [[nodiscard]] static StoredTile table_entry(const Page& page, std::int64_t column, std::int64_t row, int part) {
    const auto across = static_cast<std::uint64_t>(page.stored_across);
    const auto down = static_cast<std::uint64_t>(page.stored_down);
    const auto x = static_cast<std::uint64_t>(column), y = static_cast<std::uint64_t>(row);
    const auto z = static_cast<std::uint64_t>(part);
    if (page.intervals) {
      const Storage& storage = *page.storage;
      const std::uint64_t interval_row = y * static_cast<std::uint64_t>(storage.parts()) + z;
      const bool there = interval_row * static_cast<std::uint64_t>(storage.interval_height_px) <
                         static_cast<std::uint64_t>(storage.height_px);
      return there ? page.intervals->at(interval_row * across + x) : StoredTile{};
    }
    // Planes that are pages of their own have a table each; else one table holds plane after plane.
    const bool apart = !page.further_planes.empty();
    const TileTable& table = apart && part > 0 ? *page.further_planes[z - 1] : *page.table;
    // Below TileTable::size(), which was checked for overflow.
    return table.at(((apart ? 0 : z) * down + y) * across + x);
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
  TiffDirectory directory_;  // of the slide's page
  std::vector<Level> levels_;
  std::vector<Associated> associated_;
  std::optional<Mpp> mpp_;
  int orientation_ = 1;
  std::vector<std::string> warnings_;
  DriverChoice driver_{"generic", "the file begins as a TIFF"};
  Properties properties_;
};

std::vector<std::uint8_t> TiffSlide::icc_profile() const {
  try {
    return directory_.blob(Tag::IccProfile, limits_.metadata_bytes);
  } catch (const Error& error) {
    const bool damaged = error.code() == Code::NOT_A_SLIDE || error.code() == Code::TRUNCATED;
    if (!damaged) throw Error(error).with_path(source_->name());
    throw Error(Code::UNSUPPORTED_PIXELS, Stage::Slide, "the ICC profile cannot be read: " + error.found())
        .with_path(source_->name());
  }
}

StoredTile TiffSlide::stored_tile(std::size_t directory, std::int64_t column, std::int64_t row, int part) const {
  const bool known = directory < pages_.size() && pages_[directory].storage;
  if (!known || column < 0 || row < 0 || part < 0 || column >= pages_[directory].storage->tiles_across() ||
      row >= pages_[directory].storage->tiles_down() || part >= pages_[directory].storage->parts())
    throw Error(Code::INTERNAL, Stage::Slide,
                "asked for part " + std::to_string(part) + " of stored tile (column " + std::to_string(column) +
                    ", row " + std::to_string(row) + ") of directory " + std::to_string(directory) +
                    ", which does not exist")
        .with_path(source_->name());
  const StoredTile tile = table_entry(pages_[directory], column, row, part);
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

bool begins_as_tiff(const ByteSource& source) {
  try {
    (void)read_header(source);
    return true;
  } catch (const Error& error) {
    if (error.code() == Code::NOT_A_SLIDE) return false;
    throw;
  }
}

std::shared_ptr<const Slide> open_tiff(std::shared_ptr<const ByteSource> source, const OpenOptions& options) {
  return std::make_shared<TiffSlide>(std::move(source), options);
}

}  // namespace microtome::slide

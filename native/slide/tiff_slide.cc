#include "slide/tiff_slide.h"

#include <algorithm>
#include <span>
#include <utility>

#include "core/error.h"
#include "slide/checked_math.h"
#include "slide/dialects/dialect.h"
#include "slide/jpeg_colour.h"
#include "slide/laid_levels.h"
#include "slide/numeric_text.h"
#include "slide/page.h"
#include "slide/page_marks.h"
#include "slide/pyramid.h"
#include "slide/resolution.h"
#include "slide/tiff_reader.h"

namespace microtome::slide {
namespace {

class TiffSlide final : public Slide {
 public:
  TiffSlide(std::shared_ptr<const ByteSource> source, const OpenOptions& options,
            const std::vector<const TiffDialect*>& dialects)
      : source_(std::move(source)), limits_(options.limits) {
    const DirectoryWalk walk = walk_directories(read_header(*source_), limits_);
    warnings_ = walk.warnings;
    const Description description = read_description(walk.directories.front());
    read_pages(walk);
    const auto rules = choose_dialect({walk.directories, pages_, description.text, limits_}, options, dialects);
    require_whole(description, walk.directories.front(), *rules);
    read_pixels(walk, *rules);
    find_marks(pages_, *rules, warnings_);
    const std::size_t slide = rules->slide_page(pages_).value_or(choose_slide(pages_));
    if (pages_[slide].error) throw *pages_[slide].error;
    rules->join_planes(pages_, slide, warnings_);
    const FoundDirectory& found = walk.directories[pages_[slide].directory];
    directory_ = found.directory;
    read_resolution(found, slide, description, *rules, options);
    read_orientation(found.directory);
    read_properties(walk.directories.front().directory, description.text, *rules);
    Pyramid pyramid = pyramid_of(slide, *rules);
    levels_ = std::move(pyramid.levels);
    associated_ = std::move(pyramid.associated);
    warnings_.insert(warnings_.end(), pyramid.warnings.begin(), pyramid.warnings.end());
    for (const Level& level : levels_) warn_of_counts(level);
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
  [[nodiscard]] std::span<const LaidPage> laid_pages(std::size_t directory) const noexcept override {
    const std::size_t level = directory - pages_.size();
    return directory >= pages_.size() && level < laid_.size() ? laid_[level] : std::span<const LaidPage>();
  }

  [[nodiscard]] StoredTile stored_tile(std::size_t directory, std::int64_t column, std::int64_t row,
                                       int part) const override;

 private:
  struct Description {
    std::string text;         // at most limits.metadata_bytes of it
    std::uint64_t bytes = 0;  // of all of it
  };

  // A description that cannot be read costs what it says, not the slide.
  Description read_description(const FoundDirectory& found) {
    try {
      const TiffEntry* entry = found.directory.find(Tag::ImageDescription);
      return {found.directory.text(Tag::ImageDescription, limits_.metadata_bytes), entry == nullptr ? 0 : entry->count};
    } catch (const Error& error) {
      warnings_.push_back("the description" + (found.name == "page-0" ? "" : " of " + found.name) +
                          " is not read: " + error.found());
      return {};
    }
  }

  // Of a description that is longer than the limit the beginning is used where that is enough; an XML without its end
  // could be about another page.
  void require_whole(const Description& description, const FoundDirectory& found, const TiffRules& rules) const {
    if (description.bytes > limits_.metadata_bytes && !rules.needs_no_end(description.text))
      throw Error(Code::LIMIT_EXCEEDED, Stage::Slide,
                  "the description of " + found.name + " has " + std::to_string(description.bytes) +
                      " bytes, [[limits.metadataBytes]] allows " + std::to_string(limits_.metadata_bytes));
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

  std::unique_ptr<const TiffRules> choose_dialect(const TiffContents& file, const OpenOptions& options,
                                                  const std::vector<const TiffDialect*>& dialects) {
    const bool any = options.driver == kAutoDriver;
    for (const TiffDialect* dialect : dialects) {
      if (!any && dialect->name != options.driver) continue;
      auto why = dialect->detect(file);
      if (!why) continue;
      driver_ = {std::string(dialect->name), std::move(*why)};
      return dialect->rules(file);
    }
    throw Error(Code::NOT_A_SLIDE, Stage::Slide,
                any ? "found a TIFF of a dialect that is not in the table"
                    : "found a TIFF that is none of the dialect " + options.driver + ", which [[driver]] names");
  }

  void read_pixels(const DirectoryWalk& walk, const TiffRules& rules) {
    for (Page& page : pages_) {
      try {
        rules.read_pixels(walk.directories[page.directory], limits_, page, warnings_);
      } catch (const Error& error) {
        page.storage.reset();
        page.table.reset();
        page.error = error;
      }
    }
  }

  void read_resolution(const FoundDirectory& found, std::size_t slide, const Description& first, const TiffRules& rules,
                       const OpenOptions& options) {
    Description own = first;
    if (found.name != "page-0") {
      own = read_description(found);
      require_whole(own, found, rules);
    }
    mpp_ = resolve_mpp({pages_[slide], found.directory, own.text}, rules, options.slide_mpp, warnings_);
  }

  // Of the first page. What cannot be read of it is no property.
  void read_properties(const TiffDirectory& first, const std::string& description, const TiffRules& rules) {
    PropertyList list(limits_.metadata_bytes);
    const std::pair<const char*, Tag> texts[] = {{"tiff.Make", Tag::Make},
                                                 {"tiff.Model", Tag::Model},
                                                 {"tiff.Software", Tag::Software},
                                                 {"tiff.DateTime", Tag::DateTime}};
    for (const auto& [name, tag] : texts) {
      try {
        list.add(name, trim(first.text(tag, limits_.metadata_bytes)));
      } catch (const Error&) {
        continue;
      }
    }
    list.add("tiff.ImageDescription", description);
    rules.add_properties(list);
    if (list.left_out() > 0)
      warnings_.push_back(std::to_string(list.left_out()) +
                          " properties are left out: together they have more bytes than [[limits.metadataBytes]], " +
                          std::to_string(limits_.metadata_bytes));
    properties_ = list.take();
  }

  Pyramid pyramid_of(std::size_t slide, const TiffRules& rules) {
    const std::vector<LaidLevel> laid = rules.laid_levels();
    if (laid.empty()) return build_pyramid(pages_, slide, rules);
    LaidPyramid built = build_laid_pyramid(pages_, slide, laid, rules);
    laid_ = std::move(built.pages);
    return std::move(built.pyramid);
  }

  // The pages that a level is made of.
  [[nodiscard]] std::vector<std::size_t> pages_of(const Level& level) const {
    if (level.directory < pages_.size()) return {level.directory};
    std::vector<std::size_t> result;
    for (const LaidPage& page : laid_pages(level.directory)) result.push_back(page.directory);
    return result;
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

  void warn_of_counts(const Level& level) {
    for (const std::size_t page : pages_of(level)) {
      if (pages_[page].table->has_counts()) continue;
      warnings_.push_back("level " + std::to_string(level.index) +
                          " has no byte counts; they are taken from its size or from its offsets");
      return;
    }
  }

  // Of level 0 only: a slide is not read here and there to be opened.
  void warn_of_colours() {
    const Page& page = pages_[pages_of(levels_.front()).front()];
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

  // Of a picture of the slide: its storage; null where there is none.
  [[nodiscard]] const Storage* storage_of(std::size_t directory) const {
    if (directory < pages_.size()) return pages_[directory].storage ? &*pages_[directory].storage : nullptr;
    const std::size_t level = directory - pages_.size();
    return level < laid_.size() ? &levels_[level].storage : nullptr;
  }

  [[nodiscard]] std::string describe_tile(std::size_t directory, std::int64_t column, std::int64_t row) const {
    std::string place = pages_[directory].name;
    for (const Level& level : levels_) {
      const auto pages = pages_of(level);
      if (pages.size() == 1 && pages.front() == directory) place = "level " + std::to_string(level.index);
    }
    return "tile (column " + std::to_string(column) + ", row " + std::to_string(row) + ") of " + place;
  }

  std::shared_ptr<const ByteSource> source_;
  Limits limits_;
  std::vector<Page> pages_;
  TiffDirectory directory_;  // of the slide's page
  std::vector<Level> levels_;
  std::vector<std::vector<LaidPage>> laid_;  // of each level, where levels are put together of pages
  std::vector<Associated> associated_;
  std::optional<Mpp> mpp_;
  int orientation_ = 1;
  std::vector<std::string> warnings_;
  DriverChoice driver_;
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
  const Storage* const storage = storage_of(directory);
  if (storage == nullptr || column < 0 || row < 0 || part < 0 || column >= storage->tiles_across() ||
      row >= storage->tiles_down() || part >= storage->parts())
    throw Error(Code::INTERNAL, Stage::Slide,
                "asked for part " + std::to_string(part) + " of stored tile (column " + std::to_string(column) +
                    ", row " + std::to_string(row) + ") of directory " + std::to_string(directory) +
                    ", which does not exist")
        .with_path(source_->name());
  if (directory >= pages_.size()) return {};  // of several pages
  const StoredTile tile = pages_[directory].stored(column, row, part);
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

std::shared_ptr<const Slide> open_tiff(std::shared_ptr<const ByteSource> source, const OpenOptions& options,
                                       const std::vector<const TiffDialect*>& dialects) {
  return std::make_shared<TiffSlide>(std::move(source), options, dialects);
}

}  // namespace microtome::slide

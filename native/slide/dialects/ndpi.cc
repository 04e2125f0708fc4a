// Hamamatsu's NDPI: a TIFF whose pages hold one JPEG each. A level's JPEG is divided by restart markers, and a table of
// the file says where each restart interval begins: intervals that lie one below the other become one stored tile.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "core/error.h"
#include "slide/dialects/dialect.h"
#include "slide/jpeg_head.h"
#include "slide/page.h"

namespace microtome::slide {
namespace {

constexpr double kMacroLens = -1, kMapLens = -2;
// Room for the tables and comments before the first scan; real heads are far below.
constexpr std::uint64_t kHeadBytes = 64 << 10;
// What the decoders take; a JPEG of more pixels a side states no size that can be believed.
constexpr std::int64_t kMostJpegPx = 65500;
// A tile is about so large: an interval is 8 or 16 rows high, and a tile of one would make a model's tile of 256 x 256
// pixels out of 33. So many rows more than a model's tile are decoded at most, and 400 KB are kept for each.
constexpr std::int64_t kTilePx = 1 << 17;
constexpr std::int64_t kMostTileRows = 256;

std::int64_t divide_up(std::int64_t a, std::int64_t b) noexcept { return (a + b - 1) / b; }

std::string size_text(std::int64_t width_px, std::int64_t height_px) {
  return std::to_string(width_px) + " x " + std::to_string(height_px) + " pixels";
}

std::optional<double> number_of(const TiffDirectory& directory, Tag tag) {
  try {
    const auto value = directory.real(tag);
    return value && std::isfinite(*value) ? value : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::vector<std::uint8_t> read_head(const TiffDirectory& directory, StoredTile jpeg) {
  const ByteSource& source = *directory.file().source;
  // Neither does its end, nor that of an interval, leave 64 bits then.
  if (jpeg.offset >= source.size() || jpeg.bytes > ~std::uint64_t{0} - jpeg.offset) return {};
  const std::uint64_t bytes = std::min({jpeg.bytes, source.size() - jpeg.offset, kHeadBytes});
  std::vector<std::uint8_t> head(static_cast<std::size_t>(bytes));
  source.read(jpeg.offset, head);
  return head;
}

// Larger pages than a JPEG can state have a frame of no size, or of any.
bool frame_fits(const JpegHead& head, const Storage& storage) noexcept {
  const auto fits = [](std::int64_t stated, std::int64_t page) {
    return stated == page || stated == 0 || stated > kMostJpegPx || page > kMostJpegPx;
  };
  return fits(head.width_px, storage.width_px) && fits(head.height_px, storage.height_px);
}

// Intervals of one tile: as few as make it large enough.
std::int64_t joined_rows(const JpegHead& head, std::int64_t interval_width_px, std::int64_t rows,
                         const Limits& limits) {
  const std::int64_t interval_px = interval_width_px * head.mcu_height_px;  // below 2^20 * 2^5
  const auto most_px = static_cast<std::int64_t>(std::min<std::uint64_t>(limits.decoded_tile_bytes, 1u << 30) / 3);
  const std::int64_t most = std::min({rows, kMostTileRows / head.mcu_height_px, most_px / interval_px});
  return std::clamp<std::int64_t>(kTilePx / interval_px, 1, std::max<std::int64_t>(most, 1));
}

// "20", "0.5": as short as it can be read back.
std::string shortest(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

// Divides the pixels of a page into tiles of restart intervals. What has no restart markers, or no table that fits
// them, stays one strip; a sentence says why, where restart markers are there. Throws NOT_A_SLIDE when the JPEG is of
// another size than the page, TRUNCATED and LIMIT_EXCEEDED for its table, and what reading the source throws.
std::string divide_page(const TiffDirectory& directory, const Limits& limits, Page& page) {
  Storage& storage = *page.storage;
  if (storage.compression != Compression::Jpeg || storage.tiled || storage.samples != 3 || storage.tiles_down() != 1)
    return "";
  const StoredTile jpeg = page.table->at(0);
  const std::vector<std::uint8_t> stream = read_head(directory, jpeg);
  const auto head = read_jpeg_head(stream);
  if (!head || head->restart_mcus == 0 || head->components != 3) return "";  // what is damaged, its decoder says
  if (!frame_fits(*head, storage))
    throw Error(Code::NOT_A_SLIDE, Stage::Slide,
                "the JPEG is of " + size_text(head->width_px, head->height_px) + ", the page of " +
                    size_text(storage.width_px, storage.height_px));
  const std::int64_t mcus = divide_up(storage.width_px, head->mcu_width_px);
  if (mcus % head->restart_mcus != 0)
    return "its restart intervals of " + std::to_string(head->restart_mcus) + " MCUs do not divide its rows of " +
           std::to_string(mcus);
  const std::int64_t width = head->restart_mcus * head->mcu_width_px;
  if (width > kMostJpegPx)
    return "its restart intervals are " + std::to_string(width) + " pixels wide, a JPEG has at most " +
           std::to_string(kMostJpegPx);
  const std::int64_t rows = divide_up(storage.height_px, head->mcu_height_px);
  const std::int64_t across = mcus / head->restart_mcus;
  if (across * rows == 1) return "";
  try {
    page.intervals = std::make_unique<RestartIntervals>(directory, jpeg, head->bytes,
                                                        static_cast<std::uint64_t>(across * rows), limits);
  } catch (const Error& error) {
    if (error.code() != Code::NOT_A_SLIDE) throw;
    return error.found();
  }
  if (!page.intervals->begins_behind_head()) {
    page.intervals.reset();
    return "its table of MCU starts does not begin where the first restart interval does";
  }
  storage.tile_width_px = width;
  storage.interval_height_px = head->mcu_height_px;
  storage.tile_height_px = head->mcu_height_px * joined_rows(*head, width, rows, limits);
  storage.tiled = true;
  storage.jpeg_head = jpeg_head_of_size(stream, width, head->mcu_height_px);
  page.stored_across = storage.tiles_across();
  page.stored_down = storage.tiles_down();
  page.tiled = true;
  return "";
}

// What the file says of one page.
struct Said {
  double lens = 0;  // the objective's magnification; kMacroLens, kMapLens; 0: nothing
  double z = 0;     // of the focal plane, from the slide's
};

class NdpiRules final : public TiffRules {
 public:
  explicit NdpiRules(const TiffContents& file) : limits_(file.limits) {
    for (const FoundDirectory& found : file.directories)
      said_.push_back({number_of(found.directory, Tag::NdpiSourceLens).value_or(0),
                       number_of(found.directory, Tag::NdpiZOffset).value_or(0)});
    for (const Page& page : file.pages) choose_plane(said_[page.directory]);
    for (const Page& page : file.pages) planes_.insert(plane_of(page));
    collect_properties(file.directories.front().directory);
  }

  static std::optional<std::string> detect(const TiffContents& file) {
    if (!file.directories.front().directory.file().ndpi) return std::nullopt;
    return "the first page has the tag 65420 of Hamamatsu";
  }

  void read_pixels(const FoundDirectory& found, const Limits& limits, Page& page,
                   std::vector<std::string>& warnings) const override {
    if (!page.storage || found.sub) return;
    const std::string why = divide_page(found.directory, limits, page);
    if (!why.empty()) warnings.push_back(page.name + " is read as one picture: " + why);
  }

  [[nodiscard]] std::string mark(Page& page) const override {
    if (!plane_) return "";  // no page says what it is
    const Said& said = said_[page.directory];
    if (said.lens == kMacroLens) return "macro";
    if (said.lens == kMapLens) return "map";
    return said.lens > 0 && said.z == *plane_ ? "" : page.name;
  }

  void mark_together(std::vector<Page>& pages) const override {
    Page* largest = nullptr;
    for (Page& page : pages) {
      if (!page.mark.empty()) continue;
      page.reduced = true;
      if (largest == nullptr || page.size.width_px > largest->size.width_px) largest = &page;
    }
    if (largest != nullptr) largest->reduced = false;
  }

  [[nodiscard]] std::vector<std::string> remarks(const std::vector<Page>&, std::size_t) const override {
    const auto planes = std::count_if(planes_.begin(), planes_.end(), [](const auto& one) { return one.has_value(); });
    if (planes < 2) return {};
    return {"the slide has " + std::to_string(planes) + " focal planes; the one at " + shortest(*plane_) +
            " is read (ZOffsetFromSlideCentre), pages of the others are associated images"};
  }

  void add_properties(PropertyList& properties) const override {
    for (const auto& [name, value] : properties_) properties.add(name, value);
  }

 private:
  // That of the slide, or the nearest to it.
  void choose_plane(const Said& said) {
    if (said.lens > 0 && (!plane_ || std::abs(said.z) < std::abs(*plane_))) plane_ = said.z;
  }

  [[nodiscard]] std::optional<double> plane_of(const Page& page) const {
    const Said& said = said_[page.directory];
    return said.lens > 0 ? std::optional(said.z) : std::nullopt;
  }

  // By the names that OpenSlide gives them.
  void collect_properties(const TiffDirectory& first) {
    const std::pair<const char*, Tag> numbers[] = {{"SourceLens", Tag::NdpiSourceLens},
                                                   {"XOffsetFromSlideCentre", Tag::NdpiXOffset},
                                                   {"YOffsetFromSlideCentre", Tag::NdpiYOffset},
                                                   {"ZOffsetFromSlideCentre", Tag::NdpiZOffset}};
    for (const auto& [name, tag] : numbers)
      if (const auto value = number_of(first, tag)) add(name, shortest(*value));
    add("Reference", text_of(first, Tag::NdpiReference));
    // Lines of "name=value".
    const std::string text = text_of(first, Tag::NdpiProperties);
    for (std::string_view left = text; !left.empty();) {
      const std::size_t end = std::min(left.find("\r\n"), left.size());
      const std::string_view line = left.substr(0, end);
      left.remove_prefix(std::min(end + 2, left.size()));
      const std::size_t equals = line.find('=');
      if (equals == std::string_view::npos || equals == 0) continue;
      add(line.substr(0, equals), std::string(line.substr(equals + 1)));
    }
  }

  void add(std::string_view name, std::string value) {
    properties_.emplace_back("hamamatsu." + std::string(name), std::move(value));
  }

  [[nodiscard]] std::string text_of(const TiffDirectory& directory, Tag tag) const {
    try {
      return directory.text(tag, limits_.metadata_bytes);
    } catch (const Error&) {
      return {};
    }
  }

  Limits limits_;
  std::vector<Said> said_;  // by directory
  std::optional<double> plane_;
  std::set<std::optional<double>> planes_;
  Properties properties_;
};

}  // namespace

const TiffDialect& ndpi_dialect() {
  static const TiffDialect dialect = make_dialect<NdpiRules>("ndpi");
  return dialect;
}

}  // namespace microtome::slide

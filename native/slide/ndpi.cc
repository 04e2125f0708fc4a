#include "slide/ndpi.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "slide/jpeg_head.h"

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

}  // namespace

NdpiPage read_ndpi_page(const TiffDirectory& directory) {
  return {number_of(directory, Tag::NdpiSourceLens).value_or(0), number_of(directory, Tag::NdpiZOffset).value_or(0)};
}

std::string divide_ndpi_page(const TiffDirectory& directory, const Limits& limits, Page& page) {
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

void mark_ndpi_pages(const std::vector<NdpiPage>& said, std::vector<Page>& pages, std::vector<std::string>& warnings) {
  std::optional<double> plane;
  for (const NdpiPage& page : said)
    if (page.lens > 0 && (!plane || std::abs(page.z) < std::abs(*plane))) plane = page.z;
  std::set<double> others;
  const Page* largest = nullptr;
  for (std::size_t i = 0; i < pages.size(); ++i) {
    Page& page = pages[i];
    if (page.sub || !plane) continue;
    page.mark = said[i].lens == kMacroLens ? "macro" : said[i].lens == kMapLens ? "map" : "";
    if (!page.mark.empty()) continue;
    if (said[i].lens <= 0 || said[i].z != *plane) page.mark = page.name;
    if (said[i].lens > 0 && said[i].z != *plane) others.insert(said[i].z);
    if (!page.mark.empty()) continue;
    page.reduced = true;
    if (largest == nullptr || page.size.width_px > largest->size.width_px) largest = &page;
  }
  for (Page& page : pages)
    if (&page == largest) page.reduced = false;
  if (others.empty()) return;
  warnings.push_back("the slide has " + std::to_string(others.size() + 1) + " focal planes; the one at " +
                     shortest(*plane) + " is read (ZOffsetFromSlideCentre), pages of the others are associated images");
}

Properties ndpi_properties(const TiffDirectory& directory, const Limits& limits) {
  Properties all;
  std::set<std::string> names;
  std::uint64_t bytes_left = limits.metadata_bytes;
  const auto add = [&](const std::string& name, const std::string& value) {
    const std::uint64_t bytes = name.size() + value.size();
    if (value.empty() || bytes > bytes_left || !names.insert(name).second) return;
    bytes_left -= bytes;
    all.emplace_back("hamamatsu." + name, value);
  };
  const auto text_of = [&](Tag tag) -> std::string {
    try {
      return directory.text(tag, limits.metadata_bytes);
    } catch (const Error&) {
      return {};
    }
  };
  const std::pair<const char*, Tag> numbers[] = {{"SourceLens", Tag::NdpiSourceLens},
                                                 {"XOffsetFromSlideCentre", Tag::NdpiXOffset},
                                                 {"YOffsetFromSlideCentre", Tag::NdpiYOffset},
                                                 {"ZOffsetFromSlideCentre", Tag::NdpiZOffset}};
  for (const auto& [name, tag] : numbers)
    if (const auto value = number_of(directory, tag)) add(name, shortest(*value));
  add("Reference", text_of(Tag::NdpiReference));
  const std::string text = text_of(Tag::NdpiProperties);
  for (std::string_view left = text; !left.empty();) {
    const std::size_t end = std::min(left.find("\r\n"), left.size());
    const std::string_view line = left.substr(0, end);
    left.remove_prefix(std::min(end + 2, left.size()));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    add(std::string(line.substr(0, equals)), std::string(line.substr(equals + 1)));
  }
  return all;
}

}  // namespace microtome::slide

// A slide as its TIFF directories describe it: levels, associated images, microns per pixel, and where the bytes of
// each stored tile are. Everything is read and checked here, by our own reader, before any codec sees a byte.
// Immutable after open(); safe to use from any thread. Decodes nothing (see decode/).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/image.h"
#include "core/option_bounds.h"
#include "slide/byte_source.h"

namespace microtome::slide {

// Limits per stored tile, per directory and per request; never on the total pixels of a slide.
struct Limits {
  std::uint64_t decoded_tile_bytes =
      option_bounds::kLimitsDecodedTileBytesDefault;  // one stored tile or strip, decoded, native samples
  std::uint64_t stored_tile_bytes =
      option_bounds::kLimitsStoredTileBytesDefault;                           // one stored tile or strip, compressed
  std::uint64_t directories = option_bounds::kLimitsDirectoriesDefault;       // pages and SubIFDs together
  std::uint64_t table_bytes = option_bounds::kLimitsTableBytesDefault;        // one tile table (offsets or byte counts)
  std::uint64_t metadata_bytes = option_bounds::kLimitsMetadataBytesDefault;  // one text or small-number tag
  std::uint64_t request_bytes = option_bounds::kLimitsRequestBytesDefault;    // one region handed out
};

enum class Compression : std::uint8_t {
  None,
  Jpeg,
  Lzw,
  Deflate,
  Zstd,
  WebP,
  Jpeg2000YCbCr,  // 33003
  Jpeg2000Lossy,  // 33004
  Jpeg2000Rgb,    // 33005
  Jpeg2000,       // 34712
  Rendered        // no tile of the file: a driver gives pixels (Slide::tile_pixels), or pages are laid (Slide::laid_pages)
};
[[nodiscard]] constexpr bool is_jpeg2000(Compression compression) noexcept {
  return compression >= Compression::Jpeg2000YCbCr && compression <= Compression::Jpeg2000;
}
enum class Photometric : std::uint8_t { MinIsWhite, MinIsBlack, Rgb, Palette, YCbCr };
enum class Alpha : std::uint8_t { None, Associated, Unassociated };

[[nodiscard]] const char* compression_name(Compression compression) noexcept;  // "jpeg", "lzw", "deflate", ...
[[nodiscard]] const char* photometric_name(Photometric photometric) noexcept;  // "rgb", "ycbcr", ...

// How one directory stores its pixels. A strip is a tile as wide as the image (the last one may be shorter).
struct Storage {
  std::int64_t width_px = 0;
  std::int64_t height_px = 0;
  std::int64_t tile_width_px = 0;
  std::int64_t tile_height_px = 0;
  bool tiled = false;            // false: strips
  std::int64_t strip_parts = 1;  // each strip of the file is read as so many of tile_height_px rows, see storage.h
  bool planar = false;           // one stored tile per sample
  bool big_endian = false;
  int bits = 8;     // per sample: 8 or 16
  int samples = 3;  // per pixel, extra samples included
  Alpha alpha = Alpha::None;
  int alpha_sample = -1;  // index of the alpha sample; other extra samples are ignored
  int predictor = 1;
  int fill_order = 1;
  Compression compression = Compression::None;
  Photometric photometric = Photometric::Rgb;
  std::vector<std::uint8_t> jpeg_tables;  // TIFF tag 347; empty when absent
  std::vector<std::uint16_t> palette;     // TIFF tag 320: reds, greens, blues; 3 << bits entries
  // Of tiles that are cut out of one JPEG with restart markers (NDPI): what a decoder needs before the entropy-coded
  // bytes of one restart interval, up to the scan and of the interval's size; empty for other tiles. A tile is
  // tile_height_px / interval_height_px intervals, one below the other, each as wide as the tile.
  std::vector<std::uint8_t> jpeg_head;
  std::int64_t interval_height_px = 0;

  [[nodiscard]] std::int64_t tiles_across() const noexcept { return (width_px + tile_width_px - 1) / tile_width_px; }
  [[nodiscard]] std::int64_t tiles_down() const noexcept { return (height_px + tile_height_px - 1) / tile_height_px; }
  // How many places of the file a tile is read from: one for each plane, or for each restart interval.
  [[nodiscard]] int parts() const noexcept {
    if (interval_height_px != 0) return static_cast<int>(tile_height_px / interval_height_px);
    return planar ? samples : 1;
  }
};

// The bytes of one stored tile. bytes == 0: the tile is missing (sparse file) and reads as white.
struct StoredTile {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

struct Level {
  int index = 0;
  double downsample = 1;  // mean of level0_width_px / width and level0_height_px / height
  // The part of level 0 that the level covers: all of it, and where the level's size was rounded up, a little more.
  std::int64_t level0_width_px = 0;
  std::int64_t level0_height_px = 0;
  Storage storage;            // of a level padded to whole tiles, the size without the padding
  std::size_t directory = 0;  // key for Slide::stored_tile
};

// A page on a level that is put together of pages, in pixels of the level. A part of it may lie outside.
struct LaidPage {
  std::size_t directory = 0;  // key for Slide::stored_tile
  Storage storage;
  std::int64_t x_px = 0;
  std::int64_t y_px = 0;
};

struct Associated {
  // "thumbnail", "label", "macro", "overview", "mask"; else "page-<n>", "subifd-<n>" (of page 0) or
  // "page-<n>-subifd-<m>". Unique: a second one is "mask-2", and so on.
  std::string name;
  std::int64_t width_px = 0;
  std::int64_t height_px = 0;
  std::optional<Storage> storage;  // absent: its pixels are of a kind that is refused
  std::string refusal;             // why, when storage is absent
  std::size_t directory = 0;
};

struct Mpp {
  double x = 0;  // microns per level-0 pixel
  double y = 0;
  std::string source;    // "option", "aperio", "ome", "tiff", "openslide"
  bool trusted = false;  // false: present but not plausible for microscopy; callers treat it as unknown
};

// Which driver read the slide, and what in the file made it the right one.
struct DriverChoice {
  std::string name;  // "generic", "aperio", "openslide", ...
  std::string why;   // "the description begins with \"Aperio\""
};

// What the file says about itself, in its own names; in the order of the file, no name twice.
using Properties = std::vector<std::pair<std::string, std::string>>;

// Pixels of a slide whose stored tiles our decoders do not read. Safe to use from any thread.
class TilePixels {
 public:
  virtual ~TilePixels() = default;
  // Writes the tile as RGB, on white where it is transparent. `out` has the size of the stored tile, and is white
  // beyond the image. False: nothing of the tile is there, and all of it is white. Throws CORRUPT_TILE, OUT_OF_MEMORY.
  [[nodiscard]] virtual bool read(std::size_t directory, std::int64_t column, std::int64_t row,
                                  const RgbView& out) const = 0;
};

inline constexpr const char* kAutoDriver = "auto";

struct OpenOptions {
  Limits limits;
  std::optional<double> slide_mpp;   // instead of what the file says; microns per level-0 pixel
  std::string driver = kAutoDriver;  // or the name of the one to use: of a TIFF dialect, or of another driver
  // The files that the slide is made of beside its own, where the caller knows them: absolute paths. A driver that
  // reads them watches them (SLIDE_CHANGED).
  std::vector<std::string> files;
};

struct DriverTable;  // slide/driver.h

class Slide {
 public:
  // Throws NOT_A_SLIDE, UNSUPPORTED_COMPRESSION, UNSUPPORTED_PIXELS, TRUNCATED, LIMIT_EXCEEDED, with the path set;
  // INVALID_OPTION for a driver that is not in the table, NOT_A_SLIDE for one that the file is not of. Without a table:
  // TIFFs by our own dialects.
  [[nodiscard]] static std::shared_ptr<const Slide> open(std::shared_ptr<const ByteSource> source,
                                                         const OpenOptions& options = {});
  [[nodiscard]] static std::shared_ptr<const Slide> open(std::shared_ptr<const ByteSource> source,
                                                         const OpenOptions& options, const DriverTable& table);
  virtual ~Slide() = default;

  [[nodiscard]] virtual const std::vector<Level>& levels() const noexcept = 0;
  [[nodiscard]] virtual const std::vector<Associated>& associated() const noexcept = 0;
  [[nodiscard]] virtual const std::optional<Mpp>& mpp() const noexcept = 0;
  [[nodiscard]] virtual int orientation() const noexcept = 0;  // TIFF tag 274; reported, never applied
  // TIFF tag 34675 of the slide's page, read from the file at each call and not looked into; empty when there is none.
  // Throws UNSUPPORTED_PIXELS when its bytes are not there, LIMIT_EXCEEDED above limits().metadata_bytes.
  [[nodiscard]] virtual std::vector<std::uint8_t> icc_profile() const = 0;
  [[nodiscard]] virtual const std::vector<std::string>& warnings() const noexcept = 0;
  [[nodiscard]] virtual const Limits& limits() const noexcept = 0;
  [[nodiscard]] virtual const ByteSource& source() const noexcept = 0;
  [[nodiscard]] virtual const DriverChoice& driver() const noexcept = 0;
  [[nodiscard]] virtual const Properties& properties() const noexcept = 0;
  // Of the tiles whose compression is Rendered: who gives them. Null where there are none, and where pages are laid.
  [[nodiscard]] virtual const TilePixels* tile_pixels() const noexcept { return nullptr; }
  // The pages that a level of compression Rendered is put together of; where two overlap, the later one lies on top.
  [[nodiscard]] virtual std::span<const LaidPage> laid_pages(std::size_t) const noexcept { return {}; }
  // Asked when all was read that a call needs. Throws SLIDE_CHANGED where a driver watches the files of its slides and one
  // of them is not as it was when the slide was opened.
  virtual void require_unchanged() const {}

  // Where the bytes of a stored tile are, or of one of its Storage::parts(). The tables are read on first use and kept.
  // Nothing where the compression is Rendered, and for intervals of the last row that the image does not reach. The
  // bytes of an interval begin with the restart marker before it, but for the first of all, and end with the marker
  // behind it. Throws TRUNCATED when the tile lies beyond the end of the file, CORRUPT_TILE when the table of intervals
  // is damaged there, LIMIT_EXCEEDED when it is larger than limits().stored_tile_bytes, INTERNAL when there is no such
  // tile; errors name the level, the column and the row.
  [[nodiscard]] virtual StoredTile stored_tile(std::size_t directory, std::int64_t column, std::int64_t row,
                                               int part) const = 0;
};

}  // namespace microtome::slide

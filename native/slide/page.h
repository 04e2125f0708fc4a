// One directory, read: its size, its marks, its storage and tables, or why its pixels are refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "slide/restart_intervals.h"
#include "slide/slide.h"
#include "slide/storage.h"
#include "slide/tiff_reader.h"
#include "slide/tile_table.h"

namespace microtome::slide {

struct Page {
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  std::string name;            // "page-3", "subifd-0": how messages call it, and its name when it has no other
  bool sub = false;            // a SubIFD
  std::size_t number = 0;      // its place in the chain of pages, when it is no SubIFD
  std::size_t parent = kNone;  // of a SubIFD: the index of its page
  std::size_t directory = 0;   // its index in the walk
  ImageSize size;
  bool tiled = false;
  // As the tags say, also where limits refuse the pixels: what a page is must not depend on limits.
  ImageSize tile;             // 0 x 0 when it is not tiled, or not readable
  std::uint64_t samples = 1;  // per pixel
  std::uint64_t subfile = 0;  // NewSubfileType
  bool reduced = false;       // marked as a reduced version of another page
  std::string text;           // the beginning of its description

  // What find_marks() adds.
  std::string mark;                  // what the file says it is, where it is no part of the slide: "label"
  std::optional<std::size_t> image;  // of a file of several images: the one that it belongs to

  std::optional<Storage> storage;
  std::unique_ptr<TileTable> table;
  // Of green and blue, where each colour is a page of its own; `table` is that of red then.
  std::vector<std::unique_ptr<TileTable>> further_planes;
  // Where the restart intervals are that its tiles consist of; null where tiles are stored as such.
  std::unique_ptr<RestartIntervals> intervals;
  std::optional<Error> error;      // why storage is absent
  std::int64_t stored_across = 0;  // stored tiles in a row of the table, padding included
  std::int64_t stored_down = 0;
  bool joined = false;  // its plane is part of another page's image

  // What its tables say of a stored tile, or of one of its parts; not compared with the file. See Slide::stored_tile.
  [[nodiscard]] StoredTile stored(std::int64_t column, std::int64_t row, int part) const;

  [[nodiscard]] bool grey() const noexcept {
    return storage &&
           (storage->photometric == Photometric::MinIsBlack || storage->photometric == Photometric::MinIsWhite);
  }
};

// Throws NOT_A_SLIDE or TRUNCATED only when not even the size can be read, and TRUNCATED when a tag of a later page
// leads out of the file. Whatever else is wrong is the page's `error`.
[[nodiscard]] Page read_page(const FoundDirectory& found, const Limits& limits, std::vector<std::string>& warnings);

}  // namespace microtome::slide

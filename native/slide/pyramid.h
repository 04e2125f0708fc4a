// Which directories are levels of the pyramid, and what the others are called.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "slide/slide.h"
#include "slide/storage.h"
#include "slide/tiff_reader.h"
#include "slide/tile_table.h"

namespace microtome::slide {

// One directory, read. `storage` and `table` are absent when its pixels are refused; `refusal` says why.
struct Page {
  std::string name;  // "page-3", "subifd-0": how messages call it, and its name when it has no other
  bool sub = false;
  ImageSize size;
  bool tiled = false;
  bool reduced = false;  // marked as a reduced version of another page
  bool mask = false;     // marked as a transparency mask
  bool macro = false;    // NewSubfileType 9: what Aperio marks its macro image with
  std::string aperio_name;
  std::optional<Storage> storage;
  std::unique_ptr<TileTable> table;
  std::string refusal;
};

// Page 0: throws what it finds.
[[nodiscard]] Page read_first_page(const TiffDirectory& directory, const Limits& limits);
// Any other page: throws NOT_A_SLIDE or TRUNCATED only when not even its size can be read.
[[nodiscard]] Page read_other_page(const FoundDirectory& found, bool aperio, const Limits& limits);

struct Pyramid {
  std::vector<Level> levels;
  std::vector<Associated> associated;
  std::vector<std::string> warnings;
};

// True when (to) is a reduction of (from) by some factor above 1, each side within one pixel of the exact quotient.
[[nodiscard]] bool is_reduction(const ImageSize& from, const ImageSize& to) noexcept;

// `pages[0]` is level 0. A level's and an associated image's `directory` is its index in `pages`.
[[nodiscard]] Pyramid build_pyramid(const std::vector<Page>& pages, bool aperio);

}  // namespace microtome::slide

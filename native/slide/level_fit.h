// By how much one image is a smaller version of another: from the sizes, from what the file says, or, where levels are
// padded to whole tiles, from the sizes without the padding.
#pragma once

#include <cstdint>
#include <optional>

#include "slide/storage.h"

namespace microtome::slide {

// True when (to) is a reduction of (from) by some factor above 1, each side within one pixel of the exact quotient.
[[nodiscard]] bool is_reduction(const ImageSize& from, const ImageSize& to) noexcept;

// How a page lies over level 0.
struct LevelFit {
  ImageSize size;                                    // its pixels that show the slide: without padding
  ImageSize stored;                                  // with it
  ImageSize level0;                                  // level-0 pixels that `size` covers
  std::int64_t factor = 1;                           // level-0 pixels per pixel, rounded
  [[nodiscard]] double downsample() const noexcept;  // the mean of both axes
};

// Level 0 itself.
[[nodiscard]] LevelFit fit_of_level0(const ImageSize& full) noexcept;
// A level that is not padded; nothing unless its size is a reduction of the level before it.
[[nodiscard]] std::optional<LevelFit> fit_by_size(const ImageSize& full, const LevelFit& previous,
                                                  const ImageSize& page) noexcept;
// A level whose factor the file states; nothing when its size says otherwise. `tile` is the size of its stored tiles.
[[nodiscard]] std::optional<LevelFit> fit_by_factor(const ImageSize& full, const LevelFit& previous,
                                                    const ImageSize& page, const ImageSize& tile,
                                                    std::int64_t factor) noexcept;
// A level padded to whole tiles: the smallest power of two, above the factor of the level before it, whose size with
// padding is the page's. Nothing when there is none, and when level 0 or the page is no whole number of tiles.
[[nodiscard]] std::optional<LevelFit> fit_padded(const ImageSize& full, const LevelFit& previous, const ImageSize& page,
                                                 const ImageSize& tile) noexcept;
// True when the page's size can only be explained by padding. A size that divides that of level 0 needs none.
[[nodiscard]] bool shows_padding(const ImageSize& full, const ImageSize& page, const ImageSize& tile) noexcept;

}  // namespace microtome::slide

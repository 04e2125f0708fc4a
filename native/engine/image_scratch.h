// What one thread keeps from image to image, where it scores images that are no slides.
#pragma once

#include <cstdint>
#include <vector>

#include "core/large_memory.h"
#include "decode/image_decoder.h"
#include "preprocess/image_resize.h"

namespace microtome::engine {

struct ImageScratch {
  // An image whose bytes were read along with others: where they are in `stored`.
  struct Piece {
    std::int64_t position = 0;
    std::size_t first = 0;
    std::size_t bytes = 0;
  };

  decode::ImageDecoder decoder;
  preprocess::ImageResizeScratch resize;
  LargeBytes stored;  // files of a range, read together
  LargeBytes alone;   // a file that was read by itself
  std::vector<Piece> pieces;

  // Gives back what one unusually large image left behind.
  void trim(std::size_t kept_bytes) noexcept {
    decoder.trim(kept_bytes);
    if (alone.capacity() > kept_bytes) LargeBytes().swap(alone);
    resize.trim(kept_bytes);
  }
};

}  // namespace microtome::engine

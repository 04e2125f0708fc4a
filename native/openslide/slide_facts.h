// What an open handle says of its slide, checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "openslide/handles.h"
#include "slide/slide.h"

namespace microtome::openslide {

// The picture of a directory: a level, or an associated image.
struct Picture {
  std::int32_t level = -1;  // of OpenSlide; -1: an associated image
  std::string name;         // of an associated image
  double downsample = 1;
  slide::Storage storage;
};

struct SlideFacts {
  std::vector<slide::Level> levels;
  std::vector<slide::Associated> associated;
  std::vector<Picture> pictures;  // by directory
  slide::Properties properties;
  std::optional<slide::Mpp> mpp;
  std::vector<std::string> warnings;
};

// Throws NOT_A_SLIDE for sizes that no slide has, LIMIT_EXCEEDED, INVALID_OPTION for the resolution.
[[nodiscard]] SlideFacts read_facts(const Api& api, const Handle& handle, const slide::OpenOptions& options);

// Throws SLIDE_CHANGED where the handle has other levels or images than `facts`.
void require_same_slide(const Api& api, const Handle& handle, const SlideFacts& facts);

}  // namespace microtome::openslide

#include "decode/image_facts.h"

#include <string>

namespace microtome::decode {

Error damaged_image(std::string_view found) {
  return {Code::IMAGES_INVALID, Stage::Decode, found, "restore the image, or leave it out"};
}

Error cut_image(std::string_view found) {
  return {Code::TRUNCATED, Stage::Decode, found, "the image is cut short: copy or download it again, or leave it out"};
}

void require_image_size(std::int64_t width_px, std::int64_t height_px) {
  if (width_px < 1 || height_px < 1) throw damaged_image("the image has no pixels");
  const auto refuse = [&](const std::string& most) {
    throw Error(Code::LIMIT_EXCEEDED, Stage::Decode,
                "the image has " + std::to_string(width_px) + " x " + std::to_string(height_px) + " pixels, " + most,
                "reduce the image, or cut out what is to be scored: no option raises this limit");
  };
  if (width_px > kMostImageSidePx || height_px > kMostImageSidePx)
    refuse("the longest side has " + std::to_string(kMostImageSidePx));
  if (width_px > kMostImagePx / height_px) refuse("the most is " + std::to_string(kMostImagePx));
}

}  // namespace microtome::decode

#include "decode/image_decoder.h"

#include "decode/orient.h"

namespace microtome::decode {
namespace {

bool is_jpeg(std::span<const std::uint8_t> file) noexcept {
  return file.size() >= 3 && file[0] == 0xFF && file[1] == 0xD8 && file[2] == 0xFF;
}

std::size_t rgb_bytes_of(const ImageFacts& facts) noexcept {
  return static_cast<std::size_t>(3 * facts.width_px * facts.height_px);
}

}  // namespace

ImageFacts ImageDecoder::look(std::span<const std::uint8_t> file) {
  if (file.empty()) throw cut_image("the image has no bytes");
  is_png_ = is_png(file);
  if (!is_png_ && !is_jpeg(file))
    throw Error(Code::IMAGES_INVALID, Stage::Decode, "the bytes are neither a JPEG nor a PNG image",
                "convert the image to JPEG or PNG, or leave it out");
  ImageFacts facts = is_png_ ? png_.look(file) : jpeg_.look(file);
  if (facts.orientation != 1) {
    facts.marks |= image_mark::kTurned;
    facts.decoded_bytes += static_cast<std::int64_t>(rgb_bytes_of(facts));
  }
  return facts;
}

ConstRgbView ImageDecoder::decode(ImageFacts& facts) {
  const std::int64_t width = facts.width_px;
  const std::int64_t height = facts.height_px;
  if (stored_.size() < rgb_bytes_of(facts)) stored_.resize(rgb_bytes_of(facts));
  const RgbView stored{stored_.data(), width, height, 3 * width};
  if (is_png_)
    png_.decode(stored, facts.marks);
  else
    jpeg_.decode(stored);
  if (facts.orientation == 1) return stored;
  if (upright_.size() < rgb_bytes_of(facts)) upright_.resize(rgb_bytes_of(facts));
  RgbView upright{upright_.data(), width, height, 3 * width};
  if (facts.swaps_sides()) upright = {upright_.data(), height, width, 3 * height};
  orient(stored, facts.orientation, upright);
  return upright;
}

void ImageDecoder::trim(std::size_t kept_bytes) noexcept {
  if (stored_.capacity() > kept_bytes) LargeBytes().swap(stored_);
  if (upright_.capacity() > kept_bytes) LargeBytes().swap(upright_);
  jpeg_.trim(kept_bytes);
  png_.trim(kept_bytes);
}

}  // namespace microtome::decode

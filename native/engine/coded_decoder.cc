#include "engine/coded_decoder.h"

#include <algorithm>

#include "decode/bad_tile.h"
#include "decode/codec_libraries.h"

namespace microtome::engine {

std::optional<std::string> CodedDecoder::to_pixels(const CodedRows& layout, std::uint8_t* row) {
  const CodedJpeg jpeg = CodedRows::jpeg(row);
  const auto stream = CodedRows::stream(row);
  stream_.bytes.assign(stream.begin(), stream.end());
  stream_.self_contained = true;
  std::optional<std::string> wrong;
  try {
    decode_whole(jpeg);
  } catch (const decode::BadTile& bad) {
    wrong = bad.what();
  }
  CodedRows::clear(row);
  std::uint8_t* to = CodedRows::payload(row);
  const auto line = static_cast<std::ptrdiff_t>(3 * layout.side_px());
  if (wrong) {
    std::fill_n(to, layout.room_bytes(), std::uint8_t{255});
  } else {
    const auto stride = static_cast<std::ptrdiff_t>(3) * jpeg.width_px;
    const auto* from = picture_.data() + static_cast<std::ptrdiff_t>(jpeg.y) * stride + 3 * jpeg.x;
    for (std::int64_t y = 0; y < layout.side_px(); ++y, from += stride, to += line) std::copy_n(from, line, to);
  }
  CodedRows::set_pixels(row);
  return wrong;
}

// Into picture_. Throws BadTile.
void CodedDecoder::decode_whole(const CodedJpeg& jpeg) {
  const std::int64_t width = jpeg.width_px, height = jpeg.height_px;
  picture_.resize(static_cast<std::size_t>(3 * width * height));
  const decode::TileWindow whole{0, 0, {picture_.data(), width, height, 3 * width}};
  if (!jpeg.grey && baseline_.decode(stream_.bytes, width, height, {&whole, 1})) return;
  if (!turbo_) turbo_.emplace(decode::turbojpeg());
  const decode::JpegFrame frame = decode::read_jpeg_frame(stream_.bytes);
  if (frame.width_px != width || frame.height_px != height || frame.components != (jpeg.grey ? 1 : 3))
    throw decode::BadTile("the JPEG is not the one that it was");
  if (!jpeg.grey) return turbo_->decode(stream_, frame, 1, picture_.data(), 3 * width);
  grey_.resize(static_cast<std::size_t>(width * height));
  turbo_->decode(stream_, frame, 1, grey_.data(), width);
  for (std::size_t i = 0; i < grey_.size(); ++i) std::fill_n(picture_.data() + 3 * i, 3, grey_[i]);
}

}  // namespace microtome::engine

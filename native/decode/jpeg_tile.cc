#include "decode/jpeg_tile.h"

#include "decode/codecs.h"

namespace microtome::decode {

void JpegTile::load(std::span<const std::uint8_t> tables, std::span<const std::uint8_t> tile, const JpegFrame& frame,
                    JpegColor color) {
  frame_ = frame;
  splice_jpeg(tables, tile, frame.components, color, stream_);
}

void JpegTile::decode(int reduction, std::uint8_t* out, std::int64_t stride_bytes) {
  const bool whole_color = reduction == 1 && frame_.components == 3;
  if (whole_color && baseline_.decode(stream_.bytes, frame_.width_px, frame_.height_px, out, stride_bytes)) return;
  if (!turbo_) turbo_.emplace(turbojpeg());
  turbo_->decode(stream_, frame_, reduction, out, stride_bytes);
}

void JpegTile::trim(std::size_t kept_bytes) noexcept {
  if (stream_.bytes.capacity() > kept_bytes) std::vector<std::uint8_t>().swap(stream_.bytes);
  baseline_.trim(kept_bytes);
}

}  // namespace microtome::decode

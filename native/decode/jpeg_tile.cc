#include "decode/jpeg_tile.h"

#include "decode/codec_libraries.h"

namespace microtome::decode {

void JpegTile::load(const slide::Storage& storage, std::span<const std::uint8_t> tile, const JpegFrame& frame) {
  frame_ = frame;
  const auto color = storage.photometric == slide::Photometric::YCbCr ? JpegColor::YCbCr : JpegColor::AsStored;
  splice_jpeg(storage.jpeg_tables, tile, frame.components, color, stream_);
}

bool JpegTile::decode_baseline(std::span<const TileWindow> windows) {
  return frame_.components == 3 && baseline_.decode(stream_.bytes, frame_.width_px, frame_.height_px, windows);
}

void JpegTile::decode_turbo(int reduction, std::uint8_t* out, std::int64_t stride_bytes) {
  if (!turbo_) turbo_.emplace(turbojpeg());
  turbo_->decode(stream_, frame_, reduction, out, stride_bytes);
}

void JpegTile::trim(std::size_t kept_bytes) noexcept {
  if (stream_.bytes.capacity() > kept_bytes) std::vector<std::uint8_t>().swap(stream_.bytes);
  baseline_.trim(kept_bytes);
}

}  // namespace microtome::decode

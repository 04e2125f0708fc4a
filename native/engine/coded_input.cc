#include "engine/coded_input.h"

#include <algorithm>
#include <utility>

namespace microtome::engine {
namespace {

gpu::PlaneChroma plane_chroma(const CodedJpeg& jpeg) noexcept {
  if (jpeg.grey) return gpu::PlaneChroma::None;
  switch (jpeg.chroma) {
    case decode::Chroma::Full:
      return gpu::PlaneChroma::Full;
    case decode::Chroma::HalfWidth:
      return gpu::PlaneChroma::HalfWidth;
    case decode::Chroma::HalfBoth:
      return gpu::PlaneChroma::HalfBoth;
  }
  return gpu::PlaneChroma::Full;
}

gpu::ChromaKind chroma_kind(decode::Chroma chroma) noexcept {
  switch (chroma) {
    case decode::Chroma::Full:
      return gpu::kFullChroma;
    case decode::Chroma::HalfWidth:
      return gpu::kHalfWidthChroma;
    case decode::Chroma::HalfBoth:
      return gpu::kHalfBothChroma;
  }
  return gpu::kFullChroma;
}

gpu::DecodedImage decoded_image(const CodedJpeg& jpeg, const gpu::JpegPlanes& planes) {
  gpu::DecodedImage image{.kind = jpeg.grey    ? gpu::kGrey
                                  : jpeg.ycbcr ? gpu::kLumaChroma
                                               : gpu::kColourPlanes,
                          .chroma = chroma_kind(jpeg.chroma),
                          .width_px = jpeg.width_px,
                          .height_px = jpeg.height_px};
  for (std::size_t i = 0; i < 3; ++i) {
    image.planes[i] = planes.plane[i];
    image.stride_bytes[i] = planes.stride_bytes[i];
  }
  return image;
}

}  // namespace

std::string CodedInput::bring(std::uint8_t* rows, std::span<RowDecode> decodes, const CodedRows& layout,
                              const gpu::Stream& stream, const Bad& bad) {
  const std::int64_t count = count_ = std::ssize(decodes);
  for (std::int64_t i = 0; i < count; ++i) {
    std::uint8_t* const row = rows + static_cast<std::size_t>(i) * layout.row_bytes();
    const RowContent content = CodedRows::content(row);
    // Memory of a batch whose writer failed may hold anything.
    const bool is_stream = content == RowContent::Jpeg && layout.can_hold(CodedRows::jpeg(row));
    if (!is_stream && content != RowContent::Pixels) CodedRows::clear(row);
  }
  stream_rows_.clear();
  images_.clear();
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint8_t* const row = rows + static_cast<std::size_t>(i) * layout.row_bytes();
    if (CodedRows::content(row) != RowContent::Jpeg) continue;
    const CodedJpeg jpeg = CodedRows::jpeg(row);
    stream_rows_.push_back(i);
    images_.push_back({CodedRows::stream(row), jpeg.width_px, jpeg.height_px, plane_chroma(jpeg)});
  }
  make_room(count, layout);
  const gpu::NvjpegApi::Status status = decode(stream);
  // What nvJPEG does not use any more is written over.
  if (!refused_.empty()) stream.synchronize();
  decode_refused(rows, layout, bad);
  for (const std::int64_t row : stream_rows_) decodes[static_cast<std::size_t>(row)] = RowDecode::Device;
  for (const std::size_t number : refused_)
    decodes[static_cast<std::size_t>(stream_rows_[number])] = nvjpeg_ ? RowDecode::Refused : RowDecode::Cpu;
  copy_pixels(rows, count, layout, stream);
  describe(rows, count, layout, stream);
  return status == gpu::NvjpegApi::kSuccess ? "" : std::string("nvJPEG failed: ") + gpu::nvjpeg_status_text(status);
}

void CodedInput::make_room(std::int64_t count, const CodedRows& layout) {
  const std::size_t pixels = static_cast<std::size_t>(count) * layout.row_bytes();
  if (pixels_.size() < pixels) pixels_ = gpu::DeviceBuffer(context_, pixels);
  const std::size_t described = static_cast<std::size_t>(count) * sizeof(gpu::TileRow);
  if (described_.size() < described) {
    described_ = gpu::DeviceBuffer(context_, described);
    description_ = gpu::PinnedBuffer(context_, described);
  }
  std::size_t planes = 0;
  for (const gpu::JpegImage& image : images_) planes += gpu::plane_bytes(image);
  if (planes_.size() < planes) planes_ = gpu::DeviceBuffer(context_, planes);
  image_planes_.clear();
  DevicePointer at = planes_.address();
  for (const gpu::JpegImage& image : images_) {
    image_planes_.push_back(gpu::planes_at(image, at));
    at += gpu::plane_bytes(image);
  }
}

// Sets `refused_`. After a failure these are all.
gpu::NvjpegApi::Status CodedInput::decode(const gpu::Stream& stream) {
  refused_.clear();
  gpu::NvjpegApi::Status status = gpu::NvjpegApi::kSuccess;
  if (nvjpeg_ && !images_.empty()) {
    if (!decoder_) decoder_.emplace(nvjpeg_);
    status = decoder_->decode(images_, image_planes_, stream.handle(), [&] { stream.synchronize(); }, refused_);
  }
  if (nvjpeg_ && status == gpu::NvjpegApi::kSuccess) return status;
  refused_.resize(images_.size());
  for (std::size_t i = 0; i < refused_.size(); ++i) refused_[i] = i;
  return status;
}

void CodedInput::decode_refused(std::uint8_t* rows, const CodedRows& layout, const Bad& bad) {
  for (const std::size_t number : refused_) {
    const std::int64_t row = stream_rows_[number];
    const auto wrong = cpu_.to_pixels(layout, rows + static_cast<std::size_t>(row) * layout.row_bytes());
    if (wrong) bad(row, *wrong);
  }
}

// Neighbours with one copy. Rows of nothing are zeros.
void CodedInput::copy_pixels(const std::uint8_t* rows, std::int64_t count, const CodedRows& layout,
                             const gpu::Stream& stream) const {
  const auto content = [&](std::int64_t i) {
    return CodedRows::content(rows + static_cast<std::size_t>(i) * layout.row_bytes());
  };
  for (std::int64_t first = 0; first < count;) {
    std::int64_t end = first + 1;
    while (end < count && content(end) == content(first)) ++end;
    const std::size_t at = static_cast<std::size_t>(first) * layout.row_bytes();
    const std::size_t bytes = static_cast<std::size_t>(end - first) * layout.row_bytes();
    if (content(first) == RowContent::Pixels) stream.copy_to_device(pixels_.address() + at, rows + at, bytes);
    if (content(first) == RowContent::Nothing) stream.fill(pixels_.address() + at, 0, bytes);
    first = end;
  }
}

void CodedInput::describe(const std::uint8_t* rows, std::int64_t count, const CodedRows& layout,
                          const gpu::Stream& stream) const {
  auto* const described = reinterpret_cast<gpu::TileRow*>(description_.data());
  const std::int64_t side = layout.side_px();
  auto image = image_planes_.begin();
  auto stream_row = stream_rows_.begin();
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint8_t* const row = rows + static_cast<std::size_t>(i) * layout.row_bytes();
    const bool was_stream = stream_row != stream_rows_.end() && *stream_row == i;
    if (was_stream) ++stream_row;
    const gpu::JpegPlanes* const planes = was_stream ? &*image++ : nullptr;
    if (CodedRows::content(row) == RowContent::Jpeg) {
      const CodedJpeg jpeg = CodedRows::jpeg(row);
      described[i] =
          gpu::tile_row(decoded_image(jpeg, *planes), {jpeg.x, jpeg.y, side, side}, static_cast<std::uint32_t>(i));
      continue;
    }
    const DevicePointer pixels =
        pixels_.address() + static_cast<std::size_t>(i) * layout.row_bytes() + CodedRows::kHeadBytes;
    described[i] = gpu::tile_row({.kind = gpu::kInterleaved,
                                  .width_px = side,
                                  .height_px = side,
                                  .planes = {pixels, 0, 0},
                                  .stride_bytes = {3 * side, 0, 0}},
                                 {0, 0, side, side}, static_cast<std::uint32_t>(i));
  }
  stream.copy_to_device(described_.address(), described, static_cast<std::size_t>(count) * sizeof(gpu::TileRow));
}

gpu::LaunchPlan CodedInput::launch(const gpu::TensorTarget& to) const {
  return gpu::launch_rows(described_.address(), count_, to);
}

}  // namespace microtome::engine

#include "gpu/jpeg_batch_decoder.h"

#include <algorithm>

namespace microtome::gpu {
namespace {

constexpr std::size_t kAlignment = 256;     // of a plane
constexpr std::uint32_t kStrideBytes = 32;  // lines begin at multiples of it
constexpr std::size_t kMostShapes = 64;     // that are remembered

constexpr std::size_t rounded_up(std::size_t value, std::size_t to) { return (value + to - 1) / to * to; }

std::uint32_t stride_of(const JpegImage& image, int plane) noexcept {
  return static_cast<std::uint32_t>(rounded_up(image.width_of(plane), kStrideBytes));
}

std::size_t bytes_of(const JpegImage& image, int plane) noexcept {
  return rounded_up(std::size_t{stride_of(image, plane)} * image.height_of(plane), kAlignment);
}

}  // namespace

std::size_t plane_bytes(const JpegImage& image) noexcept {
  std::size_t bytes = 0;
  for (int plane = 0; plane < image.planes(); ++plane) bytes += bytes_of(image, plane);
  return bytes;
}

JpegPlanes planes_at(const JpegImage& image, DevicePointer at) noexcept {
  JpegPlanes planes;
  for (int plane = 0; plane < image.planes(); ++plane) {
    planes.plane[static_cast<std::size_t>(plane)] = at;
    planes.stride_bytes[static_cast<std::size_t>(plane)] = stride_of(image, plane);
    at += bytes_of(image, plane);
  }
  return planes;
}

JpegBatchDecoder::JpegBatchDecoder(std::shared_ptr<const NvjpegHandle> handle)
    : handle_(std::move(handle)), state_(handle_) {}

// Asks nvJPEG about one stream. What it says follows from the header; nothing where the header cannot be read.
std::optional<bool> JpegBatchDecoder::ask(const JpegImage& image) const {
  const NvjpegApi& api = handle_->api();
  NvjpegApi::Stream stream = nullptr;
  if (api.stream_create(handle_->get(), &stream) != NvjpegApi::kSuccess) return std::nullopt;
  std::optional<bool> answer;
  int verdict = 1;
  if (api.stream_parse_header(handle_->get(), image.stream.data(), image.stream.size(), stream) ==
          NvjpegApi::kSuccess &&
      api.batch_supports(handle_->get(), stream, &verdict) == NvjpegApi::kSuccess)
    answer = verdict == 0;
  (void)api.stream_destroy(stream);
  return answer;
}

bool JpegBatchDecoder::supports(const JpegImage& image) {
  for (const Shape& shape : shapes_)
    if (shape.width_px == image.width_px && shape.height_px == image.height_px && shape.chroma == image.chroma)
      return shape.is_supported;
  const std::optional<bool> answer = ask(image);
  if (answer && shapes_.size() < kMostShapes)
    shapes_.push_back({image.width_px, image.height_px, image.chroma, *answer});
  return answer.value_or(false);
}

NvjpegApi::Status JpegBatchDecoder::decode(std::span<const JpegImage> images, std::span<const JpegPlanes> planes,
                                           StreamHandle stream, const std::function<void()>& wait,
                                           std::vector<std::size_t>& refused) {
  refused.clear();
  numbers_.clear();
  data_.clear();
  bytes_.clear();
  to_.clear();
  for (std::size_t i = 0; i < images.size(); ++i) {
    const JpegImage& image = images[i];
    if (!supports(image)) {
      refused.push_back(i);
      continue;
    }
    NvjpegApi::Image to{};
    for (std::size_t plane = 0; plane < static_cast<std::size_t>(image.planes()); ++plane) {
      // The address is one of the device: it is handed on, never used here.
      to.channel[plane] = reinterpret_cast<std::uint8_t*>(static_cast<std::uintptr_t>(planes[i].plane[plane]));
      to.pitch[plane] = planes[i].stride_bytes[plane];
    }
    numbers_.push_back(i);
    data_.push_back(image.stream.data());
    bytes_.push_back(image.stream.size());
    to_.push_back(to);
  }
  calls_ = refused_calls_ = 0;
  const NvjpegApi::Status status = decode_some(0, numbers_.size(), stream, wait, refused);
  std::sort(refused.begin(), refused.end());
  return status;
}

NvjpegApi::Status JpegBatchDecoder::call(std::size_t first, std::size_t count, StreamHandle stream) {
  constexpr int kCpuThreads = 1;
  const NvjpegApi& api = handle_->api();
  NvjpegApi::Status status = NvjpegApi::kSuccess;
  if (batch_ != count)
    status = api.batch_initialize(handle_->get(), state_.get(), static_cast<int>(count), kCpuThreads,
                                  NvjpegApi::kOutputUnchanged);
  if (status == NvjpegApi::kSuccess)
    status = api.batch_decode(handle_->get(), state_.get(), &data_[first], &bytes_[first], &to_[first], stream);
  batch_ = status == NvjpegApi::kSuccess ? count : 0;  // after a failure the state begins anew
  return status;
}

NvjpegApi::Status JpegBatchDecoder::decode_some(std::size_t first, std::size_t count, StreamHandle stream,
                                                const std::function<void()>& wait, std::vector<std::size_t>& refused) {
  if (count == 0) return NvjpegApi::kSuccess;
  if (refused_calls_ < kMostRefusedCalls) {
    if (calls_++ > 0) wait();
    const NvjpegApi::Status status = call(first, count, stream);
    if (!is_refusal(status)) return status;
    ++refused_calls_;
  }
  if (count == 1 || refused_calls_ >= kMostRefusedCalls) {
    for (std::size_t i = first; i < first + count; ++i) refused.push_back(numbers_[i]);
    return NvjpegApi::kSuccess;
  }
  const std::size_t half = count / 2;
  const NvjpegApi::Status status = decode_some(first, half, stream, wait, refused);
  return status == NvjpegApi::kSuccess ? decode_some(first + half, count - half, stream, wait, refused) : status;
}

}  // namespace microtome::gpu

// Batches of JPEG streams to planes in a GPU's memory, by nvJPEG: samples as they are stored, chroma at its own size,
// no conversion of colours. One object for each batch that is under way: what it holds is in use until the work that it
// put on a stream is done. Who calls has the GPU's primary context current.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/device_handles.h"
#include "gpu/nvjpeg_handle.h"

namespace microtome::gpu {

// Which sides of the chroma planes are half of the image's. None: one plane, grey.
enum class PlaneChroma : std::uint8_t { Full, HalfWidth, HalfBoth, None };

struct JpegImage {
  // Complete, with all its tables. In pinned memory, until the work is done.
  std::span<const std::uint8_t> stream;
  std::uint32_t width_px = 0;
  std::uint32_t height_px = 0;
  PlaneChroma chroma = PlaneChroma::Full;

  [[nodiscard]] int planes() const noexcept { return chroma == PlaneChroma::None ? 1 : 3; }
  [[nodiscard]] std::uint32_t width_of(int plane) const noexcept {
    const bool halved = plane > 0 && (chroma == PlaneChroma::HalfWidth || chroma == PlaneChroma::HalfBoth);
    return halved ? (width_px + 1) / 2 : width_px;
  }
  [[nodiscard]] std::uint32_t height_of(int plane) const noexcept {
    return plane > 0 && chroma == PlaneChroma::HalfBoth ? (height_px + 1) / 2 : height_px;
  }
};

// Where the planes of an image go.
struct JpegPlanes {
  std::array<DevicePointer, 3> plane{};
  std::array<std::uint32_t, 3> stride_bytes{};
};

// Room for the planes of an image, and where they are in it: `at` and the room are multiples of 256.
[[nodiscard]] std::size_t plane_bytes(const JpegImage& image) noexcept;
[[nodiscard]] JpegPlanes planes_at(const JpegImage& image, DevicePointer at) noexcept;

class JpegBatchDecoder {
 public:
  // Throws OUT_OF_MEMORY, DEVICE_UNAVAILABLE.
  explicit JpegBatchDecoder(std::shared_ptr<const NvjpegHandle> handle);

  // Puts the decoding of all images on the stream. `refused` is set to the numbers of those that nvJPEG does not take;
  // their planes hold anything. One damaged stream makes nvJPEG refuse a whole batch, so that such a batch is halved
  // until those that are to blame are alone; where that takes too many calls, all that is left counts as refused.
  // Before each call but the first `wait` must wait for the stream: a state holds one batch at a time.
  // Anything but success: the library or the GPU failed, and nothing is to be relied on. Throws what `wait` throws.
  [[nodiscard]] NvjpegApi::Status decode(std::span<const JpegImage> images, std::span<const JpegPlanes> planes,
                                         StreamHandle stream, const std::function<void()>& wait,
                                         std::vector<std::size_t>& refused);

  // Calls of one batch that may be refused before the rest of it is given up.
  static constexpr int kMostRefusedCalls = 64;

 private:
  // Images with the same answer to whether the batched call takes them.
  struct Shape {
    std::uint32_t width_px;
    std::uint32_t height_px;
    PlaneChroma chroma;
    bool is_supported;
  };

  [[nodiscard]] bool supports(const JpegImage& image);
  [[nodiscard]] std::optional<bool> ask(const JpegImage& image) const;
  [[nodiscard]] NvjpegApi::Status call(std::size_t first, std::size_t count, StreamHandle stream);
  [[nodiscard]] NvjpegApi::Status decode_some(std::size_t first, std::size_t count, StreamHandle stream,
                                              const std::function<void()>& wait, std::vector<std::size_t>& refused);

  std::shared_ptr<const NvjpegHandle> handle_;
  NvjpegState state_;
  std::size_t batch_ = 0;  // that the state is set to; 0: to none
  int calls_ = 0;          // for the batch in hand, and how many of them were refused
  int refused_calls_ = 0;
  std::vector<Shape> shapes_;
  // Of the batch, without what is refused by its shape:
  std::vector<std::size_t> numbers_;
  std::vector<const std::uint8_t*> data_;
  std::vector<std::size_t> bytes_;
  std::vector<NvjpegApi::Image> to_;
};

}  // namespace microtome::gpu

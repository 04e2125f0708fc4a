// Rows of a batch whose tiles a device may decode: each holds a JPEG stream, or pixels, and says which. A row is a head
// and room for the pixels of one tile; a stream that needs more room becomes pixels. Rows of both kinds, of several
// slides, lie in one batch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "decode/portable_jpeg.h"

namespace microtome::engine {

enum class RowContent : std::uint32_t {
  Nothing,  // no tile
  Pixels,   // RGB, 8 bit, interleaved, side by side
  Jpeg,     // a complete stream, see PortableJpeg, of a picture that the tile is a part of
};

// What a row of JPEG says of its picture.
struct CodedJpeg {
  std::uint32_t bytes = 0;  // of the stream
  std::uint32_t width_px = 0;
  std::uint32_t height_px = 0;
  std::uint32_t x = 0;  // of the tile's upper left pixel in the picture
  std::uint32_t y = 0;
  decode::Chroma chroma = decode::Chroma::Full;
  bool ycbcr = false;  // else RGB, or grey
  bool grey = false;
};

// Where everything is in such rows.
class CodedRows {
 public:
  static constexpr std::size_t kHeadBytes = 64;
  static constexpr std::uint64_t kMostPicturePx = 1 << 26;

  explicit constexpr CodedRows(std::int64_t side_px) noexcept : side_px_(side_px) {}

  [[nodiscard]] constexpr std::int64_t side_px() const noexcept { return side_px_; }
  [[nodiscard]] constexpr std::size_t room_bytes() const noexcept {
    return static_cast<std::size_t>(3 * side_px_ * side_px_);
  }
  // From one row to the next.
  [[nodiscard]] constexpr std::size_t row_bytes() const noexcept {
    return (kHeadBytes + room_bytes() + kHeadBytes - 1) / kHeadBytes * kHeadBytes;
  }

  // Whether a row can be of this JPEG: the stream fits, the tile lies in the picture, and that is no giant.
  [[nodiscard]] constexpr bool can_hold(const CodedJpeg& jpeg) const noexcept {
    const auto side = static_cast<std::uint64_t>(side_px_);
    return jpeg.bytes > 0 && jpeg.bytes <= room_bytes() && jpeg.x + side <= jpeg.width_px &&
           jpeg.y + side <= jpeg.height_px && std::uint64_t{jpeg.width_px} * jpeg.height_px <= kMostPicturePx;
  }

  // The pixels, or the stream.
  [[nodiscard]] static std::uint8_t* payload(std::uint8_t* row) noexcept { return row + kHeadBytes; }
  [[nodiscard]] static const std::uint8_t* payload(const std::uint8_t* row) noexcept { return row + kHeadBytes; }

  // A row has nothing while it is written, so that one whose writer failed is never half a tile.
  static void clear(std::uint8_t* row) noexcept { put(row, {}); }
  static void set_pixels(std::uint8_t* row) noexcept { put(row, {.content = RowContent::Pixels, .jpeg = {}}); }
  static void set_jpeg(std::uint8_t* row, const CodedJpeg& jpeg) noexcept {
    put(row, {.content = RowContent::Jpeg, .jpeg = jpeg});
  }

  [[nodiscard]] static RowContent content(const std::uint8_t* row) noexcept { return head(row).content; }
  // What set_jpeg() was given.
  [[nodiscard]] static CodedJpeg jpeg(const std::uint8_t* row) noexcept { return head(row).jpeg; }
  [[nodiscard]] static std::span<const std::uint8_t> stream(const std::uint8_t* row) noexcept {
    return {payload(row), jpeg(row).bytes};
  }

 private:
  struct Head {
    RowContent content = RowContent::Nothing;
    CodedJpeg jpeg;
  };
  static_assert(sizeof(Head) <= kHeadBytes);

  [[nodiscard]] static Head head(const std::uint8_t* row) noexcept {
    Head head;
    std::memcpy(&head, row, sizeof head);
    return head;
  }
  static void put(std::uint8_t* row, const Head& head) noexcept { std::memcpy(row, &head, sizeof head); }

  std::int64_t side_px_;
};

}  // namespace microtome::engine

// A PNG file: what it is, and its pixels. Deflate is undone by the codec that is compiled in.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/image.h"
#include "decode/built_in_codecs.h"
#include "decode/image_facts.h"

namespace microtome::decode {

[[nodiscard]] bool is_png(std::span<const std::uint8_t> file) noexcept;

// One thread's; used again from image to image.
class PngImage {
 public:
  // Reads all chunks and their checksums, decodes nothing. `file` must outlive decode(). Throws TRUNCATED for a file
  // that ends early, UNSUPPORTED_COMPRESSION where this build has no Deflate, LIMIT_EXCEEDED, IMAGES_INVALID for
  // damage.
  ImageFacts look(std::span<const std::uint8_t> file);

  // What was looked at last, as it is stored, to RGB of its size: the upper 8 bits of samples of 16, colours of the
  // palette, and what is transparent on white. Adds kTransparent to `marks` where a pixel is not opaque. Throws
  // IMAGES_INVALID for damage.
  void decode(const RgbView& out, std::uint8_t& marks);

  // Gives scratch memory back where it is more than this.
  void trim(std::size_t kept_bytes) noexcept;

 private:
  void read_header(std::span<const std::uint8_t> body);
  void read_palette(std::span<const std::uint8_t> body);
  void read_transparency(std::span<const std::uint8_t> body);
  void inflate();
  void undo_filters(std::uint8_t* rows, std::int64_t count, std::size_t row_bytes) const;
  void write_row(const std::uint8_t* row, std::int64_t count, std::uint8_t* out, std::int64_t step_bytes,
                 std::uint8_t& marks) const;
  [[nodiscard]] std::size_t row_bytes(std::int64_t width_px) const noexcept;
  [[nodiscard]] std::size_t raw_bytes() const noexcept;

  std::int64_t width_px_ = 0;
  std::int64_t height_px_ = 0;
  int bits_ = 8;  // of a sample
  int colour_ = 2;
  int samples_ = 3;  // of a pixel
  bool is_interlaced_ = false;
  std::vector<std::array<std::uint8_t, 4>> palette_;  // with how opaque each colour is
  bool has_key_ = false;
  std::array<std::uint16_t, 3> key_{};  // the colour that is transparent, of grey and RGB
  std::span<const std::uint8_t> data_;  // the chunks of pixels, which lie one behind the other
  std::size_t data_bytes_ = 0;          // of their bodies
  std::vector<std::uint8_t> joined_;    // these in one piece, where there are several
  LargeBytes raw_;
  std::unique_ptr<Codec> codec_;  // made when needed
};

}  // namespace microtome::decode

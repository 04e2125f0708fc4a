// PNG files for tests, of any kind of pixels and with any fault.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "test/decode/encoders.h"

namespace microtome::test {

class PngWriter {
 public:
  // `samples` one after another, row by row, each in as many bits as the type says.
  PngWriter(int width, int height, int colour, int bits)
      : width_(width), height_(height), colour_(colour), bits_(bits) {}

  bool interlaced = false;
  int filter = 0;                                            // of all rows
  std::size_t cut = 0;                                       // bytes of a chunk of pixels; 0: one chunk
  std::vector<std::pair<std::string_view, Bytes>> before{};  // chunks before the pixels
  std::vector<std::pair<std::string_view, Bytes>> after{};   // and behind them

  [[nodiscard]] Bytes file(const std::vector<int>& samples) const {
    Bytes out{0x89, 'P', 'N', 'G', 13, 10, 26, 10};
    Bytes head;
    number(head, static_cast<std::uint32_t>(width_));
    number(head, static_cast<std::uint32_t>(height_));
    for (const int value : {bits_, colour_, 0, 0, interlaced ? 1 : 0}) head.push_back(static_cast<std::uint8_t>(value));
    chunk(out, "IHDR", head);
    for (const auto& [name, body] : before) chunk(out, name, body);
    const Bytes data = deflate_encode(rows(samples));
    const std::size_t step = cut == 0 ? data.size() : cut;
    for (std::size_t at = 0; at < data.size(); at += step)
      chunk(out, "IDAT",
            Bytes(data.begin() + static_cast<std::ptrdiff_t>(at),
                  data.begin() + static_cast<std::ptrdiff_t>(std::min(at + step, data.size()))));
    for (const auto& [name, body] : after) chunk(out, name, body);
    chunk(out, "IEND", {});
    return out;
  }

  static void number(Bytes& out, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
  }

  static void chunk(Bytes& out, std::string_view name, const Bytes& body) {
    number(out, static_cast<std::uint32_t>(body.size()));
    const std::size_t begin = out.size();
    out.insert(out.end(), name.begin(), name.end());
    out.insert(out.end(), body.begin(), body.end());
    std::uint32_t crc = 0xFFFFFFFFu;
    for (std::size_t i = begin; i < out.size(); ++i) {
      crc ^= out[i];
      for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? 0xEDB88320u ^ crc >> 1 : crc >> 1;
    }
    number(out, ~crc);
  }

 private:
  [[nodiscard]] int samples_of_pixel() const { return colour_ == 2 ? 3 : colour_ == 4 ? 2 : colour_ == 6 ? 4 : 1; }

  void add_rows(Bytes& out, const std::vector<int>& samples, int x0, int y0, int step_x, int step_y) const {
    const int each = samples_of_pixel();
    const int pixel = std::max(each * bits_ / 8, 1);
    Bytes above;
    for (int y = y0; y < height_; y += step_y) {
      Bytes row;
      int held = 0, byte = 0;
      for (int x = x0; x < width_; x += step_x)
        for (int s = 0; s < each; ++s) {
          const int value = samples[static_cast<std::size_t>((y * width_ + x) * each + s)];
          for (int bit = bits_ - 1; bit >= 0; --bit) {
            byte = byte << 1 | (value >> bit & 1);
            if (++held % 8 == 0) row.push_back(static_cast<std::uint8_t>(byte));
          }
        }
      if (held == 0) return;  // no pixel of the pass
      for (; held % 8 != 0; ++held) {
        byte <<= 1;
        if (held % 8 == 7) row.push_back(static_cast<std::uint8_t>(byte));
      }
      above.resize(row.size());
      out.push_back(static_cast<std::uint8_t>(filter));
      for (std::size_t i = 0; i < row.size(); ++i)
        out.push_back(static_cast<std::uint8_t>(row[i] - guess(row, above, i, pixel)));
      above = row;
    }
  }

  [[nodiscard]] int guess(const Bytes& row, const Bytes& above, std::size_t i, int pixel) const {
    const bool has_left = i >= static_cast<std::size_t>(pixel);
    const int left = has_left ? row[i - static_cast<std::size_t>(pixel)] : 0;
    const int corner = has_left ? above[i - static_cast<std::size_t>(pixel)] : 0;
    const int up = above[i];
    if (filter == 1) return left;
    if (filter == 2) return up;
    if (filter == 3) return (left + up) / 2;
    if (filter != 4) return 0;
    const int p = left + up - corner;
    const int pa = std::abs(p - left), pb = std::abs(p - up), pc = std::abs(p - corner);
    return pa <= pb && pa <= pc ? left : pb <= pc ? up : corner;
  }

  [[nodiscard]] Bytes rows(const std::vector<int>& samples) const {
    Bytes out;
    if (samples.empty()) return out;  // a header that promises pixels
    if (!interlaced) {
      add_rows(out, samples, 0, 0, 1, 1);
      return out;
    }
    constexpr std::array<std::array<int, 4>, 7> kPasses{
        {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}};
    for (const auto& [x, y, step_x, step_y] : kPasses) add_rows(out, samples, x, y, step_x, step_y);
    return out;
  }

  const int width_, height_, colour_, bits_;
};

}  // namespace microtome::test

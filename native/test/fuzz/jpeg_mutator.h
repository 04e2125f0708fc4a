// Changes a jpeg_fuzz input by its segments: tables wander between the slide and its tiles, are dropped, doubled or
// bent, sizes are made to fit. Bytes alone would mostly break a length and be refused at once.
#pragma once

#include <algorithm>
#include <cstring>
#include <random>
#include <utility>

#include "test/fuzz/jpeg_parts.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace microtome::fuzz {

class JpegMutator {
 public:
  JpegMutator(JpegParts parts, std::size_t max_size, unsigned seed)
      : parts_(std::move(parts)), max_size_(max_size), random_(seed) {}

  JpegParts run() {
    switch (below(12)) {
      case 0:
        drop_segment();
        break;
      case 1:
        copy_segment(true);
        break;
      case 2:
        copy_segment(false);
        break;
      case 3:
        std::swap(parts_.parts[1], parts_.parts[2]);
        break;
      case 4:
        fit_size();
        break;
      case 5:
        change_shape();
        break;
      case 6:
      case 7:
      case 8:
        bend_segment();
        break;
      default:
        bend_part();
    }
    return std::move(parts_);
  }

 private:
  using Bytes = std::vector<std::uint8_t>;
  struct Segment {
    std::size_t part = 0;
    std::size_t begin = 0;  // of the 0xFF
    std::size_t end = 0;
  };

  std::size_t below(std::size_t bound) { return random_() % bound; }
  static std::ptrdiff_t at(std::size_t place) { return static_cast<std::ptrdiff_t>(place); }

  // Segments up to and with the start of the scan, as far as their lengths make sense.
  [[nodiscard]] std::vector<Segment> segments() const {
    std::vector<Segment> found;
    for (std::size_t part = 0; part < 3; ++part) {
      const Bytes& bytes = parts_.parts[part];
      for (std::size_t i = 2; i + 4 <= bytes.size() && bytes[i] == 0xFF;) {
        const std::size_t length = static_cast<std::size_t>(bytes[i + 2] << 8 | bytes[i + 3]);
        if (length < 2 || length > bytes.size() - i - 2) break;
        found.push_back({part, i, i + 2 + length});
        if (bytes[i + 1] == 0xDA) break;
        i += 2 + length;
      }
    }
    return found;
  }

  // Nothing when there is no segment at all.
  bool any_segment(Segment& out) {
    const auto all = segments();
    if (all.empty()) return false;
    out = all[below(all.size())];
    return true;
  }

  void drop_segment() {
    Segment segment;
    if (!any_segment(segment)) return bend_part();
    Bytes& from = parts_.parts[segment.part];
    from.erase(from.begin() + at(segment.begin), from.begin() + at(segment.end));
  }

  void copy_segment(bool remove) {
    Segment segment;
    if (!any_segment(segment)) return bend_part();
    Bytes& from = parts_.parts[segment.part];
    const Bytes copy(from.begin() + at(segment.begin), from.begin() + at(segment.end));
    if (remove) from.erase(from.begin() + at(segment.begin), from.begin() + at(segment.end));
    Bytes& to = parts_.parts[below(3)];
    if (to.size() < 2) to = {0xFF, 0xD8, 0xFF, 0xD9};
    to.insert(to.begin() + 2, copy.begin(), copy.end());
  }

  // The frame of one tile takes the size of the stored tile, or a value near it.
  void fit_size() {
    for (const Segment& segment : segments()) {
      Bytes& bytes = parts_.parts[segment.part];
      const std::uint8_t marker = bytes[segment.begin + 1];
      if (marker < 0xC0 || marker > 0xC2 || segment.end - segment.begin < 10) continue;
      const auto height = static_cast<unsigned>(parts_.height_px) - below(4) / 3;
      const auto width = static_cast<unsigned>(parts_.width_px) - below(4) / 3;
      std::uint8_t* size = &bytes[segment.begin + 5];
      size[0] = static_cast<std::uint8_t>(height >> 8);
      size[1] = static_cast<std::uint8_t>(height);
      size[2] = static_cast<std::uint8_t>(width >> 8);
      size[3] = static_cast<std::uint8_t>(width);
    }
  }

  void change_shape() {
    if (below(2) == 0)
      parts_.shape = static_cast<std::uint8_t>(below(16));
    else if (below(2) == 0)
      parts_.width_px = static_cast<int>(1 + below(64));
    else
      parts_.height_px = static_cast<int>(1 + below(64));
  }

  // The inside of one segment, its length kept.
  void bend_segment() {
    Segment segment;
    if (!any_segment(segment) || segment.end - segment.begin <= 4) return bend_part();
    Bytes& bytes = parts_.parts[segment.part];
    const std::size_t size = segment.end - segment.begin - 4;
    Bytes body(bytes.begin() + at(segment.begin + 4), bytes.begin() + at(segment.end));
    body.resize(std::max<std::size_t>(1, LLVMFuzzerMutate(body.data(), size, size)));
    std::copy(body.begin(), body.end(), bytes.begin() + at(segment.begin + 4));
  }

  void bend_part() {
    Bytes& part = parts_.parts[below(3)];
    const std::size_t size = part.size();
    const std::size_t most = std::max(size + size / 4 + 16, std::size_t{64});
    part.resize(std::min(most, std::max(max_size_, size + 1)));
    part.resize(LLVMFuzzerMutate(part.data(), size, part.size()));
  }

  JpegParts parts_;
  const std::size_t max_size_;
  std::minstd_rand random_;
};

}  // namespace microtome::fuzz

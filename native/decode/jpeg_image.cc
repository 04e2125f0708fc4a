#include "decode/jpeg_image.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "decode/bad_tile.h"
#include "decode/codec_libraries.h"
#include "decode/exif.h"
#include "decode/jpeg_markers.h"

namespace microtome::decode {
namespace {

using Bytes = std::span<const std::uint8_t>;

// libjpeg-turbo holds a progressive image as coefficients, see jpeg_decoder.cc.
constexpr std::int64_t kMostCoefficientBytes = 240'000'000;

bool begins_with(Bytes body, std::string_view text) {
  return body.size() >= text.size() && std::memcmp(body.data(), text.data(), text.size()) == 0;
}

// What the segments before and between the scans say.
struct Segments {
  std::size_t end = 0;  // behind the end marker
  bool has_jfif = false;
  int adobe_transform = -1;  // -1: no Adobe marker
  int orientation = 1;
  bool is_progressive = false;
  bool is_whole_scan = true;  // one scan has all components: nothing is kept as coefficients
  std::array<std::uint8_t, 3> ids{};
  std::int64_t samples_64 = 0;  // samples of all components for each pixel of the first frame, in 64ths
};

class Walk {
 public:
  explicit Walk(Bytes file) : file_(file) {}

  Segments run() {
    std::size_t at = 2;  // behind the start of image
    for (;;) {
      at = marker(at);
      const std::uint8_t kind = file_[at - 1];
      if (kind == jpeg_marker::kEoi) {
        found_.end = at;
        require_all_components();
        return found_;
      }
      if (kind >= jpeg_marker::kRst0 && kind <= jpeg_marker::kSoi)
        throw damaged_image("the JPEG has a marker that does not belong there");
      if (file_.size() - at < 2) throw cut_image("the JPEG ends within a segment");
      const std::size_t length = static_cast<std::size_t>(file_[at]) << 8 | file_[at + 1];
      if (length < 2) throw damaged_image("the JPEG has a segment without a length");
      if (length > file_.size() - at) throw cut_image("the JPEG ends within a segment");
      segment(kind, file_.subspan(at + 2, length - 2));
      at += length;
      if (kind == jpeg_marker::kSos) at = scan_end(at);
    }
  }

 private:
  // Behind the marker that begins at `at`, fill bytes before it included.
  [[nodiscard]] std::size_t marker(std::size_t at) const {
    if (at < file_.size() && file_[at] != 0xFF) throw damaged_image("the JPEG has bytes where a marker was expected");
    while (at < file_.size() && file_[at] == 0xFF) ++at;
    if (at >= file_.size()) throw cut_image("the JPEG ends before its end marker");
    return at + 1;
  }

  // Of the entropy-coded bytes from `at` on: where the next marker begins.
  [[nodiscard]] std::size_t scan_end(std::size_t at) const {
    for (;;) {
      const void* const found = at < file_.size() ? std::memchr(file_.data() + at, 0xFF, file_.size() - at) : nullptr;
      if (found == nullptr) throw cut_image("the JPEG ends before its end marker");
      at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - file_.data());
      if (at + 1 >= file_.size()) throw cut_image("the JPEG ends before its end marker");
      const std::uint8_t next = file_[at + 1];
      if (next != 0 && next != 0xFF && !(next >= jpeg_marker::kRst0 && next <= jpeg_marker::kRst7)) return at;
      at += next == 0xFF ? 1 : 2;
    }
  }

  void segment(std::uint8_t kind, Bytes body) {
    using namespace std::string_view_literals;
    if (kind == jpeg_marker::kApp0 && body.size() >= 12 && begins_with(body, "JFIF\0"sv)) found_.has_jfif = true;
    if (kind == jpeg_marker::kApp1 && !has_exif_ && begins_with(body, "Exif\0"sv) && body.size() > 6) {
      has_exif_ = true;
      found_.orientation = exif_orientation(body.subspan(6));
    }
    if (kind == jpeg_marker::kApp14 && body.size() >= 12 && begins_with(body, "Adobe"sv))
      found_.adobe_transform = body[11];
    if (kind >= jpeg_marker::kSof0 && kind <= jpeg_marker::kSofLast && kind != jpeg_marker::kDht &&
        kind != jpeg_marker::kDac)
      frame(kind, body);
    if (kind == jpeg_marker::kSos) scan(body);
  }

  // Its form is checked by libjpeg. One that begins with the first coefficient has the mean colours of its components.
  void scan(Bytes body) {
    if (body.empty() || body.size() < 2 + 2 * static_cast<std::size_t>(body[0])) return;
    if (body[0] < components_) found_.is_whole_scan = false;
    if (body[1 + 2 * static_cast<std::size_t>(body[0])] != 0) return;
    for (std::size_t i = 0; i < body[0]; ++i)
      for (std::size_t c = 0; c < components_; ++c)
        if (body[1 + 2 * i] == names_[c]) has_scan_[c] = true;
  }

  // libjpeg decodes what no scan has to grey, and says nothing.
  void require_all_components() const {
    for (std::size_t c = 0; c < components_; ++c)
      if (!has_scan_[c]) throw damaged_image("the JPEG has no scan of one of its components");
  }

  // Its form is checked by read_jpeg_frame().
  void frame(std::uint8_t kind, Bytes body) {
    if (has_frame_ || body.size() < 6 || body.size() < 6 + 3 * static_cast<std::size_t>(body[5])) return;
    has_frame_ = true;
    components_ = std::min<std::size_t>(body[5], kComponents);
    found_.is_progressive = kind == jpeg_marker::kSof2;
    int most_across = 1, most_down = 1, blocks = 0;
    for (std::size_t i = 0; i < components_; ++i) {
      names_[i] = body[6 + 3 * i];
      if (i < 3) found_.ids[i] = names_[i];
      const int across = std::max(body[7 + 3 * i] >> 4, 1);
      const int down = std::max(body[7 + 3 * i] & 15, 1);
      most_across = std::max(most_across, across);
      most_down = std::max(most_down, down);
      blocks += across * down;
    }
    found_.samples_64 = 64 * static_cast<std::int64_t>(blocks) / (most_across * most_down);
  }

  Bytes file_;
  Segments found_;
  bool has_exif_ = false;
  bool has_frame_ = false;
  static constexpr std::size_t kComponents = 4;  // more are refused
  std::size_t components_ = 0;
  std::array<std::uint8_t, kComponents> names_{};
  std::array<bool, kComponents> has_scan_{};
};

JpegFrame frame_of(Bytes image) {
  try {
    return read_jpeg_frame(image);
  } catch (const UnknownJpegProcess& unknown) {
    throw Error(Code::UNSUPPORTED_COMPRESSION, Stage::Decode, std::string("the image is ") + unknown.what(),
                "convert it to baseline or progressive JPEG of 8 bits, or to PNG");
  } catch (const BadTile& bad) {
    throw damaged_image(bad.what());
  }
}

// Where three components are neither said to be YCbCr nor RGB, libjpeg takes their names for a sign.
bool is_ycbcr(const Segments& segments) {
  if (segments.has_jfif) return true;
  if (segments.adobe_transform >= 0) return segments.adobe_transform != 0;
  return segments.ids != std::array<std::uint8_t, 3>{'R', 'G', 'B'};
}

// 255 * 255 at most; the product of two shares of 255, rounded to the nearest.
std::uint8_t share(int a, int b) noexcept {
  const int product = a * b + 128;
  return static_cast<std::uint8_t>((product + (product >> 8)) >> 8);
}

}  // namespace

ImageFacts JpegImage::look(Bytes file) {
  const Segments segments = Walk(file).run();
  image_ = file.first(segments.end);
  frame_ = frame_of(image_);
  if (frame_.components != 1 && frame_.components != 3 && frame_.components != 4)
    throw Error(Code::UNSUPPORTED_PIXELS, Stage::Decode,
                "the JPEG has " + std::to_string(frame_.components) + " components, expected 1, 3 or 4",
                "convert it to RGB");
  require_image_size(frame_.width_px, frame_.height_px);
  is_ycbcr_ = is_ycbcr(segments);
  ImageFacts facts{.width_px = frame_.width_px, .height_px = frame_.height_px, .orientation = segments.orientation};
  const std::int64_t pixels = frame_.width_px * frame_.height_px;
  // Pixels, and two copies of the stream: with its tables, and without its stuffing.
  facts.decoded_bytes = 3 * pixels + 2 * static_cast<std::int64_t>(image_.size());
  if (frame_.components == 4) facts.decoded_bytes += 4 * pixels;
  if (segments.is_progressive || !segments.is_whole_scan) {
    const std::int64_t coefficients = pixels * segments.samples_64 / 64 * 2;
    if (coefficients > kMostCoefficientBytes)
      throw Error(Code::LIMIT_EXCEEDED, Stage::Decode,
                  "the JPEG has several scans, and " + std::to_string(coefficients) +
                      " bytes of coefficients would be kept between them, the most is " +
                      std::to_string(kMostCoefficientBytes),
                  "convert the image to baseline JPEG: no option raises this limit");
    facts.decoded_bytes += coefficients;
  }
  if (frame_.components == 1) facts.marks |= image_mark::kGrey;
  if (frame_.components == 4) facts.marks |= image_mark::kCmyk;
  if (segments.is_progressive) facts.marks |= image_mark::kProgressive;
  if (segments.end < file.size()) facts.marks |= image_mark::kBytesBehind;
  return facts;
}

JpegDecoder& JpegImage::turbo() {
  if (!turbo_) turbo_.emplace(turbojpeg());
  return *turbo_;
}

void JpegImage::decode(const RgbView& out) {
  try {
    if (frame_.components == 4) return decode_cmyk(out);
    splice_jpeg({}, image_, frame_.components, is_ycbcr_ ? JpegColor::YCbCr : JpegColor::AsStored, stream_);
    const TileWindow whole{0, 0, out};
    if (frame_.components == 3 && baseline_.decode(stream_.bytes, frame_.width_px, frame_.height_px, {&whole, 1}))
      return;
    // libjpeg makes three equal samples of a grey one.
    turbo().decode(stream_, {frame_.width_px, frame_.height_px, 3}, 1, out.data, out.stride_bytes);
  } catch (const BadTile& bad) {
    throw damaged_image(bad.what());
  }
}

// The marker that tells CMYK from YCCK must stay, so that the stream is decoded as it is.
void JpegImage::decode_cmyk(const RgbView& out) {
  stream_.bytes.assign(image_.begin(), image_.end());
  stream_.self_contained = false;
  inks_.resize(static_cast<std::size_t>(4 * frame_.width_px * frame_.height_px));
  turbo().decode(stream_, frame_, 1, inks_.data(), 4 * frame_.width_px);
  const std::uint8_t* from = inks_.data();
  for (std::int64_t y = 0; y < frame_.height_px; ++y) {
    std::uint8_t* to = out.row(y);
    // Inverted: 255 is no ink.
    for (std::int64_t x = 0; x < frame_.width_px; ++x, from += 4, to += 3)
      for (int c = 0; c < 3; ++c) to[c] = static_cast<std::uint8_t>(from[3] - share(255 - from[c], from[3]));
  }
}

void JpegImage::trim(std::size_t kept_bytes) noexcept {
  if (stream_.bytes.capacity() > kept_bytes) std::vector<std::uint8_t>().swap(stream_.bytes);
  if (inks_.capacity() > kept_bytes) LargeBytes().swap(inks_);
  baseline_.trim(kept_bytes);
}

}  // namespace microtome::decode

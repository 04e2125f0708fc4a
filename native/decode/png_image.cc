#include "decode/png_image.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

#include "decode/bad_tile.h"
#include "decode/exif.h"

namespace microtome::decode {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::array<std::uint8_t, 8> kSignature{0x89, 'P', 'N', 'G', 0x0D, 0x0A, 0x1A, 0x0A};
constexpr int kGreyType = 0, kRgbType = 2, kPaletteType = 3, kGreyAlphaType = 4, kRgbaType = 6;

// The passes of an interlaced image: where its pixels begin, and how far apart they are.
struct Pass {
  std::int64_t x, y, step_x, step_y;
};
constexpr Pass kInterlaced[] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                                {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
constexpr Pass kWhole[] = {{0, 0, 1, 1}};

std::span<const Pass> passes(bool is_interlaced) noexcept {
  return is_interlaced ? std::span<const Pass>(kInterlaced) : std::span<const Pass>(kWhole);
}

std::int64_t pass_length(std::int64_t sides, std::int64_t first, std::int64_t step) noexcept {
  return sides > first ? (sides - first + step - 1) / step : 0;
}

std::uint32_t number(Bytes bytes, std::size_t at) noexcept {
  return static_cast<std::uint32_t>(bytes[at]) << 24 | static_cast<std::uint32_t>(bytes[at + 1]) << 16 |
         static_cast<std::uint32_t>(bytes[at + 2]) << 8 | bytes[at + 3];
}

// CRC-32 of ISO 3309, four bytes at a time.
class Checksum {
 public:
  Checksum() noexcept {
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? 0xEDB88320u ^ value >> 1 : value >> 1;
      tables_[0][i] = value;
    }
    for (std::size_t t = 1; t < 4; ++t)
      for (std::size_t i = 0; i < 256; ++i)
        tables_[t][i] = tables_[t - 1][i] >> 8 ^ tables_[0][tables_[t - 1][i] & 255];
  }

  [[nodiscard]] std::uint32_t of(Bytes bytes) const noexcept {
    std::uint32_t value = 0xFFFFFFFFu;
    std::size_t i = 0;
    for (; i + 4 <= bytes.size(); i += 4) {
      value ^= bytes[i] | static_cast<std::uint32_t>(bytes[i + 1]) << 8 |
               static_cast<std::uint32_t>(bytes[i + 2]) << 16 | static_cast<std::uint32_t>(bytes[i + 3]) << 24;
      value = tables_[3][value & 255] ^ tables_[2][value >> 8 & 255] ^ tables_[1][value >> 16 & 255] ^
              tables_[0][value >> 24];
    }
    for (; i < bytes.size(); ++i) value = value >> 8 ^ tables_[0][(value ^ bytes[i]) & 255];
    return ~value;
  }

 private:
  std::array<std::array<std::uint32_t, 256>, 4> tables_{};
};

const Checksum& checksum() {
  static const Checksum one;
  return one;
}

std::uint8_t on_white(int sample, int alpha) noexcept {
  return static_cast<std::uint8_t>((sample * alpha + 255 * (255 - alpha) + 127) / 255);
}

std::uint8_t nearest_of(int left, int above, int corner) noexcept {
  const int estimate = left + above - corner;
  const int to_left = std::abs(estimate - left);
  const int to_above = std::abs(estimate - above);
  const int to_corner = std::abs(estimate - corner);
  if (to_left <= to_above && to_left <= to_corner) return static_cast<std::uint8_t>(left);
  return static_cast<std::uint8_t>(to_above <= to_corner ? above : corner);
}

// Of chunks that were checked and lie one behind the other: a length, a name, a body, a checksum.
Bytes first_body(Bytes chunks) noexcept { return chunks.subspan(8, number(chunks, 0)); }
bool has_several(Bytes chunks) noexcept { return chunks.size() > 12 + first_body(chunks).size(); }

bool is_kind(Bytes name, const char* kind) noexcept { return std::memcmp(name.data(), kind, 4) == 0; }

}  // namespace

bool is_png(Bytes file) noexcept {
  return file.size() >= kSignature.size() && std::equal(kSignature.begin(), kSignature.end(), file.begin());
}

std::size_t PngImage::row_bytes(std::int64_t width_px) const noexcept {
  return static_cast<std::size_t>((width_px * samples_ * bits_ + 7) / 8);
}

// Rows of all passes, each with the byte of its filter before it.
std::size_t PngImage::raw_bytes() const noexcept {
  std::size_t bytes = 0;
  for (const Pass& pass : passes(is_interlaced_)) {
    const std::int64_t width = pass_length(width_px_, pass.x, pass.step_x);
    const std::int64_t height = pass_length(height_px_, pass.y, pass.step_y);
    if (width > 0) bytes += static_cast<std::size_t>(height) * (1 + row_bytes(width));
  }
  return bytes;
}

void PngImage::read_header(Bytes body) {
  if (body.size() != 13) throw damaged_image("the PNG has a header of another length than 13");
  width_px_ = number(body, 0);
  height_px_ = number(body, 4);
  bits_ = body[8];
  colour_ = body[9];
  if (body[10] != 0 || body[11] != 0 || body[12] > 1)
    throw damaged_image("the PNG has a compression, a filter or an interlacing that no PNG has");
  is_interlaced_ = body[12] == 1;
  const bool is_small = bits_ == 1 || bits_ == 2 || bits_ == 4;
  const bool is_known =
      (colour_ == kGreyType && (is_small || bits_ == 8 || bits_ == 16)) ||
      (colour_ == kPaletteType && (is_small || bits_ == 8)) ||
      ((colour_ == kRgbType || colour_ == kGreyAlphaType || colour_ == kRgbaType) && (bits_ == 8 || bits_ == 16));
  if (!is_known)
    throw damaged_image("the PNG says colours of type " + std::to_string(colour_) + " with " + std::to_string(bits_) +
                        " bits, which no PNG has");
  samples_ = colour_ == kRgbType ? 3 : colour_ == kRgbaType ? 4 : colour_ == kGreyAlphaType ? 2 : 1;
  require_image_size(width_px_, height_px_);
}

void PngImage::read_palette(Bytes body) {
  if (!palette_.empty() || body.empty() || body.size() % 3 != 0 || body.size() > 3 * std::size_t{256})
    throw damaged_image("the PNG has a damaged palette");
  for (std::size_t i = 0; i < body.size(); i += 3) palette_.push_back({body[i], body[i + 1], body[i + 2], 255});
}

void PngImage::read_transparency(Bytes body) {
  if (colour_ == kPaletteType) {
    if (body.size() > palette_.size()) throw damaged_image("the PNG says more transparent colours than it has colours");
    for (std::size_t i = 0; i < body.size(); ++i) palette_[i][3] = body[i];
    return;
  }
  if (colour_ != kGreyType && colour_ != kRgbType) throw damaged_image("the PNG says twice what is transparent");
  if (body.size() != 2 * static_cast<std::size_t>(samples_))
    throw damaged_image("the PNG has a damaged transparent colour");
  for (std::size_t i = 0; i < static_cast<std::size_t>(samples_); ++i)
    key_[i] = static_cast<std::uint16_t>((body[2 * i] << 8 | body[2 * i + 1]) & ((1 << bits_) - 1));
  has_key_ = true;
}

ImageFacts PngImage::look(Bytes file) {
  palette_.clear();
  data_ = {};
  data_bytes_ = 0;
  has_key_ = false;
  width_px_ = 0;
  ImageFacts facts;
  bool is_over = false;
  std::size_t at = kSignature.size();
  for (bool is_first = true; !is_over; is_first = false) {
    if (file.size() - at < 12) throw cut_image("the PNG ends before its last chunk");
    const std::size_t length = number(file, at);
    if (length > 0x7FFFFFFF) throw damaged_image("the PNG has a chunk of more than 2^31 bytes");
    if (length > file.size() - at - 12) throw cut_image("the PNG ends within a chunk");
    const Bytes name = file.subspan(at + 4, 4);
    const Bytes body = file.subspan(at + 8, length);
    if (checksum().of(file.subspan(at + 4, 4 + length)) != number(file, at + 8 + length))
      throw damaged_image("a chunk of the PNG has another checksum than is written behind it");
    const Bytes chunk = file.subspan(at, 12 + length);
    at += chunk.size();
    if (is_kind(name, "IHDR") != is_first) throw damaged_image("the PNG does not begin with its one header");
    if (is_kind(name, "IHDR"))
      read_header(body);
    else if (is_kind(name, "PLTE"))
      read_palette(body);
    else if (is_kind(name, "tRNS"))
      read_transparency(body);
    else if (is_kind(name, "eXIf"))
      facts.orientation = exif_orientation(body);
    else if (is_kind(name, "IEND"))
      is_over = true;
    else if (is_kind(name, "IDAT")) {
      if (data_.empty()) data_ = chunk.first(0);
      if (data_.data() + data_.size() != chunk.data())
        throw damaged_image("the PNG has other chunks between those of its pixels");
      data_ = {data_.data(), data_.size() + chunk.size()};
      data_bytes_ += length;
    } else if ((name[0] & 0x20) == 0) {
      throw damaged_image("the PNG has a chunk that must be understood and is not known");
    }
  }
  if (data_.empty()) throw damaged_image("the PNG has no pixels");
  if (colour_ == kPaletteType && palette_.empty()) throw damaged_image("the PNG has no palette");
  if (built_in_codec(slide::Compression::Deflate) == nullptr)
    throw Error(Code::UNSUPPORTED_COMPRESSION, Stage::Decode, "the image is a PNG, and this build has no Deflate",
                "use a build that has the codec (see: microtome doctor), or convert the image to JPEG");
  facts.width_px = width_px_;
  facts.height_px = height_px_;
  facts.decoded_bytes = 3 * width_px_ * height_px_ + static_cast<std::int64_t>(raw_bytes());
  if (has_several(data_)) facts.decoded_bytes += static_cast<std::int64_t>(data_bytes_);
  if (colour_ == kGreyType || colour_ == kGreyAlphaType) facts.marks |= image_mark::kGrey;
  if (colour_ == kPaletteType) facts.marks |= image_mark::kPalette;
  if (bits_ == 16) facts.marks |= image_mark::kSixteenBits;
  if (at < file.size()) facts.marks |= image_mark::kBytesBehind;
  return facts;
}

void PngImage::inflate() {
  Bytes stored = first_body(data_);
  if (has_several(data_)) {
    joined_.clear();
    joined_.reserve(data_bytes_);
    for (Bytes left = data_; !left.empty(); left = left.subspan(12 + stored.size())) {
      stored = first_body(left);
      joined_.insert(joined_.end(), stored.begin(), stored.end());
    }
    stored = joined_;
  }
  raw_.resize(raw_bytes());
  if (!codec_) codec_ = built_in_codec(slide::Compression::Deflate)->make();
  try {
    codec_->decode({.stored = stored, .shape = {}, .bytes_most = raw_.size()}, raw_);
  } catch (const BadTile& bad) {
    throw damaged_image(std::string("the pixels of the PNG are damaged: ") + bad.what());
  }
}

// In place. Each row is a filter's number and its bytes, which are differences to what the filter says.
void PngImage::undo_filters(std::uint8_t* rows, std::int64_t count, std::size_t row_bytes) const {
  const auto pixel = static_cast<std::size_t>(std::max(samples_ * bits_ / 8, 1));
  const std::uint8_t* above = nullptr;  // above the first row all is 0
  for (std::int64_t y = 0; y < count; ++y) {
    const std::uint8_t filter = rows[0];
    std::uint8_t* const row = rows + 1;
    for (std::size_t i = 0; i < row_bytes && filter != 0; ++i) {
      const int left = i >= pixel ? row[i - pixel] : 0;
      const int up = above != nullptr ? above[i] : 0;
      const int corner = above != nullptr && i >= pixel ? above[i - pixel] : 0;
      int added = 0;
      if (filter == 1)
        added = left;
      else if (filter == 2)
        added = up;
      else if (filter == 3)
        added = (left + up) / 2;
      else if (filter == 4)
        added = nearest_of(left, up, corner);
      else
        throw damaged_image("the PNG has a filter that no PNG has");
      row[i] = static_cast<std::uint8_t>(row[i] + added);
    }
    above = row;
    rows += 1 + row_bytes;
  }
}

// `count` pixels of a row without its filter, each `step_bytes` behind the one before.
void PngImage::write_row(const std::uint8_t* row, std::int64_t count, std::uint8_t* out, std::int64_t step_bytes,
                         std::uint8_t& marks) const {
  const int most = (1 << bits_) - 1;
  const auto sample = [&](std::int64_t i) -> int {
    if (bits_ == 8) return row[i];
    if (bits_ == 16) return row[2 * i] << 8 | row[2 * i + 1];
    const std::int64_t bit = i * bits_;
    return row[bit / 8] >> (8 - bits_ - bit % 8) & most;
  };
  const auto eight_bits = [&](int value) { return bits_ == 16 ? value >> 8 : bits_ == 8 ? value : value * 255 / most; };
  const bool is_grey = colour_ == kGreyType || colour_ == kGreyAlphaType;
  const bool has_alpha = colour_ == kGreyAlphaType || colour_ == kRgbaType;
  for (std::int64_t x = 0; x < count; ++x, out += step_bytes) {
    std::array<int, 4> rgba{0, 0, 0, 255};
    if (colour_ == kPaletteType) {
      const auto index = static_cast<std::size_t>(sample(x));
      if (index >= palette_.size()) throw damaged_image("the PNG has a pixel of a colour that its palette has not");
      for (std::size_t c = 0; c < 4; ++c) rgba[c] = palette_[index][c];
    } else {
      const std::int64_t first = x * samples_;
      bool is_key = has_key_;
      for (int c = 0; c < 3; ++c) {
        const int value = sample(first + (is_grey ? 0 : c));
        is_key = is_key && value == key_[is_grey ? 0 : static_cast<std::size_t>(c)];
        rgba[static_cast<std::size_t>(c)] = eight_bits(value);
      }
      if (has_alpha) rgba[3] = eight_bits(sample(first + samples_ - 1));
      if (is_key) rgba[3] = 0;
    }
    if (rgba[3] != 255) marks |= image_mark::kTransparent;
    for (std::size_t c = 0; c < 3; ++c)
      out[c] = rgba[3] == 255 ? static_cast<std::uint8_t>(rgba[c]) : on_white(rgba[c], rgba[3]);
  }
}

void PngImage::decode(const RgbView& out, std::uint8_t& marks) {
  inflate();
  std::uint8_t* rows = raw_.data();
  for (const Pass& pass : passes(is_interlaced_)) {
    const std::int64_t width = pass_length(width_px_, pass.x, pass.step_x);
    const std::int64_t height = pass_length(height_px_, pass.y, pass.step_y);
    if (width == 0 || height == 0) continue;
    const std::size_t bytes = row_bytes(width);
    undo_filters(rows, height, bytes);
    for (std::int64_t y = 0; y < height; ++y, rows += 1 + bytes)
      write_row(rows + 1, width, out.row(pass.y + y * pass.step_y) + 3 * pass.x, 3 * pass.step_x, marks);
  }
}

void PngImage::trim(std::size_t kept_bytes) noexcept {
  if (raw_.capacity() > kept_bytes) LargeBytes().swap(raw_);
  if (joined_.capacity() > kept_bytes) std::vector<std::uint8_t>().swap(joined_);
}

}  // namespace microtome::decode

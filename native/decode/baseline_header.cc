#include "decode/baseline_header.h"

#include <algorithm>
#include <array>

#include "decode/jpeg_markers.h"

namespace microtome::decode {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::array<std::uint8_t, 5> kAdobe{'A', 'd', 'o', 'b', 'e'};

}  // namespace

bool BaselineHeader::read_quant(Bytes body) {
  static constexpr auto kPlaces = zigzag_places();
  while (!body.empty()) {
    const unsigned number = body[0];  // its upper half is the precision: 16-bit tables are not of this kind
    if (number >= kTables || body.size() < 65) return false;
    for (std::size_t i = 0; i < 64; ++i) quant_[number][kPlaces[i]] = body[1 + i];
    has_quant_ |= 1U << number;
    body = body.subspan(65);
  }
  return true;
}

bool BaselineHeader::read_huffman(Bytes body) {
  while (!body.empty()) {
    if (body.size() < 17) return false;
    const unsigned kind = body[0] >> 4, number = body[0] & 15U;
    std::size_t symbols = 0;
    for (const std::uint8_t count : body.subspan(1, 16)) symbols += count;
    if (kind > 1 || number >= kTables || symbols > 256 || body.size() < 17 + symbols) return false;
    HuffmanSlot& slot = (kind == 0 ? dc_ : ac_)[number];
    slot.definition = body.subspan(1, 16 + symbols);
    body = body.subspan(17 + symbols);
  }
  return true;
}

const HuffmanTable* BaselineHeader::built(HuffmanSlot& slot, CoefficientKind kind) {
  if (slot.definition.empty()) return nullptr;
  if (!slot.built) slot.built = slot.table.build(kind, slot.definition.first<16>(), slot.definition.subspan(16));
  return slot.built ? &slot.table : nullptr;
}

bool BaselineHeader::read_frame(Bytes body) {
  if (has_frame_ || body.size() < 6 || body[0] != 8 || (body[5] != 1 && body[5] != 3)) return false;
  component_count = body[5];
  if (body.size() != 6 + 3 * component_count) return false;
  has_frame_ = true;
  height_px = body[1] << 8 | body[2];
  width_px = body[3] << 8 | body[4];
  for (std::size_t i = 0; i < component_count; ++i)
    components[i] = {.id = body[6 + 3 * i], .quant_number = body[8 + 3 * i]};
  constexpr std::uint8_t kOne = 0x11, kWide = 0x21, kBoth = 0x22;
  const std::uint8_t first = body[7];
  if (component_count == 1) {
    if (first != kOne) return false;
  } else {
    const auto [a, b, c] = std::array{components[0].id, components[1].id, components[2].id};
    if (a == b || a == c || b == c) return false;
    if (body[10] != kOne || body[13] != kOne || (first != kOne && first != kWide && first != kBoth)) return false;
  }
  chroma = first == kOne ? Chroma::Full : first == kWide ? Chroma::HalfWidth : Chroma::HalfBoth;
  constexpr std::int64_t kLibjpegMostPx = 65500;
  return width_px > 0 && height_px > 0 && width_px <= kLibjpegMostPx && height_px <= kLibjpegMostPx &&
         width_px % mcu_width_px() == 0 && height_px % mcu_height_px() == 0;
}

bool BaselineHeader::read_scan(Bytes body) {
  // Whether three components are YCbCr or RGB must have been said.
  if (!has_frame_ || has_color_ != (component_count == 3)) return false;
  const std::size_t selectors = 2 * component_count;
  if (body.size() != 1 + selectors + 3 || body[0] != component_count) return false;
  const Bytes rest = body.subspan(1 + selectors);
  if (rest[0] != 0 || rest[1] != 63 || rest[2] != 0) return false;  // all coefficients, in full
  for (std::size_t i = 0; i < component_count; ++i) {
    Component& component = components[i];
    const unsigned dc = body[2 + 2 * i] >> 4, ac = body[2 + 2 * i] & 15U;
    if (body[1 + 2 * i] != component.id || dc >= kTables || ac >= kTables) return false;
    if (component.quant_number >= kTables || (has_quant_ >> component.quant_number & 1U) == 0) return false;
    component.quant = &quant_[component.quant_number];
    component.dc = built(dc_[dc], CoefficientKind::Dc);
    component.ac = built(ac_[ac], CoefficientKind::Ac);
    if (component.dc == nullptr || component.ac == nullptr) return false;
  }
  // Chroma that is stored smaller is not a thing of RGB.
  return ycbcr || chroma == Chroma::Full;
}

bool BaselineHeader::read(Bytes stream) {
  has_quant_ = 0;
  for (auto* slots : {&dc_, &ac_})
    for (HuffmanSlot& slot : *slots) {
      slot.definition = {};
      slot.built = false;
    }
  has_color_ = has_frame_ = ycbcr = false;
  if (stream.size() < 2 || stream[0] != 0xFF || stream[1] != jpeg_marker::kSoi) return false;
  for (std::size_t at = 2;;) {
    if (stream.size() - at < 4 || stream[at] != 0xFF) return false;
    const std::uint8_t marker = stream[at + 1];
    const std::size_t bytes = static_cast<std::size_t>(stream[at + 2]) << 8 | stream[at + 3];
    if (bytes < 2 || bytes > stream.size() - at - 2) return false;
    const Bytes body = stream.subspan(at + 4, bytes - 2);
    at += 2 + bytes;
    switch (marker) {
      case jpeg_marker::kApp14:  // the one that splice_jpeg wrote: it takes out all others
        if (has_color_ || body.size() != 12 || !std::equal(kAdobe.begin(), kAdobe.end(), body.begin())) return false;
        if (body[11] > 1) return false;
        ycbcr = body[11] == 1;
        has_color_ = true;
        break;
      case jpeg_marker::kDqt:
        if (!read_quant(body)) return false;
        break;
      case jpeg_marker::kDht:
        if (!read_huffman(body)) return false;
        break;
      case jpeg_marker::kSof0:
      case jpeg_marker::kSof1:
        if (!read_frame(body)) return false;
        extended = marker == jpeg_marker::kSof1;
        break;
      case jpeg_marker::kSos:
        scan_begin = at;
        return read_scan(body);
      default:
        return false;
    }
  }
}

}  // namespace microtome::decode

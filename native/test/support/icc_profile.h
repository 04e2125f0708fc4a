// Small ICC profiles of RGB devices for tests: three primaries and one gamma, as a scanner's simplest profile has.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace microtome::test {

// Columns of red, green and blue in XYZ under D50, as profiles have them. Those of sRGB are (ICC's sRGB v2):
inline constexpr std::array<std::array<double, 3>, 3> kSrgbPrimaries = {
    {{0.43607, 0.22249, 0.01392}, {0.38515, 0.71687, 0.09708}, {0.14307, 0.06061, 0.71410}}};

class IccWriter {
 public:
  explicit IccWriter(std::string_view space = "RGB ", std::string_view device = "scnr") {
    word(0);  // the size, known at the end
    word(0);
    word(0x02400000);
    text(device);
    text(space);
    text("XYZ ");
    bytes_.resize(36);
    text("acsp");
    bytes_.resize(68);
    fixed(0.9642);
    fixed(1.0);
    fixed(0.8249);
    bytes_.resize(128);
  }

  IccWriter& tag(std::string_view name, const std::vector<std::uint8_t>& value) {
    tags_.emplace_back(name, value);
    return *this;
  }

  [[nodiscard]] std::vector<std::uint8_t> bytes() const {
    IccWriter out = *this;
    out.word(static_cast<std::uint32_t>(tags_.size()));
    std::uint32_t offset = 132 + 12 * static_cast<std::uint32_t>(tags_.size());
    for (const auto& [name, value] : tags_) {
      out.text(name);
      out.word(offset);
      out.word(static_cast<std::uint32_t>(value.size()));
      offset += static_cast<std::uint32_t>(value.size());
    }
    for (const auto& [name, value] : tags_) out.bytes_.insert(out.bytes_.end(), value.begin(), value.end());
    for (std::size_t i = 0; i < 4; ++i) out.bytes_[i] = static_cast<std::uint8_t>(offset >> (24 - 8 * i));
    return out.bytes_;
  }

  IccWriter& word(std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes_.push_back(static_cast<std::uint8_t>(value >> shift));
    return *this;
  }
  IccWriter& text(std::string_view letters) {
    bytes_.insert(bytes_.end(), letters.begin(), letters.end());
    return *this;
  }
  IccWriter& fixed(double value) {
    return word(static_cast<std::uint32_t>(static_cast<std::int32_t>(std::lround(value * 65536))));
  }
  [[nodiscard]] static std::vector<std::uint8_t> value_of(IccWriter writer) {
    return {writer.bytes_.begin() + 128, writer.bytes_.end()};
  }

 private:
  std::vector<std::uint8_t> bytes_;
  std::vector<std::pair<std::string, std::vector<std::uint8_t>>> tags_;
};

inline std::vector<std::uint8_t> xyz_tag(const std::array<double, 3>& xyz) {
  IccWriter out;
  out.text("XYZ ").word(0).fixed(xyz[0]).fixed(xyz[1]).fixed(xyz[2]);
  return IccWriter::value_of(out);
}

inline std::vector<std::uint8_t> gamma_tag(double gamma) {
  IccWriter out;
  out.text("curv").word(0).word(1).word(static_cast<std::uint32_t>(std::lround(gamma * 256)) << 16);  // padded to four
  return IccWriter::value_of(out);
}

inline std::vector<std::uint8_t> rgb_profile(const std::array<std::array<double, 3>, 3>& primaries, double gamma) {
  IccWriter out;
  out.tag("wtpt", xyz_tag({0.9642, 1.0, 0.8249}));
  const std::array<std::string, 3> letters = {"r", "g", "b"};
  for (std::size_t c = 0; c < 3; ++c)
    out.tag(letters[c] + "XYZ", xyz_tag(primaries[c])).tag(letters[c] + "TRC", gamma_tag(gamma));
  return out.bytes();
}

}  // namespace microtome::test

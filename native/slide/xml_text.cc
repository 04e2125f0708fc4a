#include "slide/xml_text.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

namespace microtome::slide {
namespace {

// The longest that is looked at between '&' and ';'. Zeros may lead a number.
constexpr std::size_t kLongestReference = 32;

constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kNamed{{{"amp", "&"},
                                                                               {"lt", "<"},
                                                                               {"gt", ">"},
                                                                               {"quot", "\""},
                                                                               {"apos", "'"},
                                                                               {"micro", "\xC2\xB5"},
                                                                               {"mu", "\xCE\xBC"},
                                                                               {"Aring", "\xC3\x85"},
                                                                               {"angst", "\xC3\x85"}}};

std::string utf8(std::uint32_t character) {
  const auto byte = [](std::uint32_t bits) { return static_cast<char>(bits); };
  const auto later = [&](int shift) { return byte(0x80 | (character >> shift & 0x3F)); };
  if (character < 0x80) return {byte(character)};
  if (character < 0x800) return {byte(0xC0 | character >> 6), later(0)};
  if (character < 0x10000) return {byte(0xE0 | character >> 12), later(6), later(0)};
  return {byte(0xF0 | character >> 18), later(12), later(6), later(0)};
}

// What stands between '&' and ';'.
std::optional<std::string> referenced(std::string_view name) {
  for (const auto& [known, text] : kNamed)
    if (name == known) return std::string(text);
  if (name.size() < 2 || name[0] != '#') return std::nullopt;
  const bool hexadecimal = name[1] == 'x' || name[1] == 'X';
  const std::string_view digits = name.substr(hexadecimal ? 2 : 1);
  std::uint32_t character = 0;
  const char* end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data(), end, character, hexadecimal ? 16 : 10);
  const bool surrogate = character >= 0xD800 && character <= 0xDFFF;
  if (result.ec != std::errc() || result.ptr != end || character == 0 || character > 0x10FFFF || surrogate)
    return std::nullopt;
  return utf8(character);
}

}  // namespace

std::string xml_text(std::string_view raw) {
  std::string text;
  for (std::size_t at = 0; at < raw.size();) {
    if (raw[at] == '&') {
      const std::string_view ahead = raw.substr(at + 1, kLongestReference + 1);
      const auto end = ahead.find(';');
      const auto found = end == std::string_view::npos ? std::nullopt : referenced(ahead.substr(0, end));
      if (found) {
        text += *found;
        at += end + 2;
        continue;
      }
    }
    text += raw[at++];
  }
  return text;
}

}  // namespace microtome::slide

#include "slide/numeric_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <system_error>

namespace microtome::slide {
namespace {

// No writer makes a number longer than this.
constexpr std::size_t kLongestWithComma = 64;

std::optional<double> parse_with_point(std::string_view text) noexcept {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end || !std::isfinite(value) || value <= 0) return std::nullopt;
  return value;
}

}  // namespace

std::string_view trim(std::string_view text) noexcept {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::optional<double> parse_positive(std::string_view text) noexcept {
  text = trim(text);
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  const auto comma = text.find(',');
  if (comma == std::string_view::npos) return parse_with_point(text);
  // A second mark would make one of the two a mark of thousands, and nobody knows which.
  if (text.find_first_of(".,", comma + 1) != std::string_view::npos || text.find('.') != std::string_view::npos ||
      text.size() > kLongestWithComma)
    return std::nullopt;
  std::array<char, kLongestWithComma> copy{};
  std::copy(text.begin(), text.end(), copy.begin());
  copy[comma] = '.';
  return parse_with_point({copy.data(), text.size()});
}

}  // namespace microtome::slide

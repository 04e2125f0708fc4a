// How options_generated.h reads one option: from which member, within which bounds, and how an error names it.
// JavaScript has checked the same bounds; this is what a wrong call of the addon meets.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "addon/fields.h"
#include "core/error.h"

namespace microtome::addon {

struct OptionName {
  const char* key;   // member of the addon's options
  const char* path;  // in the API
};

// `min` and `max` belong to the range, `above` and `below` do not.
template <typename Number>
struct Bounds {
  Number min = std::numeric_limits<Number>::lowest();
  Number above = std::numeric_limits<Number>::lowest();
  Number max = std::numeric_limits<Number>::max();
  Number below = std::numeric_limits<Number>::max();

  [[nodiscard]] bool hold(Number value) const {
    const bool is_above = above == std::numeric_limits<Number>::lowest() || value > above;
    const bool is_below = below == std::numeric_limits<Number>::max() || value < below;
    return value >= min && value <= max && is_above && is_below;
  }
};

[[noreturn]] inline void refuse_option(const OptionName& name, std::string_view expected) {
  throw Error(Code::INVALID_OPTION, Stage::Options, "expected " + std::string(expected) + " for [[" + name.path + "]]");
}

[[nodiscard]] inline std::int64_t read_integer(const Fields& fields, const OptionName& name,
                                               const Bounds<std::int64_t>& bounds, std::string_view expected) {
  const std::int64_t value = fields.integer(name.key);
  if (!bounds.hold(value)) refuse_option(name, expected);
  return value;
}

[[nodiscard]] inline double read_number(const Fields& fields, const OptionName& name, const Bounds<double>& bounds,
                                        std::string_view expected) {
  const double value = fields.number(name.key);
  if (!bounds.hold(value)) refuse_option(name, expected);
  return value;
}

// 0 stands for "not given".
[[nodiscard]] inline std::int64_t read_integer_or_zero(const Fields& fields, const OptionName& name,
                                                       const Bounds<std::int64_t>& bounds, std::string_view expected) {
  return fields.integer(name.key) == 0 ? 0 : read_integer(fields, name, bounds, expected);
}

[[nodiscard]] inline double read_number_or_zero(const Fields& fields, const OptionName& name,
                                                const Bounds<double>& bounds, std::string_view expected) {
  return fields.number(name.key) == 0 ? 0 : read_number(fields, name, bounds, expected);
}

[[nodiscard]] inline std::optional<std::int64_t> read_optional_integer(const Fields& fields, const OptionName& name,
                                                                       const Bounds<std::int64_t>& bounds,
                                                                       std::string_view expected) {
  if (fields.is_null(name.key)) return std::nullopt;
  return read_integer(fields, name, bounds, expected);
}

[[nodiscard]] inline std::optional<double> read_optional_number(const Fields& fields, const OptionName& name,
                                                                const Bounds<double>& bounds,
                                                                std::string_view expected) {
  if (fields.is_null(name.key)) return std::nullopt;
  return read_number(fields, name, bounds, expected);
}

[[nodiscard]] inline std::array<double, 3> read_per_channel(const Fields& fields, const OptionName& name,
                                                            const Bounds<double>& bounds) {
  const auto list = fields.array(name.key);
  if (list.Length() != 3) refuse_option(name, "an array of three numbers");
  std::array<double, 3> values{};
  for (std::uint32_t i = 0; i < 3; ++i) {
    const auto item = list.Get(i);
    if (!item.IsNumber()) refuse_option(name, "an array of three numbers");
    values[i] = item.As<Napi::Number>().DoubleValue();
    if (!bounds.hold(values[i])) refuse_option(name, "three numbers within their bounds");
  }
  return values;
}

template <typename Enum>
[[nodiscard]] Enum read_choice(const Fields& fields, const OptionName& name,
                               std::initializer_list<std::pair<std::string_view, Enum>> choices) {
  const std::string found = fields.string(name.key);
  for (const auto& [text, value] : choices)
    if (text == found) return value;
  refuse_option(name, "one of the named choices");
}

}  // namespace microtome::addon

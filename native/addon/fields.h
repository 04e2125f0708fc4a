// Typed reading of an options object. lib/options has checked the meaning and filled every default; here only types are
// checked, so that a wrong call from JavaScript is INVALID_OPTION and never undefined behaviour.
#pragma once

#include <cmath>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "addon/napi_setup.h"
#include "core/error.h"

namespace microtome::addon {

class Fields {
 public:
  explicit Fields(const Napi::Value& value) {
    if (!value.IsObject()) fail("an options object", "another value");
    object_ = value.As<Napi::Object>();
  }

  [[nodiscard]] Napi::Value value(const char* name) const { return object_.Get(name); }
  [[nodiscard]] Fields child(const char* name) const { return Fields(object_.Get(name)); }
  [[nodiscard]] bool is_null(const char* name) const {
    const auto found = object_.Get(name);
    return found.IsNull() || found.IsUndefined();
  }

  [[nodiscard]] double number(const char* name) const {
    const auto found = object_.Get(name);
    if (!found.IsNumber() || !std::isfinite(found.As<Napi::Number>().DoubleValue())) fail("a finite number", name);
    return found.As<Napi::Number>().DoubleValue();
  }
  // An integer that a double holds exactly.
  [[nodiscard]] std::int64_t integer(const char* name) const {
    const double found = number(name);
    if (found != std::floor(found) || std::fabs(found) > 9007199254740991.0) fail("an integer", name);
    return static_cast<std::int64_t>(found);
  }
  [[nodiscard]] std::uint64_t size(const char* name) const {
    const auto found = integer(name);
    if (found < 0) fail("an integer that is not negative", name);
    return static_cast<std::uint64_t>(found);
  }
  [[nodiscard]] std::optional<double> optional_number(const char* name) const {
    return is_null(name) ? std::nullopt : std::optional<double>(number(name));
  }
  [[nodiscard]] std::string string(const char* name) const {
    const auto found = object_.Get(name);
    if (!found.IsString()) fail("a string", name);
    return found.As<Napi::String>().Utf8Value();
  }
  [[nodiscard]] bool boolean(const char* name) const {
    const auto found = object_.Get(name);
    if (!found.IsBoolean()) fail("a boolean", name);
    return found.As<Napi::Boolean>().Value();
  }
  [[nodiscard]] Napi::Array array(const char* name) const {
    const auto found = object_.Get(name);
    if (!found.IsArray()) fail("an array", name);
    return found.As<Napi::Array>();
  }
  template <typename Enum>
  [[nodiscard]] Enum choice(const char* name, std::initializer_list<std::pair<std::string_view, Enum>> choices) const {
    const std::string found = string(name);
    for (const auto& [text, value] : choices)
      if (text == found) return value;
    fail("one of the named choices", name);
  }

 private:
  [[noreturn]] static void fail(const std::string& expected, const std::string& name) {
    throw Error(Code::INVALID_OPTION, Stage::Options, "expected " + expected + " for " + name);
  }

  Napi::Object object_;
};

}  // namespace microtome::addon

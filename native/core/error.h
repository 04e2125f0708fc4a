// The one error type of the native code. Thrown inside job threads, caught once at the thread's root, and turned
// into a MicrotomeError at the border (addon/error_bridge). Never crosses a C boundary.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace microtome {

enum class Code : std::uint8_t {
#define MICROTOME_CODE(name, advice) name,
#include "core/error_codes.def"
#undef MICROTOME_CODE
};

// Pipeline stages in order; the names are the same in metrics, TypeScript and docs.
enum class Stage : std::uint8_t { Options, Slide, Tissue, Tiles, Decode, Preprocess, Infer, Aggregate, Csv };

[[nodiscard]] std::string_view code_name(Code code) noexcept;
[[nodiscard]] std::string_view code_advice(Code code) noexcept;
[[nodiscard]] std::string_view stage_name(Stage stage) noexcept;

// A stored tile: level index, column and row in units of tiles.
struct TileAddress {
  int level = 0;
  std::int64_t column = 0;
  std::int64_t row = 0;
};

class Error : public std::exception {
 public:
  // `found` says what was found and what was expected. `advice` says what the user can do about it; the first form
  // takes the advice of the code.
  Error(Code code, Stage stage, std::string_view found) : Error(code, stage, found, code_advice(code)) {}
  Error(Code code, Stage stage, std::string_view found, std::string_view advice);

  Error& with_path(std::string_view path) &;
  Error&& with_path(std::string_view path) &&;
  Error&& with_tile(TileAddress tile) &&;

  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }
  [[nodiscard]] Code code() const noexcept { return code_; }
  [[nodiscard]] Stage stage() const noexcept { return stage_; }
  // The found text, "; ", the advice.
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  [[nodiscard]] const std::string& found() const noexcept { return found_; }
  [[nodiscard]] const std::string& advice() const noexcept { return advice_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] const std::optional<TileAddress>& tile() const noexcept { return tile_; }

 private:
  Code code_;
  Stage stage_;
  std::string found_;
  std::string advice_;
  std::string message_;
  std::string path_;
  std::optional<TileAddress> tile_;
};

}  // namespace microtome

#include "core/error.h"

namespace microtome {

std::string_view code_name(Code code) noexcept {
  switch (code) {
#define MICROTOME_CODE(name, advice) \
  case Code::name:                   \
    return #name;
#include "core/error_codes.def"
#undef MICROTOME_CODE
  }
  return "INTERNAL";
}

std::string_view code_advice(Code code) noexcept {
  switch (code) {
#define MICROTOME_CODE(name, advice) \
  case Code::name:                   \
    return advice;
#include "core/error_codes.def"
#undef MICROTOME_CODE
  }
  return "";
}

std::string_view stage_name(Stage stage) noexcept {
  switch (stage) {
    case Stage::Options:
      return "options";
    case Stage::Slide:
      return "slide";
    case Stage::Tissue:
      return "tissue";
    case Stage::Tiles:
      return "tiles";
    case Stage::Decode:
      return "decode";
    case Stage::Preprocess:
      return "preprocess";
    case Stage::Infer:
      return "infer";
    case Stage::Aggregate:
      return "aggregate";
    case Stage::Csv:
      return "csv";
  }
  return "options";
}

Error::Error(Code code, Stage stage, std::string_view found, std::string_view advice)
    : code_(code), stage_(stage), found_(found), advice_(advice), message_(found_ + "; " + advice_) {}

Error& Error::with_path(std::string_view path) & {
  path_ = path;
  return *this;
}

Error&& Error::with_path(std::string_view path) && {
  path_ = path;
  return std::move(*this);
}

Error&& Error::with_tile(TileAddress tile) && {
  tile_ = tile;
  return std::move(*this);
}

}  // namespace microtome

#include "decode/turbojpeg_library.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string_view>

namespace microtome::decode {
namespace {

// The API has no call for its version, but the library's text does name it.
std::string version_in_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  constexpr std::string_view kMark = "libjpeg-turbo version ";
  const std::size_t at = bytes.find(kMark);
  if (at == std::string::npos) return "3";
  const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at + kMark.size());
  const auto end = std::find_if(begin, bytes.end(), [](char c) { return c != '.' && (c < '0' || c > '9'); });
  return {begin, end};
}

}  // namespace

TurboJpeg TurboJpeg::open(const std::string& path) {
  const SharedLibrary library = SharedLibrary::open_private(path, Stage::Decode);
  TurboJpeg api;
  const bool complete = library.bind("tj3Init", api.init) && library.bind("tj3Destroy", api.destroy) &&
                        library.bind("tj3Set", api.set) && library.bind("tj3SetScalingFactor", api.set_scaling) &&
                        library.bind("tj3Decompress8", api.decompress8) &&
                        library.bind("tj3GetErrorStr", api.error_text);
  if (!complete)
    throw Error(Code::RUNTIME_MISSING, Stage::Decode,
                "the library " + path + " lacks the TurboJPEG 3 functions; expected libjpeg-turbo 3.0 or newer")
        .with_path(path);
  api.path = library.path();
  api.version = version_in_file(path);
  api.is_private = library.is_private();
  return api;
}

}  // namespace microtome::decode

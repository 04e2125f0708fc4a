#include "openslide/vendor_marks.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <vector>

namespace microtome::openslide {
namespace {

struct Mark {
  const char* kind;
  std::string_view extension;  // of the name, in small letters; empty: any
  std::string_view bytes;      // of the file; empty: any
  std::size_t at;
};

// MIRAX is known by its name alone: the file itself is a JPEG, or empty.
constexpr std::array kMarks{
    Mark{"a DICOM file", "", "DICM", 128},
    Mark{"a MIRAX slide", ".mrxs", "", 0},
    Mark{"a Zeiss CZI slide", "", "ZISRAWFILE", 0},
    Mark{"a Hamamatsu VMS slide", "", "[Virtual Microscope Specimen]", 0},
    Mark{"a Hamamatsu VMU slide", "", "[Uncompressed Virtual Microscope Specimen]", 0},
    Mark{"a Hamamatsu VMS slide", ".vms", "", 0},
    Mark{"a Hamamatsu VMU slide", ".vmu", "", 0},
    Mark{"a Sakura slide", ".svslide", "SQLite format 3", 0},
    Mark{"a Zeiss CZI slide", ".czi", "", 0},
    Mark{"a Sakura slide", ".svslide", "", 0},
    Mark{"a DICOM file", ".dcm", "", 0},
};

constexpr std::size_t kHeadBytes = 192;

std::string extension_of(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) return {};
  std::string extension = name.substr(dot);
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

}  // namespace

std::optional<VendorMark> vendor_mark(const slide::ByteSource& source) {
  std::vector<std::uint8_t> head(static_cast<std::size_t>(std::min<std::uint64_t>(kHeadBytes, source.size())));
  if (!head.empty()) source.read(0, head);
  const std::string_view bytes(reinterpret_cast<const char*>(head.data()), head.size());
  const std::string extension = extension_of(source.name());
  for (const Mark& mark : kMarks) {
    if (!mark.extension.empty() && mark.extension != extension) continue;
    if (bytes.size() < mark.at || bytes.substr(mark.at, mark.bytes.size()) != mark.bytes) continue;
    if (mark.bytes.empty()) return VendorMark{mark.kind, "its name ends in " + std::string(mark.extension)};
    return VendorMark{mark.kind, "it has \"" + std::string(mark.bytes) + "\" at byte " + std::to_string(mark.at)};
  }
  return std::nullopt;
}

}  // namespace microtome::openslide

#include "slide/tiff_reader.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "slide/endian.h"

namespace microtome::slide {
namespace {

constexpr std::uint16_t kClassicVersion = 42;
constexpr std::uint16_t kBigTiffVersion = 43;

// The first four bytes in hexadecimal, for messages.
std::string hex(const std::uint8_t* bytes) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text;
  for (int i = 0; i < 4; ++i) {
    if (i > 0) text += ' ';
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

// Hamamatsu's tag in the directory that the 8 bytes behind the version point to. In any other classic TIFF these are a
// pointer of 4 bytes and whatever follows the header.
bool is_ndpi(TiffFile file, std::uint64_t first_directory) {
  if (first_directory < 8 || first_directory >= file.source->size()) return false;
  try {
    file.ndpi = true;
    return TiffDirectory::read(file, first_directory).find(Tag::NdpiFormat) != nullptr;
  } catch (const Error&) {
    return false;
  }
}

class Walk {
 public:
  Walk(const TiffFile& file, const Limits& limits) : file_(file), limits_(limits) {}

  DirectoryWalk run() {
    visited_.insert(file_.first_directory);
    result_.directories.push_back({TiffDirectory::read(file_, file_.first_directory), "page-0", false, 0, 0});
    const std::uint64_t next_page = result_.directories[0].directory.next();
    sub_directories(0);
    chain(next_page, {"page-", false, 0}, 1);
    // After the chain: a page that is listed as a SubIFD as well stays a page.
    const std::size_t known = result_.directories.size();
    for (std::size_t i = 1; i < known; ++i) {
      if (!result_.directories[i].sub) sub_directories(i);
    }
    return std::move(result_);
  }

 private:
  void warn(std::string text) { result_.warnings.push_back(std::move(text)); }

  [[nodiscard]] Error too_many() const {
    return {
        Code::LIMIT_EXCEEDED, Stage::Slide,
        "the file has more directories than [[limits.directories]], which is " + std::to_string(limits_.directories)};
  }

  // What the directories of one chain have in common.
  struct Kind {
    std::string prefix;
    bool sub = false;
    std::size_t parent = 0;
  };

  void sub_directories(std::size_t page) {
    const std::string owner = page == 0 ? "" : result_.directories[page].name + "-";
    std::vector<std::uint64_t> offsets;
    try {
      // One more than is allowed tells that there are too many; the greatest limit has no such one.
      offsets = result_.directories[page].directory.numbers(Tag::SubIfds,
                                                            std::max(limits_.directories, limits_.directories + 1));
    } catch (const Error& error) {
      if (error.code() == Code::TRUNCATED) throw;
      warn("the SubIFDs" + (page == 0 ? "" : " of " + result_.directories[page].name) +
           " are left out: " + error.found());
      return;
    }
    // Also where some of them would count once or not at all.
    if (offsets.size() > limits_.directories) throw too_many();
    const Kind kind{owner + "subifd-", true, page};
    std::size_t number = 0;
    for (const std::uint64_t offset : offsets) {
      // Some writers list their SubIFDs and chain them as well: those are read already, and no loop.
      if (offset != file_.first_directory && visited_.count(offset) != 0) continue;
      number = chain(offset, kind, number);
    }
  }

  // Follows next pointers from `offset`; returns the number that the next directory of this kind gets.
  std::size_t chain(std::uint64_t offset, const Kind& kind, std::size_t number) {
    while (offset != 0) {
      const std::string name = kind.prefix + std::to_string(number);
      if (visited_.count(offset) != 0) {
        warn(name + " is left out: its pointer leads back to an earlier directory");
        break;
      }
      // Not cut off there: the level that a mask is made from may come later, and the score with it.
      if (result_.directories.size() >= limits_.directories) throw too_many();
      visited_.insert(offset);
      try {
        result_.directories.push_back({TiffDirectory::read(file_, offset), name, kind.sub, number, kind.parent});
      } catch (const Error& error) {
        // A chain that leads out of the file: what follows is lost, and with it perhaps the level that a mask is made
        // from. Such a slide would get another score than the whole one, so it gets none.
        if (error.code() == Code::TRUNCATED) throw;
        warn(name + " and what follows it are left out: " + error.found());
        break;
      }
      if (kind.sub && result_.directories.back().directory.find(Tag::SubIfds) != nullptr)
        warn("the SubIFDs of " + name + " are left out: it is a SubIFD itself");
      ++number;
      offset = result_.directories.back().directory.next();
    }
    return number;
  }

  const TiffFile& file_;
  const Limits& limits_;
  std::set<std::uint64_t> visited_;
  DirectoryWalk result_;
};

}  // namespace

TiffFile read_header(const ByteSource& source) {
  if (source.size() < 8)
    throw Error(Code::NOT_A_SLIDE, Stage::Slide,
                "found " + std::to_string(source.size()) + " bytes, expected a TIFF (at least 8)");
  std::array<std::uint8_t, 16> bytes{};
  const std::uint64_t header_bytes = std::min<std::uint64_t>(source.size(), 12);
  source.read(0, std::span(bytes).first(static_cast<std::size_t>(header_bytes)));
  TiffFile file;
  file.source = &source;
  file.big_endian = bytes[0] == 'M';
  const std::uint16_t version = load_u16(&bytes[2], file.big_endian);
  const bool order_known = bytes[0] == bytes[1] && (bytes[0] == 'I' || bytes[0] == 'M');
  if (!order_known || (version != kClassicVersion && version != kBigTiffVersion))
    throw Error(Code::NOT_A_SLIDE, Stage::Slide,
                "the file begins with " + hex(bytes.data()) + ", expected a TIFF header");
  file.big_tiff = version == kBigTiffVersion;
  if (file.big_tiff) {
    if (source.size() < 16) throw Error(Code::TRUNCATED, Stage::Slide, "the file ends inside its BigTIFF header");
    source.read(0, bytes);
    if (load_u16(&bytes[4], file.big_endian) != 8 || load_u16(&bytes[6], file.big_endian) != 0)
      throw Error(Code::NOT_A_SLIDE, Stage::Slide, "the BigTIFF header does not announce 8-byte offsets");
    file.first_directory = load_u64(&bytes[8], file.big_endian);
  } else {
    file.first_directory = load_u32(&bytes[4], file.big_endian);
    const std::uint64_t wide = load_u64(&bytes[4], file.big_endian);
    if (!file.big_endian && header_bytes == 12 && is_ndpi(file, wide)) {
      file.ndpi = true;
      file.first_directory = wide;
    }
  }
  if (file.first_directory == 0)
    throw Error(Code::NOT_A_SLIDE, Stage::Slide, "the TIFF has no directory, expected at least one image");
  return file;
}

DirectoryWalk walk_directories(const TiffFile& file, const Limits& limits) { return Walk(file, limits).run(); }

}  // namespace microtome::slide

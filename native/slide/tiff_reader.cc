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

class Walk {
 public:
  Walk(const TiffFile& file, const Limits& limits) : file_(file), limits_(limits) {}

  DirectoryWalk run() {
    visited_.insert(file_.first_directory);
    result_.directories.push_back({TiffDirectory::read(file_, file_.first_directory), false, 0});
    const std::uint64_t next_page = result_.directories[0].directory.next();
    sub_directories();
    chain(next_page, false, 1);
    return std::move(result_);
  }

 private:
  void warn(std::string text) { result_.warnings.push_back(std::move(text)); }

  [[nodiscard]] Error too_many() const {
    return {
        Code::LIMIT_EXCEEDED, Stage::Slide,
        "the file has more directories than [[limits.directories]], which is " + std::to_string(limits_.directories)};
  }

  void sub_directories() {
    std::vector<std::uint64_t> offsets;
    try {
      // One more than is allowed tells that there are too many; the greatest limit has no such one.
      offsets = result_.directories[0].directory.numbers(Tag::SubIfds,
                                                         std::max(limits_.directories, limits_.directories + 1));
    } catch (const Error& error) {
      if (error.code() == Code::TRUNCATED) throw;
      warn("the SubIFDs are left out: " + error.found());
      return;
    }
    // Also where some of them would count once or not at all.
    if (offsets.size() > limits_.directories) throw too_many();
    std::size_t number = 0;
    for (const std::uint64_t offset : offsets) {
      // Some writers list their SubIFDs and chain them as well: those are read already, and no loop.
      if (offset != file_.first_directory && visited_.count(offset) != 0) continue;
      number = chain(offset, true, number);
    }
  }

  // Follows next pointers from `offset`; returns the number that the next directory of this kind gets.
  std::size_t chain(std::uint64_t offset, bool sub, std::size_t number) {
    const std::string kind = sub ? "subifd-" : "page-";
    while (offset != 0) {
      if (visited_.count(offset) != 0) {
        warn(kind + std::to_string(number) + " is left out: its pointer leads back to an earlier directory");
        break;
      }
      // Not cut off there: the level that a mask is made from may come later, and the score with it.
      if (result_.directories.size() >= limits_.directories) throw too_many();
      visited_.insert(offset);
      try {
        result_.directories.push_back({TiffDirectory::read(file_, offset), sub, number});
      } catch (const Error& error) {
        // A chain that leads out of the file: what follows is lost, and with it perhaps the level that a mask is made
        // from. Such a slide would get another score than the whole one, so it gets none.
        if (error.code() == Code::TRUNCATED) throw;
        warn(kind + std::to_string(number) + " and what follows it are left out: " + error.found());
        break;
      }
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
  source.read(0, std::span(bytes).first(8));
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
  }
  if (file.first_directory == 0)
    throw Error(Code::NOT_A_SLIDE, Stage::Slide, "the TIFF has no directory, expected at least one image");
  return file;
}

DirectoryWalk walk_directories(const TiffFile& file, const Limits& limits) { return Walk(file, limits).run(); }

}  // namespace microtome::slide

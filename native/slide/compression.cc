#include "slide/compression.h"

namespace microtome::slide {
namespace {

const char* refused_name(std::uint64_t code) noexcept {
  switch (code) {
    case 2:
      return "CCITT RLE";
    case 3:
      return "CCITT Group 3 fax";
    case 4:
      return "CCITT Group 4 fax";
    case 6:
      return "old-style JPEG";
    case 9:
    case 34661:
      return "JBIG";
    case 10:
      return "JBIG colour";
    case 22610:
    case 34934:
      return "JPEG XR";
    case 32766:
      return "NeXT RLE";
    case 32771:
      return "CCITT RLE word-aligned";
    case 32773:
      return "PackBits";
    case 32809:
      return "ThunderScan";
    case 32908:
      return "Pixar film";
    case 32909:
      return "Pixar log";
    case 33007:
      return "alternative JPEG";
    case 34676:
    case 34677:
      return "SGI log";
    case 34887:
      return "LERC";
    case 34892:
      return "lossy DNG JPEG";
    case 34925:
      return "LZMA";
    case 34926:
      return "pre-release ZSTD";
    case 34927:
      return "pre-release WebP";
    case 34933:
      return "PNG";
    case 50002:
    case 52546:
      return "JPEG XL";
    default:
      return nullptr;
  }
}

}  // namespace

std::optional<Compression> compression_of(std::uint64_t code) noexcept {
  switch (code) {
    case 1:
      return Compression::None;
    case 5:
      return Compression::Lzw;
    case 7:
      return Compression::Jpeg;
    case 8:
    case 32946:
      return Compression::Deflate;
    case 50000:
      return Compression::Zstd;
    case 50001:
      return Compression::WebP;
    case 33003:
      return Compression::Jpeg2000YCbCr;
    case 33005:
      return Compression::Jpeg2000Rgb;
    case 33004:
      return Compression::Jpeg2000Lossy;
    case 34712:
      return Compression::Jpeg2000;
    default:
      return std::nullopt;
  }
}

std::string describe_compression(std::uint64_t code) {
  const auto known = compression_of(code);
  const char* name = known ? compression_name(*known) : refused_name(code);
  const std::string number = " (" + std::to_string(code) + ")";
  return name == nullptr ? "an unknown compression" + number : std::string(name) + " compression" + number;
}

const char* compression_name(Compression compression) noexcept {
  switch (compression) {
    case Compression::None:
      return "none";
    case Compression::Jpeg:
      return "jpeg";
    case Compression::Lzw:
      return "lzw";
    case Compression::Deflate:
      return "deflate";
    case Compression::Zstd:
      return "zstd";
    case Compression::WebP:
      return "webp";
    case Compression::Jpeg2000YCbCr:
      return "jpeg2000-ycbcr";
    case Compression::Jpeg2000Lossy:
      return "jpeg2000-lossy";
    case Compression::Jpeg2000Rgb:
      return "jpeg2000-rgb";
    case Compression::Jpeg2000:
      return "jpeg2000";
    case Compression::Rendered:
      return "rendered";
  }
  return "unknown";
}

}  // namespace microtome::slide

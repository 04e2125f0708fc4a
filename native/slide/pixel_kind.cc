#include "slide/pixel_kind.h"

#include <string>

#include "core/error.h"

namespace microtome::slide {
namespace {

constexpr std::uint64_t kMaxSamples = 0xFFFF;

[[noreturn]] void refuse(const std::string& found) { throw Error(Code::UNSUPPORTED_PIXELS, Stage::Slide, found); }

const char* refused_photometric(std::uint64_t code) noexcept {
  switch (code) {
    case 4:
      return "a transparency mask";
    case 5:
      return "CMYK";
    case 8:
      return "CIE L*a*b*";
    case 9:
      return "ICC L*a*b*";
    case 10:
      return "ITU L*a*b*";
    case 32803:
      return "a colour filter array";
    case 32844:
      return "CIE Log2(L)";
    case 32845:
      return "CIE Log2(L)(u',v')";
    case 34892:
      return "linear raw";
    default:
      return "an unknown photometric interpretation";
  }
}

bool has_predictor(Compression compression) noexcept {
  return compression == Compression::Lzw || compression == Compression::Deflate || compression == Compression::Zstd;
}

// Codecs that store whole pixels of 8 bits and know nothing of TIFF's palettes and planes.
bool is_image_codec(Compression compression) noexcept {
  return compression != Compression::None && !has_predictor(compression);
}

bool is_colour(Photometric photometric) noexcept {
  return photometric == Photometric::Rgb || photometric == Photometric::YCbCr;
}

void read_bits(const TiffDirectory& directory, Storage& storage) {
  const std::uint64_t samples = directory.number(Tag::SamplesPerPixel).value_or(1);
  if (samples == 0 || samples > kMaxSamples) refuse("found " + std::to_string(samples) + " samples per pixel");
  storage.samples = static_cast<int>(samples);

  std::uint64_t bits = 1;  // what TIFF says when the tag is absent
  const auto all_bits = directory.numbers(Tag::BitsPerSample, samples);
  if (!all_bits.empty()) bits = all_bits[0];
  for (const std::uint64_t other : all_bits) {
    if (other != bits)
      refuse("found samples of mixed sizes (" + std::to_string(bits) + " and " + std::to_string(other) +
             " bits), expected 8 or 16 bits for all");
  }
  if (bits == 12 && storage.compression == Compression::Jpeg)
    throw Error(Code::UNSUPPORTED_COMPRESSION, Stage::Slide,
                "found JPEG of 12-bit samples (compression 7), expected JPEG of 8 bits");
  if (bits != 8 && bits != 16) refuse("found " + std::to_string(bits) + "-bit samples, expected 8 or 16 bits");
  storage.bits = static_cast<int>(bits);

  for (const std::uint64_t format : directory.numbers(Tag::SampleFormat, samples)) {
    if (format == 1) continue;
    const char* name = format == 2                  ? "signed integer"
                       : format == 3                ? "floating-point"
                       : format == 4                ? "undefined"
                       : format == 5 || format == 6 ? "complex"
                                                    : "unknown";
    refuse(std::string("found ") + name + " samples (sample format " + std::to_string(format) +
           "), expected unsigned integers");
  }
}

void read_photometric(const TiffDirectory& directory, Storage& storage) {
  const auto code = directory.number(Tag::Photometric);
  if (!code) refuse("found no photometric tag, expected grey, RGB, palette or YCbCr");
  switch (*code) {
    case 0:
      storage.photometric = Photometric::MinIsWhite;
      break;
    case 1:
      storage.photometric = Photometric::MinIsBlack;
      break;
    case 2:
      storage.photometric = Photometric::Rgb;
      break;
    case 3:
      storage.photometric = Photometric::Palette;
      break;
    case 6:
      storage.photometric = Photometric::YCbCr;
      break;
    default:
      refuse(std::string("found ") + refused_photometric(*code) + " (photometric " + std::to_string(*code) +
             "), expected grey, RGB, palette or YCbCr");
  }
}

// Which samples are colours, which one is alpha; the rest is ignored.
void read_extra_samples(const TiffDirectory& directory, Storage& storage) {
  const int colours = is_colour(storage.photometric) ? 3 : 1;
  const int extras = storage.samples - colours;
  const auto kinds = directory.numbers(Tag::ExtraSamples, kMaxSamples);
  // Without the tag one sample too many is let through and ignored: writers forget to declare an opaque alpha.
  const bool matches = kinds.empty() ? extras == 0 || extras == 1 : static_cast<int>(kinds.size()) == extras;
  if (!matches)
    refuse("found " + std::to_string(storage.samples) + " samples per pixel, " + std::to_string(kinds.size()) +
           " of them extra, for " + photometric_name(storage.photometric) + ", which has " + std::to_string(colours));
  for (std::size_t i = 0; i < kinds.size() && storage.alpha == Alpha::None; ++i) {
    if (kinds[i] != 1 && kinds[i] != 2) continue;
    storage.alpha = kinds[i] == 1 ? Alpha::Associated : Alpha::Unassociated;
    storage.alpha_sample = colours + static_cast<int>(i);
  }
}

void read_layout(const TiffDirectory& directory, Storage& storage) {
  const std::uint64_t planar = directory.number(Tag::PlanarConfig).value_or(1);
  if (planar != 1 && planar != 2) refuse("found planar configuration " + std::to_string(planar) + ", expected 1 or 2");
  storage.planar = planar == 2 && storage.samples > 1;

  const std::uint64_t fill_order = directory.number(Tag::FillOrder).value_or(1);
  if (fill_order != 1 && fill_order != 2)
    refuse("found fill order " + std::to_string(fill_order) + ", expected 1 or 2");
  storage.fill_order = static_cast<int>(fill_order);

  // Codecs of pictures know no predictor; writers leave the tag behind when they change the codec.
  if (is_image_codec(storage.compression)) return;
  const std::uint64_t predictor = directory.number(Tag::Predictor).value_or(1);
  if (predictor != 1 && !(predictor == 2 && has_predictor(storage.compression)))
    refuse("found " + (predictor == 3 ? "the floating-point predictor (3)" : "predictor " + std::to_string(predictor)) +
           " with compression " + compression_name(storage.compression) +
           ", expected none (1), or differences (2) with lzw, deflate or zstd");
  storage.predictor = static_cast<int>(predictor);
}

void check_palette(const Storage& storage) {
  if (storage.photometric != Photometric::Palette) return;
  if (storage.bits != 8) refuse("found a palette image of 16-bit samples, expected 8 bits");
  if (storage.samples != 1)
    refuse("found a palette image of " + std::to_string(storage.samples) + " samples per pixel, expected 1");
  if (is_image_codec(storage.compression))
    refuse(std::string("found a palette image with ") + compression_name(storage.compression) +
           " compression, expected a codec without loss");
}

void check_codec(const Storage& storage) {
  const std::string codec = compression_name(storage.compression);
  if (storage.photometric == Photometric::YCbCr && !is_image_codec(storage.compression))
    refuse("found YCbCr with compression " + codec + ", expected YCbCr only with jpeg, webp or jpeg2000");
  if (!is_image_codec(storage.compression)) return;
  if (storage.planar) refuse("found separate planes with " + codec + " compression, expected interleaved samples");
  if (storage.compression == Compression::Jpeg) {
    if (storage.bits != 8) refuse("found 16-bit samples with jpeg compression, expected 8 bits");
    const int expected = is_colour(storage.photometric) ? 3 : 1;
    if (storage.samples != expected)
      refuse("found jpeg compression with " + std::to_string(storage.samples) + " samples per pixel, expected " +
             std::to_string(expected));
  }
  if (storage.compression == Compression::WebP) {
    if (storage.bits != 8) refuse("found 16-bit samples with webp compression, expected 8 bits");
    if (!is_colour(storage.photometric) || storage.samples > 4)
      refuse("found webp compression with " + std::to_string(storage.samples) + " samples per pixel, expected 3 or 4");
  }
}

}  // namespace

void read_pixel_kind(const TiffDirectory& directory, Storage& storage) {
  // The photometric first: "CMYK" says more than "4 samples".
  read_photometric(directory, storage);
  read_bits(directory, storage);
  read_extra_samples(directory, storage);
  read_layout(directory, storage);
  check_palette(storage);
  check_codec(storage);
}

const char* photometric_name(Photometric photometric) noexcept {
  switch (photometric) {
    case Photometric::MinIsWhite:
      return "minIsWhite";
    case Photometric::MinIsBlack:
      return "minIsBlack";
    case Photometric::Rgb:
      return "rgb";
    case Photometric::Palette:
      return "palette";
    case Photometric::YCbCr:
      return "ycbcr";
  }
  return "unknown";
}

}  // namespace microtome::slide

#include "decode/vips_decoder.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#include "decode/bad_tile.h"
#include "decode/vips_objects.h"

namespace microtome::decode {
namespace {

// Properties that came with later releases are set only where they exist; an unknown one would be logged.
bool at_least(const Vips& vips, int major, int minor) {
  const int found = vips.version_part(0);
  return found > major || (found == major && vips.version_part(1) >= minor);
}

Owned load(const Vips& vips, std::span<const std::uint8_t> file) {
  const Owned operation(vips.operation_new("tiffload_buffer"), Unref(vips.object_unref));
  if (!operation) throw BadTile("this libvips cannot read TIFF: " + failure_text(vips));
  {
    const Owned blob(vips.blob_new(nullptr, file.data(), file.size()), Unref(vips.area_unref));
    vips.object_set(operation.get(), "buffer", blob.get(), static_cast<char*>(nullptr));
  }
  vips.object_set(operation.get(), "fail_on", Vips::kFailOnWarning, "access", Vips::kAccessSequential,
                  static_cast<char*>(nullptr));
  // Sizes are limited by the caller, per tile; libtiff's own cap on memory is below the largest strip allowed here.
  if (at_least(vips, 8, 17)) vips.object_set(operation.get(), "unlimited", 1, static_cast<char*>(nullptr));
  void* image = nullptr;
  const bool built = vips.object_build(operation.get()) == 0;
  if (built) vips.object_get(operation.get(), "out", &image, static_cast<char*>(nullptr));
  vips.object_unref_outputs(operation.get());
  if (image == nullptr) throw BadTile(failure_text(vips));
  return Owned(image, Unref(vips.object_unref));
}

void require_shape(const Vips& vips, const void* image, const StripShape& shape) {
  const int format = shape.bits == 16 ? Vips::kFormatUshort : Vips::kFormatUchar;
  const auto describe = [](std::int64_t width, std::int64_t height, int bands, int number) {
    return std::to_string(width) + " x " + std::to_string(height) + " with " + std::to_string(bands) +
           " samples of format " + std::to_string(number);
  };
  if (vips.image_width(image) == shape.width_px && vips.image_height(image) == shape.height_px &&
      vips.image_bands(image) == shape.samples && vips.image_format(image) == format)
    return;
  throw BadTile(
      "the decoded tile is " +
      describe(vips.image_width(image), vips.image_height(image), vips.image_bands(image), vips.image_format(image)) +
      ", expected " + describe(shape.width_px, shape.height_px, shape.samples, format));
}

}  // namespace

void decode_with_vips(const Vips& vips, std::span<const std::uint8_t> file, const StripShape& shape,
                      std::span<std::uint8_t> out) {
  Vips::clear_log();
  const Owned image = load(vips, file);
  require_shape(vips, image.get(), shape);
  const Owned region(vips.region_new(image.get()), Unref(vips.object_unref));
  if (!region) throw BadTile(failure_text(vips));

  // In bands of rows, so that the copy libvips hands out stays small beside a large strip.
  const std::size_t row_bytes = static_cast<std::size_t>(shape.width_px) * static_cast<std::size_t>(shape.samples) *
                                static_cast<std::size_t>(shape.bits / 8);
  constexpr std::size_t kBandBytes = 4u << 20;
  const auto band_rows = static_cast<std::int64_t>(std::max<std::size_t>(1, kBandBytes / row_bytes));
  for (std::int64_t y = 0; y < shape.height_px; y += band_rows) {
    const std::int64_t rows = std::min(band_rows, shape.height_px - y);
    std::size_t bytes = 0;
    const std::unique_ptr<unsigned char, Unref> band(
        vips.region_fetch(region.get(), 0, static_cast<int>(y), static_cast<int>(shape.width_px),
                          static_cast<int>(rows), &bytes),
        Unref(vips.free));
    if (!band) throw BadTile(failure_text(vips));
    const std::size_t expected = row_bytes * static_cast<std::size_t>(rows);
    const std::size_t at = row_bytes * static_cast<std::size_t>(y);
    if (bytes != expected || at + expected > out.size()) throw BadTile("libvips returned a window of another size");
    std::memcpy(out.data() + at, band.get(), expected);
  }
}

}  // namespace microtome::decode

// Tiles whose pixels come from decoded planes: libjpeg-turbo's own pixels from libjpeg-turbo's own planes, bit for bit,
// and near a reference in double precision; crops at any place; batches of tiles of all kinds.
#include <algorithm>
#include <cmath>
#include <string>

#include "gpu/tile_kernel.h"
#include "test/check.h"
#include "test/support/jpeg_tool.h"
#include "test/support/kernel_planes.h"

using namespace microtome;
using namespace microtome::gpu;
using namespace microtome::test;
using preprocess::ElementType;
using preprocess::Layout;
using preprocess::TensorFormat;

namespace {

TensorFormat interleaved_bytes(std::int64_t size_px) {
  TensorFormat format;
  format.size_px = size_px;
  format.layout = Layout::Nhwc;
  format.type = ElementType::Uint8;
  return format;
}

// The RGB of an image, square and of its own size.
Bytes pixels_of(const PlaneImage& image) {
  KernelCase one(interleaved_bytes(image.crop.width_px), 1);
  LaunchPlan plan = plan_rows(one, {image}, {0});
  one.run_twin(plan);
  return one.tensor();
}

bool have_jpeg(const char* test) {
  if (!library_path("MICROTOME_JPEG_LIBRARY").empty()) return true;
  std::printf("skipped: %s\n", test);
  return false;
}

// The kernel's pixels of the planes that libjpeg-turbo decodes, and the pixels that it decodes.
void compare_with_libjpeg(const JpegTool& tool, const Bytes& rgb, int side, const JpegTool::Options& options) {
  const Bytes jpeg = tool.encode(rgb, side, side, options);
  const JpegTool::Planes planes = tool.planes(jpeg, side, side);
  PlaneImage image(options.grey ? kGrey : kLumaChroma,
                   !options.half_chroma ? kFullChroma
                   : options.half_width ? kHalfWidthChroma
                                        : kHalfBothChroma,
                   side, side, {0, 0, side, side}, 0, 1);
  for (std::size_t i = 0; i < 3; ++i) {
    image.planes[i] = planes.samples[i];
    image.image.stride_bytes[i] = planes.stride_bytes[i];
  }
  if (pixels_of(image) != KernelCase::guarded(tool.decode(jpeg, side, side)))
    fail(__FILE__, __LINE__,
         "side " + std::to_string(side) + ", quality " + std::to_string(options.quality) + ", " +
             (options.grey ? "grey" : "chroma " + std::to_string(image.image.chroma)));
}

double sample(const Bytes& plane, std::int64_t stride, std::int64_t x, std::int64_t y) {
  return plane[static_cast<std::size_t>(y * stride + x)];
}

// Chroma at a pixel's centre: between samples that lie in the middle of two pixels, linear, repeated at the edges.
double chroma(const PlaneImage& image, std::size_t plane, std::int64_t x, std::int64_t y) {
  const bool wide = image.image.chroma != kFullChroma, high = image.image.chroma == kHalfBothChroma;
  const std::int64_t stride = image.image.stride_bytes[plane];
  const std::int64_t width = wide ? (image.image.width_px + 1) / 2 : image.image.width_px;
  const std::int64_t height = high ? (image.image.height_px + 1) / 2 : image.image.height_px;
  const double at_x = wide ? (static_cast<double>(x) - 0.5) / 2 : static_cast<double>(x);
  const double at_y = high ? (static_cast<double>(y) - 0.5) / 2 : static_cast<double>(y);
  double sum = 0;
  for (const std::int64_t down : {0, 1})
    for (const std::int64_t right : {0, 1}) {
      const auto column = static_cast<std::int64_t>(std::floor(at_x)) + right;
      const auto line = static_cast<std::int64_t>(std::floor(at_y)) + down;
      const double weight =
          (1 - std::abs(at_x - static_cast<double>(column))) * (1 - std::abs(at_y - static_cast<double>(line)));
      if (weight > 0)
        sum += weight * sample(image.planes[plane], stride, std::clamp<std::int64_t>(column, 0, width - 1),
                               std::clamp<std::int64_t>(line, 0, height - 1));
    }
  return sum;
}

// JFIF 1.02, in double precision.
std::array<double, 3> colour(const PlaneImage& image, std::int64_t x, std::int64_t y) {
  const double luma = sample(image.planes[0], image.image.stride_bytes[0], x, y);
  const double cb = chroma(image, 1, x, y) - 128, cr = chroma(image, 2, x, y) - 128;
  return {luma + 1.402 * cr, luma - 0.344136286 * cb - 0.714136286 * cr, luma + 1.772 * cb};
}

}  // namespace

TEST(pixels_of_libjpeg_turbos_planes_are_libjpeg_turbos) {
  if (!have_jpeg(__func__)) return;
  const JpegTool tool;
  using Options = JpegTool::Options;
  const std::vector<Options> kinds{{}, {.half_width = true}, {.half_chroma = false}, {.grey = true}};
  for (const int side : {1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 17, 31, 64, 99})
    for (Options options : kinds)
      for (const int quality : {30, 90, 100}) {
        options.quality = quality;
        Bytes rgb = random_bytes(static_cast<std::size_t>(3 * side * side), static_cast<std::uint32_t>(side));
        compare_with_libjpeg(tool, rgb, side, options);
        for (std::size_t i = 0; i < rgb.size(); ++i) rgb[i] = i / 24 % 2 == 0 ? 255 : 0;  // beyond 0 and 255 inside
        compare_with_libjpeg(tool, rgb, side, options);
      }
}

TEST(planes_are_near_double_precision) {
  for (const ChromaKind kind : {kFullChroma, kHalfWidthChroma, kHalfBothChroma}) {
    const PlaneImage image(kLumaChroma, kind, 37, 37, {0, 0, 37, 37}, 3, 7);
    const Bytes got = pixels_of(image);
    double worst = 0;
    for (std::int64_t y = 0; y < 37; ++y)
      for (std::int64_t x = 0; x < 37; ++x)
        for (std::size_t c = 0; c < 3; ++c)
          worst = std::max(worst, std::abs(std::clamp(colour(image, x, y)[c], 0.0, 255.0) -
                                           got[static_cast<std::size_t>(37 * y + x) * 3 + c]));
    // Chroma is rounded once to whole samples, which a factor of up to 1.772 makes larger, and colours once more.
    const double allowed = kind == kFullChroma ? 0.5001 : 0.5 * 1.772 + 0.5001;
    if (worst > allowed) fail(__FILE__, __LINE__, std::to_string(kind) + ": off by " + std::to_string(worst));
    CHECK(worst > 0.3);
  }
}

TEST(planes_that_are_colours_stay_as_they_are) {
  const PlaneImage image(kColourPlanes, kHalfBothChroma, 21, 21, {0, 0, 21, 21}, 5, 8);
  const Bytes got = pixels_of(image);
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t i = 0; i < 21 * 21; ++i) CHECK_EQ(got[3 * i + c], image.planes[c][i / 21 * 26 + i % 21]);
}

TEST(a_crop_is_a_part_of_the_whole_image) {
  for (const PlaneImage& part : every_kind_of_image(19, 19)) {
    PlaneImage whole = part;
    const std::int64_t side = std::max(part.image.width_px, part.image.height_px);
    whole.crop = {0, 0, part.image.width_px, part.image.height_px};
    // Whole images are not square: their pixels come by a copy that fills a square.
    Bytes all(static_cast<std::size_t>(3 * side * side));
    for (std::int64_t y = 0; y < part.image.height_px; ++y)
      for (std::int64_t x = 0; x < part.image.width_px; ++x) {
        whole.crop = {x, y, 1, 1};
        const Bytes pixel = pixels_of(whole);
        std::copy_n(pixel.begin(), 3, all.begin() + 3 * (y * side + x));
      }
    const Bytes got = pixels_of(part);
    for (std::int64_t y = 0; y < 19; ++y)
      CHECK(std::equal(got.begin() + 57 * y, got.begin() + 57 * (y + 1),
                       all.begin() + 3 * ((y + part.crop.y) * side + part.crop.x)));
  }
}

TEST(a_batch_of_all_kinds_in_any_order_and_every_format) {
  const std::vector<PlaneImage> images = every_kind_of_image(19, 19);
  std::vector<std::uint32_t> places;
  for (std::uint32_t t = 0; t < images.size(); ++t)
    places.push_back((5 * t + 3) % static_cast<std::uint32_t>(images.size()));
  for (const TensorFormat& format : all_formats(19)) {
    KernelCase one(format, static_cast<std::int64_t>(images.size()));
    LaunchPlan plan = plan_rows(one, images, places);
    one.run_twin(plan);
    Bytes wanted(images.size() * format.bytes_per_tile());
    for (std::size_t t = 0; t < images.size(); ++t) {
      const Bytes rgb = pixels_of(images[t]);
      const Bytes tensor = tensor_on_cpu({rgb.data(), 19, 19, 57}, format);
      std::copy(tensor.begin(), tensor.end(),
                wanted.begin() + static_cast<std::ptrdiff_t>(places[t] * format.bytes_per_tile()));
    }
    if (one.tensor() != KernelCase::guarded(wanted)) fail(__FILE__, __LINE__, words_of(format));
  }
}

TEST(tiles_of_several_sizes_are_resized_as_on_the_cpu) {
  std::vector<PlaneImage> images;
  images.emplace_back(kLumaChroma, kHalfBothChroma, 50, 50, Crop{3, 2, 41, 41}, 0, 30);
  images.emplace_back(kInterleaved, kFullChroma, 13, 13, Crop{0, 0, 13, 13}, 1, 40);
  images.emplace_back(kLumaChroma, kHalfWidthChroma, 24, 23, Crop{1, 0, 23, 23}, 2, 50);  // the tensor's own size
  images.emplace_back(kGrey, kFullChroma, 41, 41, Crop{0, 0, 41, 41}, 0, 60);
  for (const TensorFormat& format : all_formats(23)) {
    KernelCase one(format, 4);
    LaunchPlan plan = plan_rows(one, images, {0, 1, 2, 3});
    CHECK(std::string(plan.function).find("resized") != std::string::npos);
    one.run_twin(plan);
    Bytes wanted;
    for (const PlaneImage& image : images) {
      const std::int64_t side = image.crop.width_px;
      const Bytes rgb = pixels_of(image);
      const Bytes tensor = tensor_on_cpu({rgb.data(), side, side, 3 * side}, format);
      wanted.insert(wanted.end(), tensor.begin(), tensor.end());
    }
    if (one.tensor() != KernelCase::guarded(wanted)) fail(__FILE__, __LINE__, words_of(format));
  }
}

TEST(an_image_that_contradicts_itself_is_refused) {
  DecodedImage good;
  good.chroma = kHalfBothChroma;
  good.width_px = good.height_px = 33;
  good.planes = {64, 4096, 8192};
  good.stride_bytes = {33, 17, 17};
  const Crop crop{1, 1, 32, 32};
  const TileRow row = tile_row(good, crop, 5, 9);
  CHECK_EQ(row.chroma_width, 17u);
  CHECK_EQ(row.chroma_height, 17u);
  CHECK_EQ(row.tile, 5u);
  CHECK_EQ(row.taps, 9u);
  const auto refused = [&](auto&& change) {
    DecodedImage image = good;
    Crop cut = crop;
    change(image, cut);
    CHECK_THROWS(INTERNAL, tile_row(image, cut, 0));
  };
  refused([](DecodedImage& image, Crop&) { image.planes[2] = 0; });
  refused([](DecodedImage& image, Crop&) { image.stride_bytes[1] = 16; });
  refused([](DecodedImage& image, Crop&) { image.stride_bytes[0] = INT64_MAX; });
  refused([](DecodedImage& image, Crop&) { image.chroma = kFullChroma; });
  refused([](DecodedImage& image, Crop&) { image.kind = kInterleaved; });
  refused([](DecodedImage& image, Crop&) { image.width_px = 0; });
  refused([](DecodedImage&, Crop& cut) { cut.x = 2; });
  refused([](DecodedImage&, Crop& cut) { cut.y = -1; });
  refused([](DecodedImage&, Crop& cut) { cut.height_px = 0; });
  KernelCase one(interleaved_bytes(32), 1);
  CHECK_THROWS(INTERNAL, launch_rows(0, 1, one.target()));
  CHECK_THROWS(INTERNAL, launch_rows(68, 1, one.target()));
  CHECK_THROWS(INTERNAL, launch_rows(64, 0, one.target()));
}

TEST_MAIN

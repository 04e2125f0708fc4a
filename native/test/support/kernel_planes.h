// Decoded images for the tile kernels, each with planes, sides and a crop of its own.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "test/support/kernel_cases.h"

namespace microtome::test {

// An image whose planes hold any bytes; rows are `gap_bytes` longer than they need.
struct PlaneImage {
  gpu::DecodedImage image;
  std::array<Bytes, 3> planes;
  gpu::Crop crop;

  PlaneImage(gpu::TileKind kind, gpu::ChromaKind chroma, std::int64_t width_px, std::int64_t height_px,
             const gpu::Crop& cut, std::int64_t gap_bytes, std::uint32_t seed)
      : crop(cut) {
    image.kind = kind;
    image.chroma = chroma;
    image.width_px = width_px;
    image.height_px = height_px;
    const bool one_plane = kind == gpu::kInterleaved || kind == gpu::kGrey;
    for (std::size_t i = 0; i < (one_plane ? 1u : 3u); ++i) {
      const bool halved = i > 0 && kind == gpu::kLumaChroma && chroma != gpu::kFullChroma;
      const std::int64_t samples = kind == gpu::kInterleaved ? 3 * width_px : halved ? (width_px + 1) / 2 : width_px;
      const std::int64_t rows = halved && chroma == gpu::kHalfBothChroma ? (height_px + 1) / 2 : height_px;
      image.stride_bytes[i] = samples + gap_bytes;
      // The last row ends with its last sample, so that a read beyond it is seen.
      const auto bytes = static_cast<std::size_t>((rows - 1) * image.stride_bytes[i] + samples);
      planes[i] = random_bytes(bytes, seed + static_cast<std::uint32_t>(i));
    }
  }
};

// A launch of one tile for each image; tile t goes to place places[t] of the tensor.
inline gpu::LaunchPlan plan_rows(KernelCase& one, const std::vector<PlaneImage>& images,
                                 const std::vector<std::uint32_t>& places) {
  const std::int64_t size = one.format().size_px;
  bool resizes = false;
  for (const PlaneImage& image : images) resizes |= image.crop.width_px != size || image.crop.height_px != size;
  gpu::TapTables tables;
  std::vector<gpu::TileRow> rows;
  for (std::size_t t = 0; t < images.size(); ++t) {
    gpu::DecodedImage image = images[t].image;
    for (std::size_t i = 0; i < 3; ++i)
      if (!images[t].planes[i].empty()) image.planes[i] = one.keep(images[t].planes[i]);
    const gpu::Crop& crop = images[t].crop;
    const std::uint32_t taps = resizes ? tables.entry(crop.width_px, crop.height_px, size) : 0;
    rows.push_back(gpu::tile_row(image, crop, places[t], taps));
  }
  const std::uint64_t address = one.keep(bytes_of(rows.data(), rows.size()));
  const auto count = static_cast<std::int64_t>(rows.size());
  if (!resizes) return gpu::launch_rows(address, count, one.target());
  return gpu::launch_rows(address, count, one.target(), one.taps(tables));
}

// A batch in which every kind and subsampling has a tile, its crop of `width_px` x `height_px` at even and odd places.
inline std::vector<PlaneImage> every_kind_of_image(std::int64_t width_px, std::int64_t height_px) {
  using namespace gpu;
  std::vector<PlaneImage> images;
  std::uint32_t seed = 100;
  const auto add = [&](TileKind kind, ChromaKind chroma, std::int64_t x, std::int64_t y) {
    images.emplace_back(kind, chroma, width_px + x + 1, height_px + y + 2, Crop{x, y, width_px, height_px}, x, seed);
    seed += 10;
  };
  add(kInterleaved, kFullChroma, 3, 1);
  add(kColourPlanes, kFullChroma, 2, 5);
  add(kGrey, kFullChroma, 1, 0);
  add(kLumaChroma, kFullChroma, 5, 2);
  for (const ChromaKind chroma : {kHalfWidthChroma, kHalfBothChroma})
    for (const std::int64_t x : {0, 3})
      for (const std::int64_t y : {1, 4}) add(kLumaChroma, chroma, x, y);
  return images;
}

}  // namespace microtome::test

// 8-bit pixels on the device to the tensor of a model: crop, colour conversion, resize, then a table that the host made
// with the CPU's own arithmetic. One thread makes one pixel.
//
// Compiled twice: by clang to tile_kernel.ptx (scripts/generate-ptx.mjs), which is what runs on devices, and as plain
// C++ by the tests, which then set `thread` before each call. Both give the same bits: all arithmetic on integers is
// exact, and the sums of a resize are single additions and multiplications in the order of preprocess/resize, never
// fused.
//
// Rules of this file: no header but the one below, nothing newer than compute capability 3.5, no arithmetic in half
// precision. Colours are written out, because loops are not unrolled (the build line says so, which keeps the text
// short).
#include "gpu/kernels/tile_kernel_args.h"

#if defined(__CUDA_ARCH__)
#define MICROTOME_KERNEL extern "C" __attribute__((global))
#define MICROTOME_DEVICE static __attribute__((device, always_inline)) inline
#define MICROTOME_GLOBAL __attribute__((address_space(1)))
#else
#define MICROTOME_KERNEL inline
#define MICROTOME_DEVICE static inline
#define MICROTOME_GLOBAL
#endif

namespace microtome::gpu {

#if defined(__CUDA_ARCH__)
MICROTOME_DEVICE U32 thread_column() {
  return __nvvm_read_ptx_sreg_ctaid_x() * kBlockColumns + __nvvm_read_ptx_sreg_tid_x();
}
MICROTOME_DEVICE U32 thread_row() { return __nvvm_read_ptx_sreg_ctaid_y() * kBlockRows + __nvvm_read_ptx_sreg_tid_y(); }
MICROTOME_DEVICE U32 thread_tile() { return __nvvm_read_ptx_sreg_ctaid_z(); }
#else
struct TwinThread {
  U32 column, row, tile;
};
inline thread_local TwinThread twin_thread{};
MICROTOME_DEVICE U32 thread_column() { return twin_thread.column; }
MICROTOME_DEVICE U32 thread_row() { return twin_thread.row; }
MICROTOME_DEVICE U32 thread_tile() { return twin_thread.tile; }
#endif

struct Colour {
  U32 red, green, blue;
};

using Samples = const MICROTOME_GLOBAL U8*;

// ---- Where pixels come from: at(x, y) is a pixel of the tile.

struct InterleavedTile {
  Samples first;
  U64 stride_bytes;

  MICROTOME_DEVICE Colour at(const InterleavedTile& tile, U32 x, U32 y) {
    Samples pixel = tile.first + y * tile.stride_bytes + 3 * x;
    return {pixel[0], pixel[1], pixel[2]};
  }
};

MICROTOME_DEVICE Samples line_of(const TileRow& row, U32 plane, U32 y) {
  return (Samples)row.plane[plane] + (U64)y * row.stride_bytes[plane];
}

MICROTOME_DEVICE U32 clamped(I32 value) { return (U32)(value < 0 ? 0 : value > 255 ? 255 : value); }

// The neighbour of sample `at` that counts a quarter for the left or right, upper or lower of its two pixels; at the
// edge of the plane the sample itself.
MICROTOME_DEVICE U32 neighbour(U32 at, U32 pixel, U32 count) {
  if (pixel % 2 != 0) return at + 1 < count ? at + 1 : at;
  return at > 0 ? at - 1 : at;
}

// A sample of chroma at a pixel of the image, interpolated as libjpeg does by default ("fancy upsampling"): three
// quarters of the nearer sample and one of the next, halves rounded down on one side and up on the other. Planes of one
// or two columns are repeated instead, as there.
MICROTOME_DEVICE I32 chroma_at(const TileRow& row, U32 plane, U32 x, U32 y) {
  if (row.chroma == kFullChroma) return line_of(row, plane, y)[x];
  const U32 column = x / 2;
  const bool halved = row.chroma == kHalfBothChroma;
  const U32 line = halved ? y / 2 : y;
  Samples near = line_of(row, plane, line);
  if (row.chroma_width <= 2) return near[column];
  const U32 beside = neighbour(column, x, row.chroma_width);
  const I32 odd = (I32)(x % 2);
  if (!halved) return (3 * near[column] + near[beside] + 1 + odd) >> 2;
  Samples far = line_of(row, plane, neighbour(line, y, row.chroma_height));
  return (3 * (3 * near[column] + far[column]) + 3 * near[beside] + far[beside] + 8 - odd) >> 4;
}

// JFIF's conversion with libjpeg's integers: factors and sums with 16 bits of fraction, rounded half up once.
MICROTOME_DEVICE Colour from_luma_chroma(I32 y, I32 cb, I32 cr) {
  cb -= 128;
  cr -= 128;
  return {clamped(y + ((91881 * cr + 32768) >> 16)), clamped(y + ((-22554 * cb - 46802 * cr + 32768) >> 16)),
          clamped(y + ((116130 * cb + 32768) >> 16))};
}

struct DescribedTile {
  TileRow row;

  MICROTOME_DEVICE Colour at(const DescribedTile& tile, U32 x, U32 y) {
    const TileRow& row = tile.row;
    x += row.crop_x;
    y += row.crop_y;
    Samples first = line_of(row, 0, y);
    if (row.kind == kInterleaved) return {first[3 * x], first[3 * x + 1], first[3 * x + 2]};
    const U32 sample = first[x];
    if (row.kind == kGrey) return {sample, sample, sample};
    if (row.kind == kColourPlanes) return {sample, line_of(row, 1, y)[x], line_of(row, 2, y)[x]};
    return from_luma_chroma((I32)sample, chroma_at(row, 1, x, y), chroma_at(row, 2, x, y));
  }
};

// ---- Resize: the taps of preprocess/resize in its order, columns of the input first.

MICROTOME_DEVICE U32 rounded(float sum) {
  const I32 whole = (I32)(sum + 0.5f);
  return (U32)(whole > 255 ? 255 : whole);
}

template <typename Tile>
MICROTOME_DEVICE Colour resized(const Tile& tile, const TapRange* taps, const float* weights, U32 width_px, U32 x,
                                U32 y) {
  const TapRange across = taps[x];
  const TapRange down = taps[width_px + y];
  float red = 0, green = 0, blue = 0;
  for (I32 i = 0; i < across.count; ++i) {
    float column_red = 0, column_green = 0, column_blue = 0;
    for (I32 k = 0; k < down.count; ++k) {
      const float weight = weights[down.first_weight + k];
      const Colour pixel = Tile::at(tile, (U32)(across.start + i), (U32)(down.start + k));
      column_red += weight * (float)pixel.red;
      column_green += weight * (float)pixel.green;
      column_blue += weight * (float)pixel.blue;
    }
    const float weight = weights[across.first_weight + i];
    red += weight * column_red;
    green += weight * column_green;
    blue += weight * column_blue;
  }
  return {rounded(red), rounded(green), rounded(blue)};
}

// ---- Where values go. The table has the 256 values of red, then of green, then of blue.

template <typename Value>
MICROTOME_DEVICE void put(Colour colour, U32 x, U32 y, U64 tile, Value* tensor, const Value* table,
                          const TensorShape& to) {
  Value* out = tensor + tile * to.tile_elements;
  const U32 place = to.first_colour + (y * to.width_px + x) * to.pixel_step;
  out[place] = table[colour.red];
  out[place + to.colour_step] = table[256 + colour.green];
  out[place + 2 * to.colour_step] = table[512 + colour.blue];
}

MICROTOME_DEVICE bool outside(const TensorShape& to, U32 x, U32 y) { return x >= to.width_px || y >= to.height_px; }

MICROTOME_DEVICE InterleavedTile interleaved(const U8* pixels, const PixelShape& from, U64 tile) {
  return {(Samples)(pixels + from.first_byte + tile * from.tile_bytes), from.stride_bytes};
}

#define MICROTOME_KERNELS(suffix, Value)                                                                               \
  MICROTOME_KERNEL void tile_pixels_##suffix(const U8* __restrict__ pixels, Value* __restrict__ tensor,                \
                                             const Value* __restrict__ table, PixelShape from, TensorShape to) {       \
    const U32 x = thread_column(), y = thread_row(), t = thread_tile();                                                \
    if (outside(to, x, y)) return;                                                                                     \
    put(InterleavedTile::at(interleaved(pixels, from, t), x, y), x, y, t, tensor, table, to);                          \
  }                                                                                                                    \
  MICROTOME_KERNEL void tile_pixels_resized_##suffix(                                                                  \
      const U8* __restrict__ pixels, Value* __restrict__ tensor, const Value* __restrict__ table,                      \
      const TapRange* __restrict__ taps, const float* __restrict__ weights, PixelShape from, TensorShape to) {         \
    const U32 x = thread_column(), y = thread_row(), t = thread_tile();                                                \
    if (outside(to, x, y)) return;                                                                                     \
    put(resized(interleaved(pixels, from, t), taps, weights, to.width_px, x, y), x, y, t, tensor, table, to);          \
  }                                                                                                                    \
  MICROTOME_KERNEL void tile_rows_##suffix(const TileRow* __restrict__ rows, Value* __restrict__ tensor,               \
                                           const Value* __restrict__ table, TensorShape to) {                          \
    const U32 x = thread_column(), y = thread_row();                                                                   \
    if (outside(to, x, y)) return;                                                                                     \
    const DescribedTile tile{rows[thread_tile()]};                                                                     \
    put(DescribedTile::at(tile, x, y), x, y, tile.row.tile, tensor, table, to);                                        \
  }                                                                                                                    \
  MICROTOME_KERNEL void tile_rows_resized_##suffix(const TileRow* __restrict__ rows, Value* __restrict__ tensor,       \
                                                   const Value* __restrict__ table, const TapRange* __restrict__ taps, \
                                                   const float* __restrict__ weights, TensorShape to) {                \
    const U32 x = thread_column(), y = thread_row();                                                                   \
    if (outside(to, x, y)) return;                                                                                     \
    const DescribedTile tile{rows[thread_tile()]};                                                                     \
    put(resized(tile, taps + tile.row.taps, weights, to.width_px, x, y), x, y, tile.row.tile, tensor, table, to);      \
  }

MICROTOME_KERNELS(f32, U32)
MICROTOME_KERNELS(f16, U16)
MICROTOME_KERNELS(u8, U8)

#undef MICROTOME_KERNELS

}  // namespace microtome::gpu

#undef MICROTOME_KERNEL
#undef MICROTOME_DEVICE
#undef MICROTOME_GLOBAL

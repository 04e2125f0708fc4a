// What the host and the kernels of tile_kernel.cu agree on. Compiled by both, so it includes nothing; structures have
// the same layout in both (tile_kernel.cc asserts it).
#pragma once

namespace microtome::gpu {

using U8 = __UINT8_TYPE__;
using U16 = __UINT16_TYPE__;
using U32 = __UINT32_TYPE__;
using U64 = __UINT64_TYPE__;
using I32 = __INT32_TYPE__;

// A block of threads makes so many columns of so many rows of one tile; the grid's third axis counts tiles.
constexpr U32 kBlockColumns = 32, kBlockRows = 8;

// Interleaved RGB, all tiles alike. Byte c of pixel (x, y) of tile t is at first_byte + t * tile_bytes + y *
// stride_bytes + 3 * x + c of the pixels.
struct PixelShape {
  U64 first_byte;
  U64 tile_bytes;
  U64 stride_bytes;
};

// Where values go, counted in elements of the tensor. The value of colour c (red, green, blue) of pixel (x, y) of tile
// t is at t * tile_elements + first_colour + c * colour_step + (y * width_px + x) * pixel_step; a step below zero is
// stored modulo 2^32, and so is what precedes it.
struct TensorShape {
  U64 tile_elements;
  U32 width_px;
  U32 height_px;
  U32 pixel_step;
  U32 first_colour;
  U32 colour_step;
  U32 unused;
};

// How the pixels of a TileRow are stored.
enum TileKind : U32 {
  kInterleaved,   // RGB, three bytes a pixel, in the first plane
  kColourPlanes,  // red, green, blue
  kGrey,          // one plane
  kLumaChroma,    // Y, Cb, Cr
};

// Which sides of the chroma planes are half of the image's.
enum ChromaKind : U32 { kFullChroma, kHalfWidthChroma, kHalfBothChroma };

// One tile somewhere in the device's memory, an array of these in the device's memory says where a batch is.
struct TileRow {
  U64 plane[3];         // addresses of the planes' first samples
  U32 stride_bytes[3];  // from one line of a plane to the next
  U32 kind;             // TileKind
  U32 chroma;           // ChromaKind; looked at where kind is kLumaChroma, as the next two
  U32 chroma_width;     // samples of a line of Cb and Cr
  U32 chroma_height;    // lines
  U32 crop_x;           // the tile's upper left pixel in the image, in pixels
  U32 crop_y;
  U32 taps;  // kernels that resize: the entry of the tile's first column of taps
  U32 tile;  // its place in the tensor
  U32 unused;
};

// One output column or row of a resize: its samples of input and their weights.
struct TapRange {
  I32 start;
  I32 count;
  I32 first_weight;
};

}  // namespace microtome::gpu

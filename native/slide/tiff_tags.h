// The TIFF tags that the reader knows. Of the others those from 32768 on are kept as well: they are each dialect's own.
#pragma once

#include <cstdint>

namespace microtome::slide {

enum class Tag : std::uint16_t {
  NewSubfileType = 254,
  SubfileType = 255,
  ImageWidth = 256,
  ImageLength = 257,
  BitsPerSample = 258,
  Compression = 259,
  Photometric = 262,
  FillOrder = 266,
  ImageDescription = 270,
  Make = 271,
  Model = 272,
  StripOffsets = 273,
  Orientation = 274,
  SamplesPerPixel = 277,
  RowsPerStrip = 278,
  StripByteCounts = 279,
  XResolution = 282,
  YResolution = 283,
  PlanarConfig = 284,
  ResolutionUnit = 296,
  Software = 305,
  DateTime = 306,
  Predictor = 317,
  ColorMap = 320,
  TileWidth = 322,
  TileLength = 323,
  TileOffsets = 324,
  TileByteCounts = 325,
  SubIfds = 330,
  ExtraSamples = 338,
  SampleFormat = 339,
  JpegTables = 347,
  Xmp = 700,
  IccProfile = 34675,
  NdpiFormat = 65420,  // in every first directory of an NDPI, and nowhere else
  NdpiSourceLens = 65421,
  NdpiXOffset = 65422,
  NdpiYOffset = 65423,
  NdpiZOffset = 65424,
  NdpiMcuStarts = 65426,
  NdpiReference = 65427,
  NdpiMcuStartsUpper = 65432,
  NdpiProperties = 65449,
};

[[nodiscard]] const char* tag_name(Tag tag) noexcept;
[[nodiscard]] bool is_known_tag(std::uint16_t number) noexcept;

// The first of the numbers that TIFF leaves to others: a dialect casts the one it looks for to a Tag.
inline constexpr std::uint16_t kFirstPrivateTag = 32768;

}  // namespace microtome::slide

#include "slide/tiff_tags.h"

namespace microtome::slide {
namespace {

// nullptr: not a tag of ours.
const char* name_or_null(Tag tag) noexcept {
  switch (tag) {
    case Tag::NewSubfileType:
      return "NewSubfileType";
    case Tag::SubfileType:
      return "SubfileType";
    case Tag::ImageWidth:
      return "ImageWidth";
    case Tag::ImageLength:
      return "ImageLength";
    case Tag::BitsPerSample:
      return "BitsPerSample";
    case Tag::Compression:
      return "Compression";
    case Tag::Photometric:
      return "PhotometricInterpretation";
    case Tag::FillOrder:
      return "FillOrder";
    case Tag::ImageDescription:
      return "ImageDescription";
    case Tag::Make:
      return "Make";
    case Tag::Model:
      return "Model";
    case Tag::StripOffsets:
      return "StripOffsets";
    case Tag::Orientation:
      return "Orientation";
    case Tag::SamplesPerPixel:
      return "SamplesPerPixel";
    case Tag::RowsPerStrip:
      return "RowsPerStrip";
    case Tag::StripByteCounts:
      return "StripByteCounts";
    case Tag::XResolution:
      return "XResolution";
    case Tag::YResolution:
      return "YResolution";
    case Tag::PlanarConfig:
      return "PlanarConfiguration";
    case Tag::ResolutionUnit:
      return "ResolutionUnit";
    case Tag::Software:
      return "Software";
    case Tag::DateTime:
      return "DateTime";
    case Tag::Predictor:
      return "Predictor";
    case Tag::ColorMap:
      return "ColorMap";
    case Tag::TileWidth:
      return "TileWidth";
    case Tag::TileLength:
      return "TileLength";
    case Tag::TileOffsets:
      return "TileOffsets";
    case Tag::TileByteCounts:
      return "TileByteCounts";
    case Tag::SubIfds:
      return "SubIFDs";
    case Tag::ExtraSamples:
      return "ExtraSamples";
    case Tag::SampleFormat:
      return "SampleFormat";
    case Tag::JpegTables:
      return "JPEGTables";
    case Tag::Xmp:
      return "XMP";
    case Tag::IccProfile:
      return "ICCProfile";
    case Tag::NdpiFormat:
      return "NDPI file format";
    case Tag::NdpiSourceLens:
      return "NDPI SourceLens";
    case Tag::NdpiXOffset:
      return "NDPI XOffsetFromSlideCentre";
    case Tag::NdpiYOffset:
      return "NDPI YOffsetFromSlideCentre";
    case Tag::NdpiZOffset:
      return "NDPI ZOffsetFromSlideCentre";
    case Tag::NdpiMcuStarts:
      return "NDPI McuStarts";
    case Tag::NdpiReference:
      return "NDPI Reference";
    case Tag::NdpiMcuStartsUpper:
      return "NDPI McuStartsHighBytes";
    case Tag::NdpiProperties:
      return "NDPI properties";
  }
  return nullptr;
}

}  // namespace

const char* tag_name(Tag tag) noexcept {
  const char* name = name_or_null(tag);
  return name == nullptr ? "unknown" : name;
}

bool is_known_tag(std::uint16_t number) noexcept { return name_or_null(static_cast<Tag>(number)) != nullptr; }

}  // namespace microtome::slide

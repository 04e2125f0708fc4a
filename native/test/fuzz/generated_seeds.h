// Small slides of every kind that the reader knows, and JPEG tiles whose tables stand in different places.
#pragma once

#include <string>

#include "test/decode/codec_support.h"
#include "test/fuzz/coded_seeds.h"
#include "test/fuzz/jpeg_parts.h"
#include "test/support/tiff_writer.h"

namespace microtome::fuzz {

using test::Bytes;
namespace tag = test::tag;

inline test::TiffDirectory aperio_page(test::TiffDirectory directory) {
  return directory.text(tag::kDescription, "Aperio Image Library v11\r\n64x48 (16x16) J |AppMag = 40|MPP = 0.2500")
      .rational(tag::kXResolution, 40000, 1)
      .rational(tag::kYResolution, 40000, 1)
      .set(tag::kResolutionUnit, {3});
}

inline test::TiffDirectory ome_page(test::TiffDirectory directory) {
  return directory.text(tag::kDescription,
                        "<?xml version=\"1.0\"?><!-- c --><OME xmlns:ome='x'><Image><ome:Pixels SizeX=\"64\" "
                        "PhysicalSizeX=\"0.5\" PhysicalSizeXUnit=\"&#181;m\" PhysicalSizeY='500' "
                        "PhysicalSizeYUnit = 'nm'/></Image></OME>");
}

// Layouts and sample kinds without a codec, in each of the four formats.
inline void keep_plain_slides(const Keep& keep) {
  for (int format = 0; format < 4; ++format) {
    const test::TiffWriter::Format form{(format & 1) != 0, (format & 2) != 0};
    const std::string name = "plain-" + std::to_string(format) + "-";
    const auto one = [&](const std::string& what, const test::TiffDirectory& directory) {
      keep(name + what, test::TiffWriter(form).add(directory).bytes());
    };
    one("tiles", test::tiff_image(20, 18, 16));
    one("strips", test::tiff_image(20, 40, 0));
    one("grey16", test::tiff_image(9, 9, 16, 1, 16).set(tag::kPhotometric, {0}));
    one("alpha", test::tiff_image(9, 9, 16, 4).set(tag::kExtraSamples, {2}));
    one("associated-alpha-16", test::tiff_image(9, 9, 8, 4, 16).set(tag::kExtraSamples, {1}));
    one("turned", test::tiff_image(20, 18, 16).set(tag::kFillOrder, {2}).set(tag::kOrientation, {6}));
    std::vector<std::uint64_t> palette;
    for (std::uint64_t i = 0; i < 768; ++i) palette.push_back(i * 80);
    one("palette", test::tiff_image(9, 9, 16, 1).set(tag::kPhotometric, {3}).set(tag::kPalette, palette));
    auto planar = test::tiff_image(20, 18, 16).set(tag::kPlanar, {2});
    one("planar", planar.tiles(std::vector<Bytes>(12, Bytes(256, 90))));
    one("sub", test::tiff_image(40, 36, 16).sub(test::tiff_image(20, 18, 16)).sub(test::tiff_image(10, 9, 16)));
    one("sparse", ome_page(test::tiff_image(40, 16, 16)).tiles({{}, Bytes(768, 3), {}}));
    // Numbers of every type, byte counts of 0 and none, strips in parts, a level with tiles left out.
    one("float", test::tiff_image(20, 18, 16).real(tag::kXResolution, 20000.0F).real(tag::kYResolution, 20000.0));
    one("srational", test::tiff_image(20, 18, 16)
                         .signed_rational(tag::kXResolution, 20000, 1)
                         .signed_rational(tag::kYResolution, -20000, -1));
    one("counts-0", test::tiff_image(20, 18, 16).set(tag::kTileCounts, {0, 0, 0, 0}));
    one("counts-0-lzw", test::tiff_image(20, 18, 16).set(tag::kCompression, {5}).set(tag::kTileCounts, {0, 0, 0, 0}));
    one("no-counts", test::tiff_image(20, 18, 0).no_tables().set(tag::kStripOffsets, {8, 40}));
    one("no-counts-lzw",
        test::tiff_image(20, 18, 0).no_tables().set(tag::kCompression, {5}).set(tag::kStripOffsets, {8, 40}));
    one("one-strip", test::tiff_image(300, 300, 0)
                         .set(tag::kRowsPerStrip, {300})
                         .no_tables()
                         .set(tag::kStripOffsets, {8})
                         .set(tag::kStripCounts, {270000}));
    keep(name + "missing",
         test::TiffWriter(form)
             .add(test::tiff_image(64, 32, 16))
             .add(test::tiff_image(32, 16, 16).set(tag::kNewSubfileType, {1}).tiles({{}, Bytes(768, 40)}))
             .bytes());
    keep(name + "pyramid", test::TiffWriter(form)
                               .add(aperio_page(test::tiff_image(40, 36, 16)))
                               .add(test::tiff_image(10, 9, 0).set(tag::kNewSubfileType, {1}))
                               .add(test::tiff_image(20, 18, 16))
                               .add(test::tiff_image(12, 9, 0)
                                        .set(tag::kNewSubfileType, {9})
                                        .text(tag::kDescription, "Aperio\r\nmacro 12x9"))
                               .bytes());
  }
}

// The segments of a JPEG that hold tables, apart from the rest.
struct SplitJpeg {
  Bytes tables{0xFF, 0xD8};
  Bytes tile{0xFF, 0xD8};
};

inline SplitJpeg split_jpeg(const Bytes& jpeg) {
  SplitJpeg out;
  std::size_t at = 2;
  while (at + 4 <= jpeg.size() && jpeg[at + 1] != 0xDA) {
    const std::size_t end = std::min(jpeg.size(), at + 2 + static_cast<std::size_t>(jpeg[at + 2] << 8 | jpeg[at + 3]));
    Bytes& to = jpeg[at + 1] == 0xDB || jpeg[at + 1] == 0xC4 ? out.tables : out.tile;
    to.insert(to.end(), jpeg.begin() + static_cast<std::ptrdiff_t>(at),
              jpeg.begin() + static_cast<std::ptrdiff_t>(end));
    at = end;
  }
  out.tables.insert(out.tables.end(), {0xFF, 0xD9});
  out.tile.insert(out.tile.end(), jpeg.begin() + static_cast<std::ptrdiff_t>(std::min(at, jpeg.size())), jpeg.end());
  return out;
}

inline test::TiffDirectory jpeg_image(int side, const Bytes& tile, const Bytes& tables, std::uint64_t photometric,
                                      std::uint64_t samples) {
  auto directory = test::tiff_image(static_cast<std::uint64_t>(2 * side - 3), static_cast<std::uint64_t>(side),
                                    static_cast<std::uint64_t>(side), samples);
  directory.set(tag::kCompression, {7}).set(tag::kPhotometric, {photometric}).tiles({tile, tile});
  if (!tables.empty()) directory.blob(tag::kJpegTables, tables);
  return directory;
}

inline void keep_jpegs(const test::JpegTool& tool, const Keep& keep_slide, const Keep& keep_parts) {
  using Options = test::JpegTool::Options;
  struct Kind {
    const char* name;
    Options options;
    std::uint8_t shape;
    std::uint64_t photometric;
  };
  const Kind kinds[] = {
      {"420", {}, JpegParts::kYCbCr, 6},
      {"422", {.half_width = true, .quality = 70}, JpegParts::kYCbCr, 6},
      {"444", {.half_chroma = false, .quality = 60}, JpegParts::kYCbCr, 6},
      {"rgb", {.rgb_inside = true}, JpegParts::kRgb, 2},
      {"grey", {.grey = true}, JpegParts::kGrey, 1},
      {"planes", {.grey = true}, JpegParts::kPlanes, 2},
      {"progressive", {.progressive = true}, JpegParts::kYCbCr, 6},
  };
  for (const Kind& kind : kinds) {
    for (const int side : {8, 16, 33}) {
      const std::string name = std::string("jpeg-") + kind.name + "-" + std::to_string(side);
      const Bytes first = tool.encode(test::picture(side, side), side, side, kind.options);
      auto coarse = kind.options;
      coarse.quality = 30;
      const Bytes second = tool.encode(test::picture(side, side, 9), side, side, coarse);
      const SplitJpeg split = split_jpeg(first);
      keep_parts(name, JpegParts{kind.shape, side, side, {Bytes{}, first, second}}.bytes());
      keep_parts(name + "-shared", JpegParts{kind.shape, side, side, {split.tables, split.tile, second}}.bytes());
      const Bytes no_end(split.tables.begin(), split.tables.end() - 2);
      keep_parts(name + "-no-end", JpegParts{kind.shape, side, side, {no_end, split.tile, second}}.bytes());
      keep_parts(name + "-strips", JpegParts{static_cast<std::uint8_t>(kind.shape | JpegParts::kStrips),
                                             side,
                                             side,
                                             {split.tables, split.tile, split.tile}}
                                       .bytes());
      if (kind.shape == JpegParts::kPlanes || side % 16 != 0) continue;
      const std::uint64_t samples = kind.shape == JpegParts::kGrey ? 1 : 3;
      keep_slide(name, test::TiffWriter().add(jpeg_image(side, first, {}, kind.photometric, samples)).bytes());
      keep_slide(name + "-shared", test::TiffWriter({true, false})
                                       .add(jpeg_image(side, split.tile, split.tables, kind.photometric, samples))
                                       .bytes());
    }
  }
}

}  // namespace microtome::fuzz

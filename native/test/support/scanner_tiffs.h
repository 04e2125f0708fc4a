// Small TIFFs as scanners write them: Leica's SCN, Ventana's BIF and Trestle's, by what is published of them.
#pragma once

#include <string>
#include <vector>

#include "test/support/tiff_writer.h"

namespace microtome::test {

namespace tag {
inline constexpr std::uint16_t kSoftware = 305, kXmp = 700;
}

// One pixel says where in its page it lies, and on which page: red is x, green y, blue the page.
inline TiffDirectory placed_page(int width, int height, int page, int tile = 16) {
  std::vector<Bytes> tiles;
  for (int top = 0; top < height; top += tile)
    for (int left = 0; left < width; left += tile) {
      Bytes bytes;
      for (int y = top; y < top + tile; ++y)
        for (int x = left; x < left + tile; ++x) {
          bytes.push_back(static_cast<std::uint8_t>(x));
          bytes.push_back(static_cast<std::uint8_t>(y));
          bytes.push_back(static_cast<std::uint8_t>(page));
        }
      tiles.push_back(std::move(bytes));
    }
  return tiff_image(static_cast<std::uint64_t>(width), static_cast<std::uint64_t>(height),
                    static_cast<std::uint64_t>(tile))
      .tiles(std::move(tiles));
}

// --- SCN: images of a scan with places on the glass slide.

struct ScnDimension {
  int width = 0;
  int height = 0;
  int ifd = 0;
  int z = 0;
  int channel = 0;
};

struct ScnImage {
  std::vector<ScnDimension> dimensions;
  int width_nm = 0;
  int height_nm = 0;
  int left_nm = 0;
  int top_nm = 0;
  std::string light = "brightfield";
  std::string objective = "20";
};

inline std::string scn_image_xml(const ScnImage& image) {
  const auto attribute = [](const char* name, int value) {
    return " " + std::string(name) + "=\"" + std::to_string(value) + "\"";
  };
  std::string xml =
      "<image name=\"a\"><creationDate>2026-03-04</creationDate><device model=\"M &amp; N\" version=\"1\"/><pixels>";
  for (const ScnDimension& one : image.dimensions)
    xml += "<dimension" + attribute("sizeX", one.width) + attribute("sizeY", one.height) + attribute("z", one.z) +
           attribute("c", one.channel) + attribute("ifd", one.ifd) + "/>";
  xml += "</pixels><view" + attribute("sizeX", image.width_nm) + attribute("sizeY", image.height_nm) +
         attribute("offsetX", image.left_nm) + attribute("offsetY", image.top_nm) + "/>";
  return xml + "<scanSettings><objectiveSettings><objective>" + image.objective +
         "</objective></objectiveSettings><illuminationSettings><numericalAperture>0.4</numericalAperture>"
         "<illuminationSource>" +
         image.light + "</illuminationSource></illuminationSettings></scanSettings></image>";
}

// `more` stands behind the images.
inline std::string scn_xml(int width_nm, int height_nm, const std::vector<ScnImage>& images,
                           const std::string& more = "<barcode>QUItMTIz</barcode>") {
  std::string xml =
      "<?xml version=\"1.0\"?><scn xmlns=\"http://www.leica-microsystems.com/scn/2010/10/01\"><collection sizeX=\"" +
      std::to_string(width_nm) + "\" sizeY=\"" + std::to_string(height_nm) + "\">";
  for (const ScnImage& image : images) xml += scn_image_xml(image);
  return xml + more + "</collection></scn>";
}

// Glass of 25 x 20 micrometres, of a quarter micrometre a pixel: 100 x 80. One image of 48 x 32 pixels at 21, 11, twice
// reduced by 2, and the macro image.
inline ScnImage scn_main(int first_ifd = 1) {
  return {.dimensions = {{48, 32, first_ifd}, {24, 16, first_ifd + 1}},
          .width_nm = 12'000,
          .height_nm = 8'000,
          .left_nm = 5'400,
          .top_nm = 2'750};
}

inline ScnImage scn_macro(int ifd) {
  return {.dimensions = {{25, 20, ifd}}, .width_nm = 25'000, .height_nm = 20'000, .objective = "1"};
}

inline TiffWriter scn_file(const std::string& xml, const std::vector<TiffDirectory>& pages) {
  TiffWriter file;
  for (std::size_t i = 0; i < pages.size(); ++i) {
    TiffDirectory page = pages[i];
    if (i == 0) page.text(tag::kDescription, xml);
    file.add(std::move(page));
  }
  return file;
}

inline TiffWriter usual_scn() {
  return scn_file(scn_xml(25'000, 20'000, {scn_macro(0), scn_main(1)}),
                  {placed_page(25, 20, 0), placed_page(48, 32, 1), placed_page(24, 16, 2)});
}

// --- BIF: a page of the glass slide, and levels of tiles that an XML describes.

struct BifArea {
  int columns = 0;
  int rows = 0;
  std::string joints;  // "<TileJointInfo .../>"
  int scanned = 1;
  std::string pos_x = "0";
};

inline std::string bif_joint(const char* x, const char* y) {
  return "<TileJointInfo Direction=\"RIGHT\" Tile1=\"1\" Tile2=\"2\" OverlapX=\"" + std::string(x) + "\" OverlapY=\"" +
         y + "\" Confidence=\"98\"/>";
}

inline std::string bif_tiles_xml(const std::vector<BifArea>& areas, const char* origin = "0") {
  std::string info, origins;
  for (const BifArea& area : areas) {
    info += "<ImageInfo AOIScanned=\"" + std::to_string(area.scanned) + "\" Width=\"16\" Height=\"16\" NumRows=\"" +
            std::to_string(area.rows) + "\" NumCols=\"" + std::to_string(area.columns) + "\" Pos-X=\"" + area.pos_x +
            "\" Pos-Y=\"0\">" + area.joints + "</ImageInfo>";
    origins += "<AOI OriginX=\"" + std::string(origin) + "\" OriginY=\"0\"/>";
  }
  return "<EncodeInfo><SlideStitchInfo>" + info + "</SlideStitchInfo><AoiOrigin>" + origins +
         "</AoiOrigin></EncodeInfo>";
}

inline TiffDirectory with_xmp(TiffDirectory page, const std::string& xmp) {
  if (xmp.empty()) return page;
  return page.blob(tag::kXmp, Bytes(xmp.begin(), xmp.end()));
}

// Levels of 96 x 48, 48 x 24 (stored as 48 x 32) and 24 x 12 (as 32 x 16) pixels. `tiles`: the XML of level 0.
inline TiffWriter bif_file(const std::string& tiles,
                           const std::string& scan = "ScanRes=\"0.25\" Z-layers=\"1\" A=\"b\"") {
  const auto level = [](TiffDirectory page, int number, const char* mag) {
    return page.text(tag::kDescription, "level=" + std::to_string(number) + " mag=" + mag + " quality=95");
  };
  TiffWriter file;
  file.add(with_xmp(placed_page(32, 16, 0).text(tag::kDescription, "Label_Image"),
                    "<Metadata><iScan " + scan + "/></Metadata>"));
  file.add(placed_page(16, 16, 1).text(tag::kDescription, "Thumbnail"));
  file.add(with_xmp(level(placed_page(96, 48, 2), 0, "40"), tiles));
  const bool padded = !tiles.empty();
  file.add(level(placed_page(48, padded ? 32 : 24, 3), 1, "20"));
  file.add(level(placed_page(padded ? 32 : 24, padded ? 16 : 12, 4), 2, "10"));
  return file;
}

inline std::string plain_bif_tiles() {
  return bif_tiles_xml({{.columns = 6, .rows = 3, .joints = bif_joint("0", "-0.0")}});
}

// --- Trestle: fields between ';'.

inline TiffWriter trestle_file(const std::string& overlaps) {
  TiffWriter file;
  file.add(
      placed_page(64, 48, 0)
          .text(tag::kSoftware, "MedScan 1")
          .text(tag::kDescription, "Background Color=E6E6E6;OverlapsXY=" + overlaps + ";Objective Power=20;odd;Empty=")
          .rational(tag::kXResolution, 1, 2)
          .rational(tag::kYResolution, 1, 2));
  file.add(placed_page(32, 24, 1));
  return file;
}

}  // namespace microtome::test

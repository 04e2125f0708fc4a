// fuzz_seeds OUT [FILE...]: writes seeds for the fuzz targets into a folder of OUT each:
// generated ones, and each FILE cut to a size that is of use. Files that are JPEGs become tiles.
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "slide/slide.h"
#include "test/fuzz/generated_seeds.h"
#include "test/fuzz/image_seeds.h"
#include "test/fuzz/ndpi_seeds.h"
#include "test/fuzz/scanner_seeds.h"
#include "test/fuzz/slide_checks.h"
#include "test/fuzz/tiff_cut.h"

namespace {

using namespace microtome;
using namespace microtome::fuzz;
using test::Bytes;
namespace fs = std::filesystem;

constexpr std::size_t kWholeFileBytes = 6 << 10;       // no need to cut
constexpr std::size_t kDirectoryFileBytes = 16 << 10;  // longer seeds are cut off
constexpr std::size_t kTileFileBytes = 48 << 10;

Bytes read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class Folder {
 public:
  explicit Folder(fs::path path, std::size_t most) : path_(std::move(path)), most_(most) {
    fs::create_directories(path_);
  }
  void keep(const std::string& name, Bytes bytes) const {
    bytes.resize(std::min(bytes.size(), most_));
    std::ofstream(path_ / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }

 private:
  fs::path path_;
  std::size_t most_;
};

struct Folders {
  Folder directory, tile, jpeg, codec, text, image;
};

// The first tile of a level of another compression, as far as it is short.
void keep_stored_tile(const slide::Slide& slide, const slide::Level& level, const std::string& name,
                      const Folder& out) {
  const auto& storage = level.storage;
  const auto tile = slide.stored_tile(level.directory, 0, 0, 0);
  if (tile.bytes == 0 || tile.bytes > kTileFileBytes || storage.tile_width_px > 256 || storage.tile_height_px > 256)
    return;
  CodedTileInput input;
  input.compression = static_cast<std::uint8_t>(storage.compression);
  for (std::size_t i = 0; i < CodedTileInput::kKinds.size(); ++i) {
    const auto& kind = CodedTileInput::kKinds[i];
    if (kind.photometric == storage.photometric && kind.samples == storage.samples && kind.alpha == storage.alpha)
      input.colours = static_cast<std::uint8_t>(i);
  }
  input.flags = static_cast<std::uint8_t>(
      (storage.bits == 16 ? CodedTileInput::kWide : 0) | (storage.big_endian ? CodedTileInput::kBigEndian : 0) |
      (storage.fill_order == 2 ? CodedTileInput::kTurned : 0) |
      (storage.predictor == 2 ? CodedTileInput::kPredictor : 0) | (storage.tiled ? 0 : CodedTileInput::kStrips) |
      (storage.planar ? CodedTileInput::kPlanar : 0));
  input.width_px = static_cast<int>(storage.tile_width_px);
  input.height_px = static_cast<int>(storage.tile_height_px);
  input.tile.resize(tile.bytes);
  slide.source().read(tile.offset, input.tile);
  out.keep(name + "-level-" + std::to_string(level.index), input.bytes());
}

// Up to two tiles of a level that is stored as JPEG, with its tables.
void keep_stored_jpeg(const slide::Slide& slide, const slide::Level& level, const std::string& name,
                      const Folder& out) {
  const auto& storage = level.storage;
  if (storage.tile_width_px > 256 || storage.tile_height_px > 256) return;
  std::array<Bytes, 3> parts{storage.jpeg_tables, {}, {}};
  std::size_t next = 1;
  for_some_tiles(storage, 2, [&](std::int64_t column, std::int64_t row) {
    const auto tile = slide.stored_tile(level.directory, column, row, 0);
    if (tile.bytes == 0 || tile.bytes > 16 << 10) return;
    parts[next].resize(tile.bytes);
    slide.source().read(tile.offset, parts[next]);
    ++next;
  });
  const std::uint8_t shape = storage.samples == 1                               ? JpegParts::kGrey
                             : storage.photometric == slide::Photometric::YCbCr ? JpegParts::kYCbCr
                                                                                : JpegParts::kRgb;
  const JpegParts seed{shape, static_cast<int>(storage.tile_width_px), static_cast<int>(storage.tile_height_px), parts};
  out.keep(name + "-level-" + std::to_string(level.index), seed.bytes());
}

void keep_stored_tiles(const Bytes& file, const std::string& name, const Folders& out) {
  const auto source = input_source(file.data(), file.size());
  std::shared_ptr<const slide::Slide> slide;
  try {
    slide = slide::Slide::open(source);
  } catch (const Error&) {
    return;
  }
  for (const auto& level : slide->levels()) {
    try {
      if (level.storage.compression == slide::Compression::Jpeg)
        keep_stored_jpeg(*slide, level, name, out.jpeg);
      else
        keep_stored_tile(*slide, level, name, out.codec);
    } catch (const Error&) {
      // A damaged slide: its other levels may do.
    }
  }
}

void keep_slide_file(const Bytes& file, const std::string& name, const Folders& out) {
  if (file.size() <= kWholeFileBytes) {
    out.directory.keep(name, file);
    out.tile.keep(name, file);
  }
  const auto cut = [&](std::size_t tiles, std::size_t bytes) {
    return TiffCutter(file, {.tiles_per_directory = tiles, .bytes_per_tile = bytes, .values_per_tag = 1024}).run();
  };
  if (const auto bytes = cut(1, 32)) out.directory.keep(name + "-cut", *bytes);
  if (const auto bytes = cut(1, 14 << 10)) out.tile.keep(name + "-cut", *bytes);
  keep_stored_tiles(file, name, out);
}

void keep_jpeg_file(const Bytes& file, const std::string& name, const Folders& out) {
  const Bytes head(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(file.size(), 24000)));
  const SplitJpeg split = split_jpeg(head);
  out.jpeg.keep(name, JpegParts{JpegParts::kYCbCr, 64, 64, {Bytes{}, head, head}}.bytes());
  out.jpeg.keep(name + "-split", JpegParts{JpegParts::kYCbCr, 64, 64, {split.tables, split.tile, head}}.bytes());
  out.tile.keep(name, test::TiffWriter().add(jpeg_image(64, head, {}, 6, 3)).bytes());
}

void keep_texts(const Folder& out) {
  const auto keep = [&](const char* name, const std::string& text) { out.keep(name, Bytes(text.begin(), text.end())); };
  keep("ome",
       "0<?xml version=\"1.0\"?><OME><!-- <Pixels/> --><Pixels PhysicalSizeX=\"0.25\" PhysicalSizeY=\"0.25\" "
       "PhysicalSizeXUnit=\"&#181;m\" PhysicalSizeYUnit='nm'/></OME>");
  keep("aperio", "0Aperio Image Library v11.2\r\n100x100 [0,0] (240x240) JPEG/RGB Q=30|AppMag = 20|MPP = 0.4990");
  keep("ome-images",
       "0<OME UUID='a'><Image Name='macro'><Pixels SizeX='32' SizeY='24' SizeC='3' DimensionOrder='XYCZT'>"
       "<Channel Name='Red'/><TiffData IFD='3' PlaneCount='1'><UUID FileName='b'>b</UUID></TiffData></Pixels></Image>"
       "<Image><Pixels SizeX='64' SizeY='48' SizeC='3' SizeZ='1' SizeT='1'><TiffData FirstC='1' IFD='1'/></Pixels>"
       "</Image><Image><Pixels SizeX='16' SizeY='12'/></Image></OME>");
  keep("qptiff",
       "0<PerkinElmer-QPI-ImageDescription><ImageType>Overview</ImageType></PerkinElmer-QPI-ImageDescription>");
  keep("philips",
       "0<DataObject ObjectType=\"DPUfsImport\"><DataObject ObjectType=\"PixelDataRepresentation\"><Attribute "
       "Name=\"DICOM_PIXEL_SPACING\">&quot;0.00025&quot; &quot;0.00025&quot;</Attribute></DataObject><DataObject "
       "ObjectType=\"PixelDataRepresentation\"><Attribute Name=\"DICOM_PIXEL_SPACING\">\"0.0005\" \"0.0005\""
       "</Attribute><Attribute Name=\"PIIM_PIXEL_DATA_REPRESENTATION_NUMBER\">1</Attribute></DataObject></DataObject>");
  keep("philips-level", "0level=2 mag=10 quality=80");
  keep("label", "0Aperio Image Library v11.2\r\nlabel 387x463");
  keep("number", "0 +1.25e-1 ");
  keep("comma", "0Aperio Image Library v11.2\r\n100x100|AppMag = 20|MPP = 0,4990");
  keep("number-with-comma", "0 0,25 ");
  int number = 0;
  for (const char* unit : {"&#x00B5;m", "&micro;m", "\xCE\xBCm", "pm", "in", "thou", "&#197;", "reference frame"})
    keep(("unit-" + std::to_string(number++)).c_str(), std::string("0") + unit);
  keep("jfif", std::string("0\xFF\xD8\xFF\xE0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00", 21));
  keep("adobe", std::string("0\xFF\xD8\xFF\xEE\x00\x0E"
                            "Adobe\x00\x64\x00\x00\x00\x00\x01",
                            19));
  out.keep("triangle", {'1', 0x00, 3, 3, 14, 5, 8, 15});
  out.keep("two-polygons", {'1', 0x41, 3, 3, 14, 5, 8, 15, 3, 9, 0x80, 2, 2, 18, 2, 9, 18});
  Bytes wild{'2'};
  const auto put = [&wild](auto value) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&value);
    wild.insert(wild.end(), bytes, bytes + sizeof value);
  };
  put(std::int64_t{100'000});
  put(std::int64_t{80'000});
  put(std::uint8_t{64});
  for (const double value : {10.5, 20.25, 90'000.0, 1e3, 5e4, 7.9e4}) put(value);
  out.keep("wild", wild);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::fprintf(stderr, "usage: fuzz_seeds OUT [FILE...]\n");
    return 2;
  }
  const fs::path root(arguments[1]);
  const Folders out{Folder(root / "directory", kDirectoryFileBytes),
                    Folder(root / "tile", kTileFileBytes),
                    Folder(root / "jpeg", kTileFileBytes),
                    Folder(root / "codec", kTileFileBytes),
                    Folder(root / "text", 4096),
                    Folder(root / "image", kTileFileBytes)};
  const Keep keep_slide = [&](const std::string& name, const Bytes& bytes) {
    out.directory.keep(name, bytes);
    out.tile.keep(name, bytes);
  };
  keep_plain_slides(keep_slide);
  keep_coded_slides(keep_slide);
  keep_ndpis(test::JpegTool(), keep_slide);
  keep_scanner_tiffs(keep_slide);
  keep_jpegs(test::JpegTool(), keep_slide,
             [&](const std::string& name, const Bytes& bytes) { out.jpeg.keep(name, bytes); });
  keep_coded_tiles([&](const std::string& name, const Bytes& bytes) { out.codec.keep(name, bytes); });
  keep_texts(out.text);
  const Keep keep_image = [&](const std::string& name, const Bytes& bytes) { out.image.keep(name, bytes); };
  keep_image_jpegs(test::JpegTool(), keep_image);
  keep_image_pngs(keep_image);
  for (int i = 2; i < count; ++i) {
    const fs::path path(arguments[i]);
    const Bytes file = read_file(path);
    const bool jpeg = file.size() > 2 && file[0] == 0xFF && file[1] == 0xD8;
    if (jpeg)
      keep_jpeg_file(file, path.filename().string(), out);
    else
      keep_slide_file(file, path.filename().string(), out);
  }
  return 0;
}

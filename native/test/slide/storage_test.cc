// Tags to Storage: compressions, pixel kinds, sizes, limits; what is refused is refused by its name.
#include "slide/storage.h"

#include "slide/compression.h"
#include "slide/slide.h"
#include "test/check.h"
#include "test/support/tiff_writer.h"

using namespace microtome;
using namespace microtome::test;
using slide::Alpha;
using slide::Compression;
using slide::Photometric;
using slide::Slide;
using slide::Storage;

namespace {

Storage storage_of(TiffDirectory directory, slide::OpenOptions options = {}) {
  TiffWriter file;
  file.add(std::move(directory));
  return Slide::open(file.source(), options)->levels()[0].storage;
}

// "" when it opens; else the code's name and the message.
std::string refusal(TiffDirectory directory) {
  try {
    (void)storage_of(std::move(directory));
    return "";
  } catch (const Error& error) {
    return std::string(code_name(error.code())) + ": " + error.message();
  }
}

void check_refused(const char* code, const char* part, TiffDirectory directory) {
  const std::string text = refusal(std::move(directory));
  const bool good = text.rfind(std::string(code) + ":", 0) == 0 && text.find(part) != std::string::npos;
  if (!good) fail(__FILE__, __LINE__, std::string("expected ") + code + " with '" + part + "', got '" + text + "'");
}

TiffDirectory rgb() { return tiff_image(64, 48, 16); }
TiffDirectory grey() { return tiff_image(64, 48, 16, 1); }
TiffDirectory jpeg() { return rgb().set(tag::kCompression, {7}).set(tag::kPhotometric, {6}); }

}  // namespace

TEST(compressions_on_the_list) {
  const std::vector<std::pair<std::uint64_t, Compression>> all = {{1, Compression::None},
                                                                  {5, Compression::Lzw},
                                                                  {7, Compression::Jpeg},
                                                                  {8, Compression::Deflate},
                                                                  {32946, Compression::Deflate},
                                                                  {50000, Compression::Zstd},
                                                                  {50001, Compression::WebP},
                                                                  {33003, Compression::Jpeg2000YCbCr},
                                                                  {33005, Compression::Jpeg2000Rgb},
                                                                  {34712, Compression::Jpeg2000},
                                                                  {33004, Compression::Jpeg2000Lossy}};
  for (const auto& [code, expected] : all)
    CHECK(storage_of(rgb().set(tag::kCompression, {code})).compression == expected);
  CHECK(storage_of(rgb().remove(tag::kCompression)).compression == Compression::None);
  CHECK_EQ(std::string(compression_name(Compression::Jpeg)), "jpeg");
  CHECK_EQ(slide::describe_compression(5), "lzw compression (5)");
}

TEST(other_compressions_are_refused_by_name_and_number) {
  const std::vector<std::pair<std::uint64_t, const char*>> all = {
      {2, "CCITT RLE"},    {3, "CCITT Group 3 fax"}, {4, "CCITT Group 4 fax"}, {6, "old-style JPEG"},
      {32773, "PackBits"}, {34925, "LZMA"},          {50002, "JPEG XL"},       {34887, "LERC"},
      {34661, "JBIG"},     {0, "unknown"},           {4711, "unknown"},        {65535, "unknown"}};
  for (const auto& [code, name] : all) {
    check_refused("UNSUPPORTED_COMPRESSION", name, rgb().set(tag::kCompression, {code}));
    check_refused("UNSUPPORTED_COMPRESSION", ("(" + std::to_string(code) + ")").c_str(),
                  rgb().set(tag::kCompression, {code}));
  }
}

TEST(photometrics_on_the_list) {
  CHECK(storage_of(rgb()).photometric == Photometric::Rgb);
  CHECK(storage_of(grey()).photometric == Photometric::MinIsBlack);
  CHECK(storage_of(grey().set(tag::kPhotometric, {0})).photometric == Photometric::MinIsWhite);
  CHECK(storage_of(jpeg()).photometric == Photometric::YCbCr);
  const Storage palette = storage_of(
      grey().set(tag::kPhotometric, {3}).set(tag::kPalette, std::vector<std::uint64_t>(768, 0xABCD), type::kShort));
  CHECK(palette.photometric == Photometric::Palette);
  CHECK_EQ(palette.palette.size(), 768u);
  CHECK_EQ(palette.palette[767], 0xABCD);
}

TEST(other_photometrics_are_refused_by_name) {
  const std::vector<std::pair<std::uint64_t, const char*>> all = {
      {4, "transparency mask"}, {5, "CMYK"}, {8, "CIE L*a*b*"}, {32803, "colour filter"}, {32845, "Log2"}, {77, "77"}};
  for (const auto& [code, name] : all)
    check_refused("UNSUPPORTED_PIXELS", name, tiff_image(64, 48, 16, 4).set(tag::kPhotometric, {code}));
  check_refused("UNSUPPORTED_PIXELS", "no photometric tag", rgb().remove(tag::kPhotometric));
  check_refused("UNSUPPORTED_PIXELS", "no photometric tag", grey().remove(tag::kPhotometric));
  check_refused("UNSUPPORTED_PIXELS", "YCbCr", rgb().set(tag::kPhotometric, {6}));
  check_refused("UNSUPPORTED_PIXELS", "YCbCr", rgb().set(tag::kPhotometric, {6}).set(tag::kCompression, {8}));
  check_refused("UNSUPPORTED_PIXELS", "palette of 0", grey().set(tag::kPhotometric, {3}));
  check_refused("UNSUPPORTED_PIXELS", "palette of 6",
                grey().set(tag::kPhotometric, {3}).set(tag::kPalette, {1, 2, 3, 4, 5, 6}));
  check_refused("UNSUPPORTED_PIXELS", "16-bit", tiff_image(64, 48, 16, 1, 16).set(tag::kPhotometric, {3}));
  check_refused("TRUNCATED", "ColorMap",
                grey()
                    .set(tag::kPhotometric, {3})
                    .set(tag::kPalette, {1, 2, 3})
                    .claim_count(tag::kPalette, 768)
                    .claim_offset(tag::kPalette, 1u << 30));
}

TEST(bits_and_formats) {
  CHECK_EQ(storage_of(rgb()).bits, 8);
  CHECK_EQ(storage_of(tiff_image(64, 48, 16, 3, 16)).bits, 16);
  CHECK_EQ(storage_of(rgb().set(tag::kBits, {8})).bits, 8);  // one value for all samples
  CHECK_EQ(storage_of(rgb().set(tag::kSampleFormat, {1, 1, 1})).bits, 8);
  for (const std::uint64_t bits : {1, 2, 4, 12, 32, 64})
    check_refused("UNSUPPORTED_PIXELS", (std::to_string(bits) + "-bit").c_str(),
                  rgb().set(tag::kBits, {bits, bits, bits}));
  check_refused("UNSUPPORTED_PIXELS", "1-bit", rgb().remove(tag::kBits));  // what TIFF says then
  check_refused("UNSUPPORTED_PIXELS", "mixed", rgb().set(tag::kBits, {8, 8, 16}));
  check_refused("UNSUPPORTED_PIXELS", "signed", rgb().set(tag::kSampleFormat, {2, 2, 2}));
  check_refused("UNSUPPORTED_PIXELS", "floating-point", rgb().set(tag::kSampleFormat, {3}));
  check_refused("UNSUPPORTED_PIXELS", "undefined", rgb().set(tag::kSampleFormat, {4}));
  check_refused("UNSUPPORTED_PIXELS", "complex", rgb().set(tag::kSampleFormat, {6}));
  check_refused("UNSUPPORTED_PIXELS", "0 samples", rgb().set(tag::kSamples, {0}));
  check_refused("NOT_A_SLIDE", "BitsPerSample", rgb().rational(tag::kBits, 8, 1));
}

TEST(extra_samples_and_alpha) {
  const auto rgba = [] { return tiff_image(64, 48, 16, 4); };
  Storage storage = storage_of(rgba().set(tag::kExtraSamples, {1}));
  CHECK(storage.alpha == Alpha::Associated);
  CHECK_EQ(storage.alpha_sample, 3);
  storage = storage_of(rgba().set(tag::kExtraSamples, {2}));
  CHECK(storage.alpha == Alpha::Unassociated);
  storage = storage_of(rgba().set(tag::kExtraSamples, {0}));
  CHECK(storage.alpha == Alpha::None);
  CHECK_EQ(storage.alpha_sample, -1);
  CHECK_EQ(storage.samples, 4);
  storage = storage_of(rgba());  // undeclared: ignored
  CHECK(storage.alpha == Alpha::None);
  storage = storage_of(tiff_image(64, 48, 16, 5).set(tag::kExtraSamples, {0, 2}));
  CHECK_EQ(storage.alpha_sample, 4);
  storage = storage_of(tiff_image(64, 48, 16, 2).set(tag::kExtraSamples, {1}));
  CHECK(storage.photometric == Photometric::MinIsBlack);
  CHECK_EQ(storage.alpha_sample, 1);
  check_refused("UNSUPPORTED_PIXELS", "extra", rgb().set(tag::kExtraSamples, {1}));
  check_refused("UNSUPPORTED_PIXELS", "extra", rgba().set(tag::kExtraSamples, {1, 2}));
  check_refused("UNSUPPORTED_PIXELS", "extra", tiff_image(64, 48, 16, 5));
  check_refused("UNSUPPORTED_PIXELS", "extra", tiff_image(64, 48, 16, 2).set(tag::kPhotometric, {2}));
  check_refused("UNSUPPORTED_PIXELS", "extra", rgb().set(tag::kPhotometric, {1}));
}

TEST(codecs_with_pixels_they_cannot_hold) {
  const auto with = [](std::uint64_t compression, std::uint64_t samples, std::uint64_t bits) {
    return tiff_image(64, 48, 16, samples, bits).set(tag::kCompression, {compression});
  };
  CHECK_EQ(storage_of(with(7, 1, 8)).samples, 1);
  CHECK_EQ(storage_of(with(50001, 4, 8).set(tag::kExtraSamples, {2})).alpha_sample, 3);
  check_refused("UNSUPPORTED_PIXELS", "4 samples", with(7, 4, 8));
  check_refused("UNSUPPORTED_PIXELS", "2 samples", with(7, 2, 8));
  check_refused("UNSUPPORTED_PIXELS", "16-bit", with(7, 3, 16));
  check_refused("UNSUPPORTED_COMPRESSION", "JPEG of 12-bit samples", with(7, 3, 12));
  check_refused("UNSUPPORTED_PIXELS", "planes", with(7, 3, 8).set(tag::kPlanar, {2}));
  check_refused("UNSUPPORTED_PIXELS", "webp", with(50001, 1, 8));
  check_refused("UNSUPPORTED_PIXELS", "webp", with(50001, 3, 16));
  check_refused("UNSUPPORTED_PIXELS", "palette", with(7, 1, 8).set(tag::kPhotometric, {3}));
}

TEST(layout_predictor_fill_order) {
  CHECK(!storage_of(rgb()).planar);
  CHECK(!storage_of(grey().set(tag::kPlanar, {2})).planar);  // one plane either way
  TiffDirectory planes = rgb().set(tag::kPlanar, {2}).tiles(std::vector<Bytes>(36, Bytes(256, 1)));
  CHECK(storage_of(planes).planar);
  check_refused("UNSUPPORTED_PIXELS", "planar configuration 3", rgb().set(tag::kPlanar, {3}));
  for (const std::uint64_t compression : {5, 8, 50000})
    CHECK_EQ(storage_of(rgb().set(tag::kCompression, {compression}).set(tag::kPredictor, {2})).predictor, 2);
  check_refused("UNSUPPORTED_PIXELS", "predictor 2", rgb().set(tag::kPredictor, {2}));
  // Codecs of pictures know none: whatever the tag says there is ignored.
  for (const std::uint64_t compression : {7, 50001, 33003, 33005, 34712})
    for (const std::uint64_t predictor : {2, 3, 77})
      CHECK_EQ(storage_of(rgb().set(tag::kCompression, {compression}).set(tag::kPredictor, {predictor})).predictor, 1);
  CHECK_EQ(storage_of(jpeg().text(tag::kPredictor, "none")).predictor, 1);
  check_refused("UNSUPPORTED_PIXELS", "floating-point predictor",
                rgb().set(tag::kCompression, {8}).set(tag::kPredictor, {3}));
  CHECK_EQ(storage_of(rgb().set(tag::kFillOrder, {2})).fill_order, 2);
  check_refused("UNSUPPORTED_PIXELS", "fill order", rgb().set(tag::kFillOrder, {3}));
}

TEST(sizes) {
  check_refused("NOT_A_SLIDE", "ImageWidth is 0", rgb().set(tag::kWidth, {0}));
  check_refused("NOT_A_SLIDE", "ImageLength is missing", rgb().remove(tag::kHeight));
  check_refused("NOT_A_SLIDE", "ImageWidth", rgb().set(tag::kWidth, {0x80000000}));
  check_refused("NOT_A_SLIDE", "TileWidth is 0", rgb().set(tag::kTileWidth, {0}));
  check_refused("NOT_A_SLIDE", "TileLength is missing", rgb().remove(tag::kTileHeight));
  const Storage larger = storage_of(tiff_image(10, 5, 64));  // a tile may be larger than the image
  CHECK_EQ(larger.tiles_across(), 1);
  CHECK_EQ(larger.tile_width_px, 64);
}

TEST(strips) {
  const auto strips = [] { return tiff_image(40, 50, 0); };
  Storage storage = storage_of(strips());
  CHECK(!storage.tiled);
  CHECK_EQ(storage.tile_width_px, 40);
  CHECK_EQ(storage.tile_height_px, 16);
  CHECK_EQ(storage.tiles_down(), 4);
  for (const std::uint64_t rows : {0ull, 50ull, 51ull, 0xFFFFFFFFull})
    CHECK_EQ(storage_of(strips().set(tag::kRowsPerStrip, {rows})).tile_height_px, 50);
  CHECK_EQ(storage_of(strips().remove(tag::kRowsPerStrip)).tile_height_px, 50);
}

TEST(limits_are_per_stored_tile) {
  // A slide of 2^31 - 1 by 2^31 - 1 pixels is no reason to refuse; a tile that no limit can allow is.
  check_refused("LIMIT_EXCEEDED", "limits.decodedTileBytes",
                rgb().set(tag::kTileWidth, {0x7FFFFFFF}).set(tag::kTileHeight, {0x7FFFFFFF}));
  check_refused("LIMIT_EXCEEDED", "more than 2^53",
                rgb()
                    .set(tag::kSamples, {0xFFFF})
                    .set(tag::kBits, {8})
                    .set(tag::kExtraSamples, std::vector<std::uint64_t>(0xFFFF - 3, 0), type::kByte)
                    .set(tag::kTileWidth, {0x7FFFFFFF})
                    .set(tag::kTileHeight, {0x7FFFFFFF}));
  // One that a limit forbids can be opened and listed, and is refused when its pixels are asked for.
  slide::OpenOptions options;
  options.limits.decoded_tile_bytes = 16 * 16 * 3 - 1;
  CHECK_EQ(storage_of(rgb(), options).tile_width_px, 16);
  const auto strip = [] { return tiff_image(100000, 16, 0).set(tag::kHeight, {100000}).remove(tag::kRowsPerStrip); };
  CHECK_EQ(storage_of(strip().set(tag::kCompression, {8})).tile_height_px, 100000);
  CHECK_EQ(storage_of(strip()).tile_height_px, 3);  // a MiB and no more: read in parts
  CHECK_EQ(storage_of(strip()).strip_parts, 33334);
}

TEST(jpeg_tables) {
  const Bytes tables = {0xFF, 0xD8, 0xFF, 0xDB, 0, 3, 1, 0xFF, 0xD9};
  CHECK(storage_of(jpeg().blob(tag::kJpegTables, tables)).jpeg_tables == tables);
  CHECK(storage_of(rgb().blob(tag::kJpegTables, tables)).jpeg_tables.empty());
  check_refused("LIMIT_EXCEEDED", "JPEGTables", jpeg().blob(tag::kJpegTables, Bytes(70000, 1)));
  check_refused("TRUNCATED", "JPEGTables",
                jpeg().blob(tag::kJpegTables, tables).claim_offset(tag::kJpegTables, 0x7FFFFFFF));
  check_refused("NOT_A_SLIDE", "JPEGTables", jpeg().set(tag::kJpegTables, {1, 2, 3}, type::kLong));
}

TEST_MAIN

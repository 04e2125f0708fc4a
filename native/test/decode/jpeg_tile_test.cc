// JPEG tiles through libjpeg-turbo: colour by the tag, shared tables, sizes, damage, and recovery from it.
#include <thread>

#include "decode/jpeg_stream.h"
#include "test/decode/codec_support.h"

namespace {

using namespace microtome;
using namespace microtome::decode;
using namespace microtome::test;
using slide::Compression;
using slide::Photometric;

slide::Storage jpeg_storage(std::int64_t side, Photometric photometric, int samples = 3) {
  auto storage = storage_of(side, side, side, side, Compression::Jpeg);
  storage.photometric = photometric;
  storage.samples = samples;
  return storage;
}

// The segments before the first scan, and the rest.
struct Split {
  Bytes tables;  // SOI, quantization and Huffman tables, EOI
  Bytes tile;    // SOI, everything else
};
Split split(const Bytes& jpeg, bool keep_applications) {
  Split out{{0xFF, 0xD8}, {0xFF, 0xD8}};
  std::size_t at = 2;
  while (jpeg[at + 1] != 0xDA) {
    const std::size_t end = at + 2 + static_cast<std::size_t>(jpeg[at + 2] << 8 | jpeg[at + 3]);
    const bool table = jpeg[at + 1] == 0xDB || jpeg[at + 1] == 0xC4;
    const bool application = jpeg[at + 1] >= 0xE0 && jpeg[at + 1] <= 0xEF;
    Bytes& to = table ? out.tables : out.tile;
    if (!application || keep_applications)
      to.insert(to.end(), jpeg.begin() + static_cast<std::ptrdiff_t>(at),
                jpeg.begin() + static_cast<std::ptrdiff_t>(end));
    at = end;
  }
  out.tables.insert(out.tables.end(), {0xFF, 0xD9});
  out.tile.insert(out.tile.end(), jpeg.begin() + static_cast<std::ptrdiff_t>(at), jpeg.end());
  return out;
}

Bytes with_jfif(const Bytes& jpeg) {
  const Bytes jfif{0xFF, 0xE0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0};
  Bytes out(jpeg.begin(), jpeg.begin() + 2);
  out.insert(out.end(), jfif.begin(), jfif.end());
  out.insert(out.end(), jpeg.begin() + 2, jpeg.end());
  return out;
}

Bytes uniform(int side, std::uint8_t r, std::uint8_t g, std::uint8_t b) {
  Bytes rgb;
  for (int i = 0; i < side * side; ++i) rgb.insert(rgb.end(), {r, g, b});
  return rgb;
}

TEST(pixels_equal_libjpeg_turbos_own) {
  if (!have_jpeg(__func__)) return;
  const JpegTool tool;
  for (const bool progressive : {false, true})
    for (const bool half : {false, true}) {
      const Bytes jpeg = tool.encode(picture(48, 48), 48, 48, {.progressive = progressive, .half_chroma = half});
      CHECK(decode_single(jpeg_storage(48, Photometric::YCbCr), {jpeg}) == tool.decode(jpeg, 48, 48));
    }
}

TEST(shared_tables_are_put_back) {
  if (!have_jpeg(__func__)) return;
  const JpegTool tool;
  const Bytes jpeg = tool.encode(picture(48, 48), 48, 48);
  const Split parts = split(jpeg, true);
  auto storage = jpeg_storage(48, Photometric::YCbCr);
  storage.jpeg_tables = parts.tables;
  CHECK(decode_single(storage, {parts.tile}) == tool.decode(jpeg, 48, 48));
}

TEST(the_photometric_tag_decides_the_colours) {
  if (!have_jpeg(__func__)) return;
  const JpegTool tool;
  const Bytes red = uniform(16, 255, 0, 0);
  const Bytes ycc_inside = tool.encode(red, 16, 16);                        // carries a JFIF marker
  const Bytes rgb_inside = tool.encode(red, 16, 16, {.rgb_inside = true});  // carries an Adobe marker: RGB
  CHECK(largest_difference(decode_single(jpeg_storage(16, Photometric::YCbCr), {ycc_inside}), red) <= 3);
  CHECK(largest_difference(decode_single(jpeg_storage(16, Photometric::Rgb), {rgb_inside}), red) <= 3);
  // Red is Y 76, Cb 85, Cr 255: under the RGB tag the samples come out as they are, whatever the markers say.
  CHECK(largest_difference(decode_single(jpeg_storage(16, Photometric::Rgb), {ycc_inside}), uniform(16, 76, 85, 255)) <=
        3);
  // RGB samples without a marker of their own, or with a JFIF one that means YCbCr to a decoder left to guess.
  const Bytes bare = split(rgb_inside, false).tile;
  auto storage = jpeg_storage(16, Photometric::Rgb);
  storage.jpeg_tables = split(rgb_inside, false).tables;
  CHECK(largest_difference(decode_single(storage, {bare}), red) <= 3);
  CHECK(largest_difference(decode_single(storage, {with_jfif(bare)}), red) <= 3);
  // And RGB samples under the YCbCr tag are converted: Y 255, Cb 0, Cr 0.
  storage.photometric = Photometric::YCbCr;
  CHECK(largest_difference(decode_single(storage, {bare}), red) > 60);
}

TEST(grey_and_inverted_grey) {
  if (!have_jpeg(__func__)) return;
  const JpegTool tool;
  const Bytes jpeg = tool.encode(picture(32, 32), 32, 32, {.grey = true});
  const Bytes reference = tool.decode(jpeg, 32, 32);
  CHECK(decode_single(jpeg_storage(32, Photometric::MinIsBlack, 1), {jpeg}) == reference);
  Bytes inverted = reference;
  for (auto& value : inverted) value = static_cast<std::uint8_t>(255 - value);
  CHECK(decode_single(jpeg_storage(32, Photometric::MinIsWhite, 1), {jpeg}) == inverted);
}

TEST(planes_of_grey_jpegs_become_rgb) {
  if (!have_jpeg(__func__)) return;
  const JpegTool tool;
  auto storage = jpeg_storage(16, Photometric::Rgb);
  storage.planar = true;
  std::vector<Bytes> planes;
  for (const std::uint8_t value : Bytes{40, 120, 200})
    planes.push_back(tool.encode(uniform(16, value, value, value), 16, 16, {.grey = true}));
  CHECK(largest_difference(decode_single(storage, planes), uniform(16, 40, 120, 200)) <= 1);
  planes.pop_back();
  CHECK_THROWS(CORRUPT_TILE, decode_single(storage, planes));
}

TEST(a_smaller_jpeg_is_taken_when_it_covers_the_image) {
  if (!have_jpeg(__func__)) return;
  const JpegTool tool;
  auto storage = jpeg_storage(64, Photometric::YCbCr);
  storage.width_px = 40;
  storage.height_px = 24;
  for (const auto& [width, height] : {std::pair{40, 24}, {48, 32}}) {  // of broken MCUs, and of whole ones
    const Bytes jpeg = tool.encode(picture(width, height), width, height);
    const Bytes inside = tool.decode(jpeg, width, height);
    const Bytes tile = decode_single(storage, {jpeg});
    int wrong = 0;
    for (int y = 0; y < 64; ++y)
      for (int x = 0; x < 64; ++x)
        for (int c = 0; c < 3; ++c) {
          const bool in = x < width && y < height;
          const int want = in ? inside[static_cast<std::size_t>(3 * (width * y + x) + c)] : 255;
          wrong += tile[static_cast<std::size_t>(3 * (64 * y + x) + c)] != want;
        }
    CHECK_EQ(wrong, 0);
  }
  CHECK_THROWS(CORRUPT_TILE, decode_single(storage, {tool.encode(picture(39, 24), 39, 24)}));
  CHECK_THROWS(CORRUPT_TILE, decode_single(storage, {tool.encode(picture(40, 23), 40, 23)}));
  CHECK_THROWS(CORRUPT_TILE, decode_single(storage, {tool.encode(picture(80, 64), 80, 64)}));
}

TEST(a_last_strip_has_the_rows_that_exist) {
  if (!have_jpeg(__func__)) return;
  const JpegTool tool;
  auto storage = storage_of(48, 40, 48, 32, Compression::Jpeg);
  storage.tiled = false;
  storage.photometric = Photometric::YCbCr;
  for (const int stored_rows : {8, 32}) {  // writers differ: the rows left, or a whole strip
    FakeSlide slide;
    slide.add_level(storage);
    const Bytes jpeg = tool.encode(picture(48, stored_rows), 48, stored_rows);
    slide.set_tile(0, 0, 1, jpeg);
    RgbImage out(48, 32, 77);
    TileDecoder decoder;
    decoder.decode(slide, slide.levels()[0].storage, 0, {0, 0, 1}, all_of({out.data.data(), 48, 8, 3 * 48}));
    const Bytes reference = tool.decode(jpeg, 48, stored_rows);
    const auto rows = 3 * 48 * 8;
    CHECK(std::equal(out.data.begin(), out.data.begin() + rows, reference.begin()));
    CHECK(std::all_of(out.data.begin() + rows, out.data.end(), [](std::uint8_t v) { return v == 77; }));
  }
}

TEST(wrong_numbers_of_components_are_refused) {
  if (!have_jpeg(__func__)) return;
  const JpegTool tool;
  const Bytes grey = tool.encode(picture(16, 16), 16, 16, {.grey = true});
  const Bytes color = tool.encode(picture(16, 16), 16, 16);
  CHECK_THROWS(CORRUPT_TILE, decode_single(jpeg_storage(16, Photometric::Rgb), {grey}));
  CHECK_THROWS(CORRUPT_TILE, decode_single(jpeg_storage(16, Photometric::MinIsBlack, 1), {color}));
  CHECK_THROWS(UNSUPPORTED_PIXELS, decode_single(jpeg_storage(16, Photometric::Rgb, 4), {color}));
}

// A tile that fails must not touch the next one: the same decoder, bad and good in turn.
TEST(damage_is_an_error_that_names_the_tile_and_leaves_the_decoder_usable) {
  if (!have_jpeg(__func__)) return;
  const JpegTool tool;
  const Bytes good = tool.encode(picture(64, 64), 64, 64);
  const Bytes reference = tool.decode(good, 64, 64);
  Bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(good.size() / 2));
  Bytes no_end(good.begin(), good.end() - 2);
  Bytes flipped = good;
  for (std::size_t i = flipped.size() - 200; i < flipped.size() - 150; ++i) flipped[i] = 0xFF;
  Bytes junk(500, 0x5A);

  FakeSlide slide;
  auto storage = storage_of(64 * 8, 64 * 2, 64, 64, Compression::Jpeg);
  storage.photometric = Photometric::YCbCr;
  slide.add_level(storage);
  const std::vector<Bytes> bad{cut, no_end, flipped, junk};
  for (std::size_t i = 0; i < bad.size(); ++i) {
    slide.set_tile(0, static_cast<std::int64_t>(2 * i), 1, bad[i]);
    slide.set_tile(0, static_cast<std::int64_t>(2 * i + 1), 1, good);
  }
  TileDecoder decoder;
  for (std::int64_t column = 0; column < 8; column += 2) {
    RgbImage out(64, 64);
    bool thrown = false;
    try {
      decoder.decode(slide, slide.levels()[0].storage, 0, {0, column, 1}, all_of(out.view()));
    } catch (const Error& error) {
      thrown = true;
      CHECK_EQ(code_name(error.code()), std::string_view("CORRUPT_TILE"));
      CHECK_EQ(error.path(), "fake slide");
      CHECK(error.tile().has_value() && error.tile()->column == column && error.tile()->row == 1);
      const std::string where = "level 0, column " + std::to_string(column) + ", row 1";
      CHECK(error.message().find(where) != std::string::npos);
    }
    CHECK(thrown);
    decoder.decode(slide, slide.levels()[0].storage, 0, {0, column + 1, 1}, all_of(out.view()));
    CHECK(plain(out.data) == reference);
  }
}

TEST(any_byte_may_be_wrong_without_harm) {
  if (!have_jpeg(__func__)) return;
  const JpegTool tool;
  const Bytes good = tool.encode(picture(24, 24), 24, 24);
  const auto storage = jpeg_storage(24, Photometric::YCbCr);
  int decoded = 0, refused = 0;
  for (std::size_t i = 0; i < good.size(); ++i)
    for (const std::uint8_t flip : Bytes{0x01, 0x80, 0xFF}) {
      Bytes bytes = good;
      bytes[i] = static_cast<std::uint8_t>(bytes[i] ^ flip);
      try {
        (void)decode_single(storage, {bytes});
        ++decoded;
      } catch (const Error& error) {
        CHECK_EQ(code_name(error.code()), std::string_view("CORRUPT_TILE"));
        ++refused;
      }
    }
  CHECK(decoded > 0);
  CHECK(refused > 0);
}

TEST(many_decoders_work_at_once) {
  if (!have_jpeg(__func__)) return;
  const JpegTool tool;
  FakeSlide slide;
  auto storage = storage_of(64 * 4, 64, 64, 64, Compression::Jpeg);
  storage.photometric = Photometric::YCbCr;
  slide.add_level(storage);
  std::vector<Bytes> references;
  for (int i = 0; i < 4; ++i) {
    const Bytes jpeg = tool.encode(picture(64, 64, 30 * i), 64, 64);
    slide.set_tile(0, i, 0, i == 3 ? Bytes(jpeg.begin(), jpeg.end() - 40) : jpeg);
    references.push_back(tool.decode(jpeg, 64, 64));
  }
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (std::size_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      TileDecoder decoder;
      RgbImage out(64, 64);
      for (std::size_t i = 0; i < 200; ++i) {
        const std::size_t column = (i + t) % 4;
        try {
          decoder.decode(slide, slide.levels()[0].storage, 0, {0, static_cast<std::int64_t>(column), 0},
                         all_of(out.view()));
          if (column == 3 || plain(out.data) != references[column]) ++wrong[t];
        } catch (const Error&) {
          if (column != 3) ++wrong[t];
        }
      }
      leave_thread();
    });
  for (auto& thread : threads) thread.join();
  for (const int count : wrong) CHECK_EQ(count, 0);
}

}  // namespace

TEST_MAIN

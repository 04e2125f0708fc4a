// Marker segments, without any library: what is accepted, what is refused, and what comes out of the splice.
#include "decode/jpeg_stream.h"

#include "decode/bad_tile.h"
#include "test/check.h"

namespace {

using namespace microtome::decode;
using Bytes = std::vector<std::uint8_t>;

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Bytes segment(std::uint8_t marker, const Bytes& body) {
  const std::size_t length = body.size() + 2;
  return Bytes{0xFF, marker, static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)} + body;
}

const Bytes kSoi{0xFF, 0xD8}, kEoi{0xFF, 0xD9};
const Bytes kQuantization = segment(0xDB, {0, 1, 2, 3});
const Bytes kHuffman = segment(0xC4, {0, 9, 9});
const Bytes kJfif = segment(0xE0, {'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0});
const Bytes kAdobeYcc = segment(0xEE, {'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, 1});
const Bytes kAdobeRgb = segment(0xEE, {'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, 0});
const Bytes kScan = segment(0xDA, {3, 1, 0, 2, 0, 3, 0, 0, 63, 0}) + Bytes{1, 2, 3, 0xFF, 0, 4};

Bytes frame(std::uint8_t marker, int components, int width, int height, std::uint8_t bits = 8) {
  Bytes body{bits,
             static_cast<std::uint8_t>(height >> 8),
             static_cast<std::uint8_t>(height),
             static_cast<std::uint8_t>(width >> 8),
             static_cast<std::uint8_t>(width),
             static_cast<std::uint8_t>(components)};
  for (int i = 0; i < components; ++i) body = body + Bytes{static_cast<std::uint8_t>(i + 1), 0x11, 0};
  return segment(marker, body);
}

bool refused(const Bytes& tile, const char* part) {
  try {
    (void)read_jpeg_frame(tile);
  } catch (const BadTile& bad) {
    return std::string(bad.what()).find(part) != std::string::npos;
  }
  return false;
}

TEST(frames_of_the_three_usual_processes_are_read) {
  for (const std::uint8_t marker : Bytes{0xC0, 0xC1, 0xC2}) {
    const JpegFrame found = read_jpeg_frame(kSoi + kJfif + frame(marker, 3, 300, 200) + kScan + kEoi);
    CHECK_EQ(found.width_px, 300);
    CHECK_EQ(found.height_px, 200);
    CHECK_EQ(found.components, 3);
  }
}

TEST(fill_bytes_before_a_marker_are_skipped) {
  const JpegFrame found = read_jpeg_frame(kSoi + Bytes{0xFF, 0xFF} + frame(0xC0, 1, 8, 9) + kScan);
  CHECK_EQ(found.height_px, 9);
  CHECK_EQ(found.components, 1);
}

TEST(everything_else_is_refused_by_name) {
  CHECK(refused({}, "start-of-image"));
  CHECK(refused({0x89, 'P', 'N', 'G'}, "start-of-image"));
  CHECK(refused(kSoi + frame(0xC0, 3, 8, 8, 9) + kScan, "9 bits"));
  CHECK(refused(kSoi + frame(0xC0, 3, 8, 0) + kScan, "no size"));
  CHECK(refused(kSoi + frame(0xC0, 3, 0, 8) + kScan, "no size"));
  CHECK(refused(kSoi + frame(0xC0, 0, 8, 8) + kScan, "no components"));
  CHECK(refused(kSoi + frame(0xC0, 3, 8, 8) + frame(0xC0, 3, 8, 8) + kScan, "more than one frame"));
  CHECK(refused(kSoi + kScan, "before the frame"));
  CHECK(refused(kSoi + frame(0xC0, 3, 8, 8) + kEoi, "no image data"));
  CHECK(refused(kSoi + frame(0xC0, 3, 8, 8), "ends before its first scan"));
  CHECK(refused(kSoi + Bytes{0xFF, 0xDB, 0xFF, 0xFF, 0}, "does not fit"));
  CHECK(refused(kSoi + Bytes{0xFF, 0xDB, 0, 1, 0}, "does not fit"));
  CHECK(refused(kSoi + Bytes{0xFF, 0xD0, 0, 4, 0, 0}, "unexpected marker"));
  CHECK(refused(kSoi + Bytes{0x12, 0x34, 0, 0}, "marker was expected"));
  CHECK(refused(kSoi + segment(0xC0, {8, 0, 8, 0, 8, 3, 1}) + kScan, "number of components"));
  CHECK(refused(kSoi + segment(0xC0, {8, 0, 8}) + kScan, "too short"));
}

TEST(other_processes_are_told_from_damage) {
  const auto process_of = [](const Bytes& tile) {
    try {
      (void)read_jpeg_frame(tile);
    } catch (const UnknownJpegProcess& process) {
      return std::string(process.what());
    } catch (const BadTile& bad) {
      return std::string("damaged: ") + bad.what();
    }
    return std::string("read");
  };
  const std::pair<std::uint8_t, const char*> processes[] = {{0xC3, "lossless JPEG (SOF3), marker 0xC3"},
                                                            {0xC5, "hierarchical JPEG, marker 0xC5"},
                                                            {0xC7, "hierarchical JPEG, marker 0xC7"},
                                                            {0xC9, "arithmetic-coded JPEG, marker 0xC9"},
                                                            {0xCA, "arithmetic-coded JPEG, marker 0xCA"},
                                                            {0xCB, "arithmetic-coded lossless JPEG, marker 0xCB"},
                                                            {0xCD, "arithmetic-coded hierarchical JPEG, marker 0xCD"},
                                                            {0xDE, "hierarchical JPEG, marker 0xDE"},
                                                            {0xF7, "JPEG-LS, marker 0xF7"}};
  for (const auto& [marker, name] : processes) CHECK_EQ(process_of(kSoi + frame(marker, 3, 8, 8) + kScan), name);
  for (const std::uint8_t marker : {0xC0, 0xC1, 0xC2})
    CHECK_EQ(process_of(kSoi + frame(marker, 3, 8, 8, 12) + kScan), "JPEG of 12-bit samples");
  CHECK_EQ(process_of(kSoi + frame(0xC1, 3, 8, 8) + kScan), "read");
}

TEST(every_prefix_of_a_stream_is_refused_without_reading_beyond_it) {
  const Bytes whole =
      kSoi + kJfif + kQuantization + frame(0xC0, 3, 8, 8) + kHuffman + segment(0xDA, {1, 1, 0, 0, 63, 0});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes prefix(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    bool thrown = false;
    try {
      (void)read_jpeg_frame(prefix);
    } catch (const BadTile&) {
      thrown = true;
    }
    CHECK(thrown);
  }
}

TEST(the_splice_states_the_colour_space_and_drops_what_the_tile_says_about_it) {
  const Bytes sof = frame(0xC0, 3, 8, 8);
  const Bytes tile = kSoi + kJfif + kAdobeYcc + segment(0xFE, {'x'}) + sof + kScan + kEoi;
  const Bytes tables = kSoi + kJfif + kQuantization + kHuffman + kEoi;
  JpegStream out;
  splice_jpeg(tables, tile, 3, JpegColor::AsStored, out);
  CHECK(out.bytes == kSoi + kAdobeRgb + kQuantization + kHuffman + sof + kScan + kEoi);
  splice_jpeg({}, tile, 3, JpegColor::YCbCr, out);
  CHECK(out.bytes == kSoi + kAdobeYcc + sof + kScan + kEoi);
}

TEST(grey_needs_no_colour_space) {
  const Bytes sof = frame(0xC0, 1, 8, 8);
  JpegStream out;
  splice_jpeg({}, kSoi + kJfif + sof + kScan + kEoi, 1, JpegColor::AsStored, out);
  CHECK(out.bytes == kSoi + sof + kScan + kEoi);
}

TEST(the_tiles_own_tables_come_after_the_shared_ones) {
  const Bytes own = segment(0xDB, {0, 7, 7, 7});
  const Bytes sof = frame(0xC0, 1, 8, 8);
  JpegStream out;
  splice_jpeg(kSoi + kQuantization + kEoi, kSoi + own + sof + kScan, 1, JpegColor::AsStored, out);
  CHECK(out.bytes == kSoi + kQuantization + own + sof + kScan);
}

TEST(tables_must_be_tables) {
  const Bytes tile = kSoi + frame(0xC0, 1, 8, 8) + kScan;
  const Bytes cut(kQuantization.begin(), kQuantization.end() - 1);
  for (const Bytes& tables : {Bytes{1, 2, 3, 4}, kSoi + cut, kSoi + frame(0xC0, 1, 8, 8) + kEoi, kSoi + kScan,
                              kSoi + kQuantization + Bytes{7, 0}, kSoi}) {
    JpegStream out;
    bool thrown = false;
    try {
      splice_jpeg(tables, tile, 1, JpegColor::AsStored, out);
    } catch (const BadJpegTables&) {
      thrown = true;
    }
    CHECK(thrown);
  }
}

TEST(tables_need_no_end_marker) {
  const Bytes tile = kSoi + frame(0xC0, 1, 8, 8) + kScan;
  JpegStream whole, out;
  splice_jpeg(kSoi + kQuantization + kHuffman + kEoi, tile, 1, JpegColor::AsStored, whole);
  for (const Bytes& end : {Bytes{}, Bytes{0}, Bytes{0, 0, 0}, Bytes{0xFF}, Bytes{0xFF, 0xFF}}) {
    splice_jpeg(kSoi + kQuantization + kHuffman + end, tile, 1, JpegColor::AsStored, out);
    CHECK(out.bytes == whole.bytes);
  }
}

// One scan of `components`, each with Huffman tables 0.
Bytes scan_of(std::uint8_t components) {
  Bytes body{components};
  for (std::uint8_t i = 1; i <= components; ++i) body = body + Bytes{i, 0};
  return segment(0xDA, body + Bytes{0, 63, 0}) + Bytes{0x12, 0x34};
}

Bytes huffman_table(std::uint8_t class_and_number) {
  Bytes body{class_and_number, 1};
  body.resize(17);
  return segment(0xC4, body + Bytes{0});
}

// What a stream refers to and does not bring would be filled from the tile decoded before it.
TEST(a_stream_says_whether_it_brings_its_tables) {
  Bytes quantization{0};
  quantization.resize(65, 1);
  const Bytes dqt = segment(0xDB, quantization);
  const Bytes dc = huffman_table(0x00), ac = huffman_table(0x10);
  const Bytes sof = frame(0xC0, 1, 8, 8);
  const auto self_contained = [](const Bytes& tables, const Bytes& tile) {
    JpegStream out;
    splice_jpeg(tables, tile, 1, JpegColor::AsStored, out);
    return out.self_contained;
  };
  CHECK(self_contained({}, kSoi + dqt + dc + ac + sof + scan_of(1)));
  CHECK(self_contained(kSoi + dqt + dc + ac + kEoi, kSoi + sof + scan_of(1)));
  CHECK(self_contained(kSoi + dqt + kEoi, kSoi + sof + dc + ac + scan_of(1)));
  CHECK(!self_contained(kSoi + dqt + dc + kEoi, kSoi + sof + scan_of(1)));
  CHECK(!self_contained(kSoi + dc + ac + kEoi, kSoi + sof + scan_of(1)));
  CHECK(!self_contained({}, kSoi + sof + scan_of(1)));
  CHECK(!self_contained({}, kSoi + dqt + dc + huffman_table(0x11) + sof + scan_of(1)));
  CHECK(!self_contained({}, kSoi + dqt + dc + ac + sof + scan_of(3)));  // not all components in the first scan
  CHECK(!self_contained({}, kSoi + dqt + dc + ac + frame(0xC2, 1, 8, 8) + scan_of(1)));  // progressive
}

}  // namespace

TEST_MAIN

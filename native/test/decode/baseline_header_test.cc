// Which headers our own JPEG decoder takes on.
#include "decode/baseline_header.h"

#include <algorithm>

#include "decode/jpeg_stream.h"
#include "test/check.h"
#include "test/decode/baseline_writer.h"

namespace {

using namespace microtome::decode;
using microtome::test::BaselineWriter;
using Bytes = std::vector<std::uint8_t>;
using Segments = std::vector<Bytes>;

Bytes with_adobe(const Bytes& jpeg, bool ycbcr = true) {
  JpegStream stream;
  splice_jpeg({}, jpeg, 3, ycbcr ? JpegColor::YCbCr : JpegColor::AsStored, stream);
  return stream.bytes;
}

bool reads(const Segments& segments, int sampling = 0x22, bool ycbcr = true) {
  BaselineHeader header;
  return header.read(with_adobe(BaselineWriter(sampling).bytes(segments), ycbcr));
}

TEST(a_plain_header_is_read) {
  BaselineWriter writer(0x22);
  for (std::size_t i = 0; i < 64; ++i) writer.quant[i] = static_cast<std::uint8_t>(i + 1);
  const Bytes stream = with_adobe(writer.bytes());
  BaselineHeader header;
  CHECK(header.read(stream));
  CHECK_EQ(header.width_px, std::int64_t{32});
  CHECK_EQ(header.height_px, std::int64_t{16});
  CHECK(header.chroma == Chroma::HalfBoth);
  CHECK(header.ycbcr);
  CHECK_EQ(static_cast<int>((*header.components[2].quant)[8]), 3);  // below DC comes the third of the stream
  const Bytes scan(stream.begin() + static_cast<std::ptrdiff_t>(header.scan_begin) - 2, stream.end());
  CHECK_EQ(static_cast<int>(scan[0]), 63);
  CHECK(header.read(with_adobe(BaselineWriter(0x11).bytes(), false)));
  CHECK(header.chroma == Chroma::Full);
  CHECK(!header.ycbcr);
  CHECK(header.read(with_adobe(BaselineWriter(0x21).bytes())));
  CHECK(header.chroma == Chroma::HalfWidth);
}

TEST(the_last_definition_of_a_table_counts) {
  Segments segments = BaselineWriter(0x22).segments();
  Bytes other = segments[BaselineWriter::kQuant];
  std::fill(other.begin() + 5, other.end(), 9);
  segments.push_back(segments.back());
  segments[segments.size() - 2] = other;
  BaselineHeader header;
  CHECK(header.read(with_adobe(BaselineWriter(0x22).bytes(segments))));
  CHECK_EQ(static_cast<int>((*header.components[0].quant)[0]), 9);
  // An unusable table that a good one replaces is nobody's business.
  segments = BaselineWriter(0x22).segments();
  segments.insert(segments.begin(), BaselineWriter::segment(0xC4, BaselineWriter::huffman(0x10, 2, 1)));
  CHECK(reads(segments));
  std::rotate(segments.begin(), segments.begin() + 1, segments.end() - 1);
  CHECK(!reads(segments));
}

// Each takes one thing from a header that is read.
TEST(whatever_is_unusual_is_left_alone) {
  const Segments good = BaselineWriter(0x22).segments();
  CHECK(reads(good));
  const auto changed = [&good](BaselineWriter::Part part, std::size_t at, int value) {
    Segments segments = good;
    segments[part][at] = static_cast<std::uint8_t>(value);
    return segments;
  };
  const auto added = [&good](const Bytes& segment) {
    Segments segments = good;
    segments.insert(segments.begin(), segment);
    return segments;
  };
  using Writer = BaselineWriter;
  CHECK(!reads(changed(Writer::kQuant, 4, 0x10)));   // steps of 16 bits
  CHECK(!reads(changed(Writer::kQuant, 4, 1)));      // not the table that the frame names
  CHECK(!reads(changed(Writer::kFrame, 4, 12)));     // bits a sample
  CHECK(!reads(changed(Writer::kFrame, 6, 8)));      // half an MCU high
  CHECK(!reads(changed(Writer::kFrame, 8, 24)));     // half an MCU wide
  CHECK(!reads(changed(Writer::kFrame, 11, 0x12)));  // chroma of half the height only
  CHECK(!reads(changed(Writer::kFrame, 12, 3)));     // no such table
  Segments twins = changed(Writer::kFrame, 13, 1);   // an id twice
  twins[Writer::kScan][7] = 1;
  CHECK(!reads(twins));
  CHECK(!reads(changed(Writer::kFrame, 14, 0x22)));        // chroma as large as Y, but by two
  CHECK(!reads(changed(Writer::kDc, 4, 0x04)));            // table 4
  CHECK(!reads(changed(Writer::kDc, 4, 0x01)));            // not the table that the scan names
  CHECK(!reads(changed(Writer::kScan, 5, 2)));             // components in another order
  CHECK(!reads(changed(Writer::kScan, 6, 0x10)));          // no such table
  CHECK(!reads(changed(Writer::kScan, 11, 1)));            // without DC
  CHECK(!reads(changed(Writer::kScan, 12, 62)));           // without the last
  CHECK(!reads(changed(Writer::kScan, 13, 1)));            // not in full
  CHECK(!reads(added(good[Writer::kFrame])));              // two frames
  CHECK(!reads(added(Writer::segment(0xDD, {0, 1}))));     // restart markers
  CHECK(!reads(added(Writer::segment(0xCC, {0, 0}))));     // arithmetic coding
  CHECK(!reads(added(Writer::segment(0xC4, Bytes(16)))));  // half a table
  CHECK(!reads(good, 0x22, false));                        // RGB whose second component is smaller
  Segments wide = good;
  wide[Writer::kFrame][7] = 0xFF;  // 65504 + 16 would be: libjpeg's limit is 65500
  wide[Writer::kFrame][8] = 0xE0;
  CHECK(!reads(wide));
}

TEST(nothing_of_the_header_before_is_left) {
  BaselineHeader header;
  const Segments good = BaselineWriter(0x22).segments();
  for (const auto part : {BaselineWriter::kQuant, BaselineWriter::kFrame, BaselineWriter::kDc, BaselineWriter::kAc}) {
    CHECK(header.read(with_adobe(BaselineWriter(0x22).bytes(good))));
    Segments without = good;
    without.erase(without.begin() + part);
    CHECK(!header.read(with_adobe(BaselineWriter(0x22).bytes(without))));
  }
}

TEST(the_colours_must_be_stated_once_and_by_adobes_marker) {
  const Bytes jpeg = BaselineWriter(0x22).bytes(), stated = with_adobe(jpeg);
  BaselineHeader header;
  CHECK(header.read(stated));
  CHECK(!header.read(jpeg));
  Bytes other = stated;
  other[6] = 'B';
  CHECK(!header.read(other));
  other = stated;
  other[17] = 2;  // YCCK
  CHECK(!header.read(other));
}

TEST(every_prefix_is_left_alone_without_reading_beyond_it) {
  const Bytes stream = with_adobe(BaselineWriter(0x22).bytes());
  BaselineHeader header;
  CHECK(header.read(stream));
  for (std::size_t bytes = 0; bytes < header.scan_begin; ++bytes) {
    const Bytes prefix(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(bytes));
    CHECK(!BaselineHeader().read(prefix));
  }
}

}  // namespace

TEST_MAIN

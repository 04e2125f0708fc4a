// Our own decoder of baseline JPEG against libjpeg-turbo: the same pixels for what it takes on, and what it leaves
// alone.
#include "decode/baseline_jpeg.h"

#include <random>

#include "core/simd.h"
#include "decode/bad_tile.h"
#include "decode/codecs.h"
#include "decode/jpeg_decoder.h"
#include "decode/jpeg_stream.h"
#include "test/decode/baseline_writer.h"
#include "test/decode/codec_support.h"

namespace {

using namespace microtome;
using namespace microtome::decode;
using namespace microtome::test;

bool can_run(const char* test) {
  if (!have_jpeg(test)) return false;
  if (BaselineJpeg::available()) return true;
  std::printf("skipped: %s\n", test);
  return false;
}

JpegStream stream_of(const Bytes& jpeg, JpegColor color = JpegColor::YCbCr) {
  JpegStream stream;
  splice_jpeg({}, jpeg, 3, color, stream);
  return stream;
}

enum class Outcome { LeftAlone, Same, Different };

// Windows that begin and end anywhere, overlap, and leave pixels out.
bool windows_are_parts(BaselineJpeg& decoder, const JpegStream& stream, const JpegFrame& frame, const Bytes& whole,
                       std::int64_t stride) {
  const std::int64_t width = frame.width_px, height = frame.height_px;
  struct Part {
    std::int64_t x, y, width, height;
    Bytes pixels;
  };
  std::vector<Part> parts{{0, 0, width, 1, {}},         {3, 2, width - 3, height - 2, {}}, {4, 1, 1, height - 1, {}},
                          {0, height - 1, 7, 1, {}},    {1, 0, width / 2, height / 2, {}}, {2, 3, width - 4, 5, {}},
                          {width - 1, 0, 1, height, {}}};
  std::vector<TileWindow> windows;
  for (Part& part : parts) {
    part.pixels.assign(static_cast<std::size_t>(stride * part.height), 77);
    windows.push_back({part.x, part.y, {part.pixels.data(), part.width, part.height, stride}});
  }
  if (!decoder.decode(stream.bytes, width, height, windows)) return false;
  int wrong = 0;
  for (const Part& part : parts)
    for (std::int64_t y = 0; y < part.height; ++y)
      for (std::int64_t i = 0; i < stride; ++i) {
        const int is = part.pixels[static_cast<std::size_t>(y * stride + i)];
        wrong +=
            is != (i < 3 * part.width ? whole[static_cast<std::size_t>((part.y + y) * stride + 3 * part.x + i)] : 77);
      }
  return wrong == 0;
}

// Rows are apart, and what lies between them must stay as it was.
Outcome outcome_of(BaselineJpeg& decoder, const JpegStream& stream) {
  const JpegFrame frame = read_jpeg_frame(stream.bytes);
  const std::int64_t row_bytes = 3 * frame.width_px, stride = row_bytes + 7;
  Bytes own(static_cast<std::size_t>(stride * frame.height_px), 77), reference = own;
  const TileWindow whole{0, 0, {own.data(), frame.width_px, frame.height_px, stride}};
  if (!decoder.decode(stream.bytes, frame.width_px, frame.height_px, {&whole, 1})) return Outcome::LeftAlone;
  try {
    JpegDecoder(turbojpeg()).decode(stream, frame, 1, reference.data(), stride);
  } catch (const BadTile&) {
    return Outcome::Different;
  }
  return own == reference && windows_are_parts(decoder, stream, frame, own, stride) ? Outcome::Same
                                                                                    : Outcome::Different;
}

Outcome outcome_of(const JpegStream& stream) {
  BaselineJpeg decoder;
  return outcome_of(decoder, stream);
}

Bytes noise(int width, int height, unsigned seed) {
  std::minstd_rand random(seed);
  Bytes rgb(static_cast<std::size_t>(3 * width * height));
  for (auto& value : rgb) value = static_cast<std::uint8_t>(random() >> 8);
  return rgb;
}

TEST(pixels_equal_libjpeg_turbos_in_every_subsampling) {
  if (!can_run(__func__)) return;
  const JpegTool tool;
  using Options = JpegTool::Options;
  const std::vector<Options> kinds{{}, {.half_width = true}, {.half_chroma = false}, {.rgb_inside = true}};
  const std::vector<std::pair<int, int>> sizes{{16, 16}, {32, 16}, {48, 80}, {240, 240}, {256, 256}, {272, 32}};
  BaselineJpeg decoder;  // one for all
  int decoded = 0;
  for (Options options : kinds)
    for (const auto& [width, height] : sizes)
      for (const int quality : {10, 50, 75, 90, 100}) {
        options.quality = quality;
        const JpegColor color = options.rgb_inside ? JpegColor::AsStored : JpegColor::YCbCr;
        for (const Bytes& pixels : {picture(width, height), noise(width, height, 1), Bytes(3 * width * height, 200)}) {
          CHECK(outcome_of(decoder, stream_of(tool.encode(pixels, width, height, options), color)) == Outcome::Same);
          ++decoded;
        }
      }
  CHECK_EQ(decoded, 4 * 6 * 5 * 3);
}

TEST(blocks_of_eight_end_a_row_of_full_chroma) {
  if (!can_run(__func__)) return;
  const JpegTool tool;
  for (const int width : {8, 24, 40, 56, 72, 136})
    for (const bool rgb : {false, true}) {
      const Bytes jpeg = tool.encode(noise(width, 24, 3), width, 24, {.rgb_inside = rgb, .half_chroma = false});
      CHECK(outcome_of(stream_of(jpeg, rgb ? JpegColor::AsStored : JpegColor::YCbCr)) == Outcome::Same);
    }
}

// Coefficients that no encoder writes, up to the largest that baseline can hold, in sparse and in full blocks.
TEST(extreme_coefficients_come_out_as_libjpeg_turbos_or_are_left_to_it) {
  if (!can_run(__func__)) return;
  std::minstd_rand random(7);
  BaselineJpeg decoder;  // one for all: what it refused half-way must not show in the next
  const auto below = [&random](unsigned bound) { return static_cast<int>((random() >> 4) % bound); };
  int same = 0, left_alone = 0;
  for (int i = 0; i < 3000; ++i) {
    BaselineWriter writer(i % 3 == 0 ? 0x22 : i % 3 == 1 ? 0x21 : 0x11);
    const int largest = 1 << below(11), count = 1 + below(i % 2 == 0 ? 64 : 8);
    for (auto& divisor : writer.quant) divisor = static_cast<std::uint8_t>(1 + below(i % 5 == 0 ? 255 : 24));
    for (auto& block : writer.blocks)
      for (int k = 0; k < count; ++k)
        block[static_cast<std::size_t>(below(i % 4 == 0 ? 10 : 64))] = static_cast<std::int16_t>(
            std::clamp(below(2) == 0 ? below(static_cast<unsigned>(2 * largest)) - largest : largest, -1023, 1023));
    const Outcome outcome = outcome_of(decoder, stream_of(writer.bytes()));
    CHECK(outcome != Outcome::Different);
    ++(outcome == Outcome::Same ? same : left_alone);
  }
  CHECK(same > 1000);
  CHECK(left_alone > 10);
}

// The first row of coefficients may be as large as this; beyond it libjpeg-turbo's short ways wrap.
TEST(blocks_of_dc_alone_are_right_up_to_the_largest) {
  if (!can_run(__func__)) return;
  BaselineJpeg decoder;
  const auto outcome = [&decoder](int divisor, const std::vector<int>& differences) {
    BaselineWriter writer(0x22);
    writer.quant[0] = static_cast<std::uint8_t>(divisor);
    for (std::size_t i = 0; i < differences.size(); ++i)
      writer.blocks[i][0] = static_cast<std::int16_t>(differences[i]);
    return outcome_of(decoder, stream_of(writer.bytes()));
  };
  CHECK(outcome(1, {2047, 2047, 2047, 2047}) == Outcome::Same);
  CHECK(outcome(1, {2047, 2047, 2047, 2047, 0, 0, 3}) == Outcome::Same);  // 8191
  CHECK(outcome(1, {2047, 2047, 2047, 2047, 0, 0, 4}) == Outcome::LeftAlone);
  CHECK(outcome(1, {-2047, -2047, -2047, -2047, 0, 0, -3}) == Outcome::Same);
  CHECK(outcome(1, {-2047, -2047, -2047, -2047, 0, 0, -4}) == Outcome::LeftAlone);
  CHECK(outcome(64, {512}) == Outcome::LeftAlone);  // 32768, which wraps
  CHECK(outcome(128, {512}) == Outcome::Same);      // 65536, which wraps to nothing for both
  CHECK(outcome(255, {-32}) == Outcome::Same);
  CHECK(outcome(255, {-33}) == Outcome::LeftAlone);
}

TEST(a_dc_that_grows_out_of_sixteen_bits_is_left_alone) {
  if (!can_run(__func__)) return;
  BaselineJpeg decoder;
  for (const int step : {2047, -2047}) {
    BaselineWriter writer(0x11, 40);
    for (std::size_t i = 0; i < writer.blocks.size(); i += 3) writer.blocks[i][0] = static_cast<std::int16_t>(step);
    writer.quant[0] = 0;  // whatever it is, nothing comes of it
    CHECK(outcome_of(decoder, stream_of(writer.bytes())) == Outcome::LeftAlone);
  }
}

// libjpeg puts what comes behind the last coefficient in the last one's place.
TEST(coefficients_behind_the_last_are_left_alone) {
  if (!can_run(__func__)) return;
  BaselineJpeg decoder;
  for (const Bytes& symbols : {Bytes{0x51}, Bytes{0xF1}, Bytes{0xF0, 0x11}, Bytes{0xF0, 0x00}, Bytes{0xF0}}) {
    BaselineWriter writer(0x22);
    writer.blocks[0][60] = 200;
    writer.last_symbols = symbols;
    CHECK(outcome_of(decoder, stream_of(writer.bytes())) == Outcome::LeftAlone);
    writer.blocks[0][60] = 0;
    writer.blocks[0][47] = 200;
    writer.last_symbols = {0xF0};  // up to the end exactly
    CHECK(outcome_of(decoder, stream_of(writer.bytes())) == Outcome::Same);
    writer.last_symbols = {0xF1};
    CHECK(outcome_of(decoder, stream_of(writer.bytes())) == Outcome::Same);
  }
}

TEST(a_header_seen_before_is_used_again_and_another_is_not) {
  if (!can_run(__func__)) return;
  const JpegTool tool;
  std::vector<JpegStream> streams;
  for (const int quality : {30, 80})
    for (const int side : {32, 48})
      for (const int seed : {0, 9})
        streams.push_back(stream_of(tool.encode(picture(side, side, seed), side, side, {.quality = quality})));
  BaselineJpeg decoder;
  for (int round = 0; round < 2; ++round)
    for (const JpegStream& stream : streams) {
      CHECK(outcome_of(decoder, stream) == Outcome::Same);
      if (round == 1) decoder.trim(0);
    }
}

// After each, the decoder must still decode.
TEST(whatever_is_not_plain_and_whole_is_left_alone) {
  if (!can_run(__func__)) return;
  const JpegTool tool;
  const Bytes good = tool.encode(picture(32, 32), 32, 32);
  const auto insert = [&good](std::size_t from_end, const Bytes& bytes) {
    Bytes changed = good;
    changed.insert(changed.end() - static_cast<std::ptrdiff_t>(from_end), bytes.begin(), bytes.end());
    return changed;
  };
  const auto behind_start = [&good](const Bytes& bytes) {
    Bytes changed = good;
    changed.insert(changed.begin() + 2, bytes.begin(), bytes.end());
    return changed;
  };
  const std::vector<Bytes> others{
      tool.encode(picture(32, 32), 32, 32, {.progressive = true}),
      tool.encode(picture(40, 32), 40, 32),  // no whole MCUs
      tool.encode(picture(32, 24), 32, 24),
      Bytes(good.begin(), good.end() - 2),  // no end
      Bytes(good.begin(), good.end() - 9),  // cut
      insert(2, {0x12}),                    // a byte too much before the end
      insert(2, {0xFF}),                    // fill before the end
      insert(9, {0xFF, 0xD0}),              // a restart marker
      behind_start({0xFF, 0xDD, 0, 4, 0, 1}),
  };
  BaselineJpeg decoder;
  for (const Bytes& other : others) {
    CHECK(outcome_of(decoder, stream_of(other)) == Outcome::LeftAlone);
    CHECK(outcome_of(decoder, stream_of(good)) == Outcome::Same);
  }
  Bytes out(3 * 32 * 32);
  const JpegStream stream = stream_of(good);
  const TileWindow half{0, 0, {out.data(), 32, 16, 96}};
  CHECK(!decoder.decode(stream.bytes, 32, 16, {&half, 1}));     // not the size that is expected
  const Bytes behind = insert(0, {0, 1, 2, 0xFF, 0xD8, 0xFF});  // padding behind the end is nobody's
  CHECK(outcome_of(decoder, stream_of(behind)) == Outcome::Same);
}

TEST(any_wrong_byte_is_left_alone_or_read_as_libjpeg_turbo_reads_it) {
  if (!can_run(__func__)) return;
  const JpegTool tool;
  BaselineJpeg decoder;
  int same = 0, left_alone = 0;
  for (const bool half : {true, false}) {
    const Bytes good = tool.encode(picture(32, 16), 32, 16, {.half_chroma = half, .quality = 60});
    for (std::size_t i = 2; i < good.size(); ++i)
      for (const int flip : {0x01, 0x10, 0x80, 0xFF}) {
        Bytes bytes = good;
        bytes[i] = static_cast<std::uint8_t>(bytes[i] ^ flip);
        try {
          (void)read_jpeg_frame(bytes);
          const JpegStream stream = stream_of(bytes);
          const JpegFrame frame = read_jpeg_frame(stream.bytes);
          if (frame.components != 3 || frame.width_px * frame.height_px > 1 << 20) continue;
          const Outcome outcome = outcome_of(decoder, stream);
          CHECK(outcome != Outcome::Different);
          ++(outcome == Outcome::Same ? same : left_alone);
        } catch (const BadTile&) {
          continue;  // refused before any decoder sees it
        }
      }
  }
  CHECK(same > 100);
  CHECK(left_alone > 100);
}

TEST(it_is_there_where_the_processor_has_avx2) { CHECK_EQ(BaselineJpeg::available(), best_simd() != Simd::Scalar); }

}  // namespace

TEST_MAIN

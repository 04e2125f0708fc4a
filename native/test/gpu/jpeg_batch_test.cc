// Batches of JPEG streams to planes, through the fake nvJPEG: planes are as stored, damaged streams are found and
// named, a failure of the library is not taken for damage, and no state is used for two batches at once.
#include <algorithm>
#include <map>

#include "gpu/jpeg_batch_decoder.h"
#include "test/decode/codec_support.h"
#include "test/gpu/nvjpeg_support.h"

using namespace microtome;
using namespace microtome::gpu;
using namespace microtome::test;

namespace {

constexpr std::uint32_t kSide = 32;

// The fake with libjpeg-turbo under it.
class Decoding : public FakeNvjpeg {
 public:
  Decoding() : path_(library_path("MICROTOME_JPEG_LIBRARY")) {
    switches.turbojpeg = path_.c_str();
    apply();
  }

 private:
  std::string path_;
};

JpegImage image_of(const Bytes& stream, PlaneChroma chroma, std::uint32_t side = kSide) {
  return {stream, side, side, chroma};
}

// Streams of pictures that differ, and ordinary memory in the place of the device's.
struct Batch {
  std::vector<Bytes> streams;
  std::vector<JpegImage> images;
  std::vector<JpegPlanes> planes;
  std::vector<Bytes> memory;

  void add(Bytes stream, PlaneChroma chroma) { streams.push_back(std::move(stream)), chroma_.push_back(chroma); }
  void lay_out() {
    for (std::size_t i = 0; i < streams.size(); ++i) {
      images.push_back(image_of(streams[i], chroma_[i]));
      memory.emplace_back(plane_bytes(images[i]), std::uint8_t{0xEE});
      planes.push_back(planes_at(images[i], reinterpret_cast<std::uintptr_t>(memory[i].data())));
    }
  }
  [[nodiscard]] bool is_untouched(std::size_t i) const {
    return std::all_of(memory[i].begin(), memory[i].end(), [](std::uint8_t byte) { return byte == 0xEE; });
  }

 private:
  std::vector<PlaneChroma> chroma_;
};

Batch batch_of(std::size_t count) {
  const JpegTool tool;
  Batch batch;
  for (std::size_t i = 0; i < count; ++i)
    batch.add(tool.encode(picture(kSide, kSide, static_cast<int>(i)), kSide, kSide), PlaneChroma::HalfBoth);
  return batch;
}

// Ends it a little behind its scan's header.
void damage(Bytes& stream) {
  const Bytes scan{0xFF, 0xDA};
  const auto at = std::search(stream.begin(), stream.end(), scan.begin(), scan.end());
  stream.erase(at + 20, stream.end());
}

const auto no_wait = [] {};

using Refused = std::vector<std::size_t>;

}  // namespace

TEST(planes_have_room_for_whole_lines) {
  const JpegImage image{{}, 40, 24, PlaneChroma::HalfBoth};
  const JpegPlanes planes = planes_at(image, 4096);
  CHECK_EQ(planes.stride_bytes[0], 64U);
  CHECK_EQ(planes.stride_bytes[1], 32U);
  CHECK_EQ(planes.plane[0], 4096U);
  CHECK_EQ(planes.plane[1], 4096U + 64 * 24);
  CHECK_EQ(planes.plane[2], planes.plane[1] + 512);  // 32 * 12, rounded up
  CHECK_EQ(plane_bytes(image), std::size_t{64 * 24 + 2 * 512});
  CHECK_EQ(plane_bytes({{}, 40, 24, PlaneChroma::None}), std::size_t{64 * 24});
  CHECK_EQ(plane_bytes({{}, 40, 24, PlaneChroma::Full}), std::size_t{3 * 64 * 24});
  CHECK_EQ(plane_bytes({{}, 40, 24, PlaneChroma::HalfWidth}), std::size_t{64 * 24 + 2 * 32 * 24});
}

TEST(planes_are_as_they_are_stored) {
  if (!have_jpeg(__func__)) return;
  const Decoding fake;
  const JpegTool tool;
  Bytes rgb;
  for (std::uint32_t i = 0; i < kSide * kSide; ++i) rgb.insert(rgb.end(), {200, 40, 90});
  Batch batch;
  batch.add(tool.encode(rgb, kSide, kSide, {.rgb_inside = true, .quality = 100}), PlaneChroma::Full);
  batch.add(tool.encode(rgb, kSide, kSide, {.half_chroma = false, .quality = 100}), PlaneChroma::Full);
  batch.add(tool.encode(rgb, kSide, kSide, {.half_width = true, .quality = 100}), PlaneChroma::HalfWidth);
  batch.add(tool.encode(rgb, kSide, kSide, {.quality = 100}), PlaneChroma::HalfBoth);
  batch.add(tool.encode(rgb, kSide, kSide, {.grey = true, .quality = 100}), PlaneChroma::None);
  batch.lay_out();
  JpegBatchDecoder decoder(FakeNvjpeg::handle());
  Refused refused;
  CHECK_EQ(decoder.decode(batch.images, batch.planes, nullptr, no_wait, refused), NvjpegApi::kSuccess);
  CHECK(refused.empty());
  const int y = 94, cb = 126, cr = 204;  // JFIF's conversion of that colour
  const std::vector<std::vector<int>> expected{{200, 40, 90}, {y, cb, cr}, {y, cb, cr}, {y, cb, cr}, {y}};
  for (std::size_t i = 0; i < batch.images.size(); ++i)
    for (int plane = 0; plane < batch.images[i].planes(); ++plane)
      for (std::uint32_t row = 0; row < batch.images[i].height_of(plane); ++row)
        for (std::uint32_t column = 0; column < batch.images[i].width_of(plane); ++column) {
          const auto k = static_cast<std::size_t>(plane);
          const auto* samples = reinterpret_cast<const std::uint8_t*>(batch.planes[i].plane[k]);
          const int found = samples[std::size_t{row} * batch.planes[i].stride_bytes[k] + column];
          if (std::abs(found - expected[i][k]) > 1) CHECK_EQ(found, expected[i][k]);
        }
  CHECK_EQ(fake.counts().decodes, 1);
  CHECK_EQ(fake.counts().misuses, 0);
}

TEST(a_batch_is_one_call) {
  if (!have_jpeg(__func__)) return;
  const Decoding fake;
  Batch batch = batch_of(64);
  batch.lay_out();
  JpegBatchDecoder decoder(FakeNvjpeg::handle());
  Refused refused;
  for (int i = 0; i < 3; ++i)
    CHECK_EQ(decoder.decode(batch.images, batch.planes, nullptr, no_wait, refused), NvjpegApi::kSuccess);
  CHECK_EQ(fake.counts().decodes, 3);
  CHECK_EQ(fake.counts().largest_batch, 64);
  CHECK_EQ(decoder.decode({}, {}, nullptr, no_wait, refused), NvjpegApi::kSuccess);
  CHECK_EQ(fake.counts().decodes, 3);
}

TEST(damaged_streams_are_found_and_the_others_decoded) {
  if (!have_jpeg(__func__)) return;
  for (const Refused& bad : {Refused{5}, Refused{0, 63}, Refused{1, 2, 40, 41}}) {
    const Decoding fake;
    Batch batch = batch_of(64);
    for (const std::size_t i : bad) damage(batch.streams[i]);
    batch.lay_out();
    JpegBatchDecoder decoder(FakeNvjpeg::handle());
    Refused refused;
    int waits = 0;
    CHECK_EQ(decoder.decode(batch.images, batch.planes, nullptr, [&] { ++waits; }, refused), NvjpegApi::kSuccess);
    CHECK(refused == bad);
    CHECK_EQ(waits, fake.counts().decodes - 1);
    for (std::size_t i = 0; i < 64; ++i)
      if (std::find(bad.begin(), bad.end(), i) == bad.end()) CHECK(!batch.is_untouched(i));
    // The state is as good as new.
    Batch next = batch_of(8);
    next.lay_out();
    CHECK_EQ(decoder.decode(next.images, next.planes, nullptr, no_wait, refused), NvjpegApi::kSuccess);
    CHECK(refused.empty());
    CHECK_EQ(fake.counts().misuses, 0);
  }
}

TEST(a_batch_of_damage_is_given_up_after_some_calls) {
  if (!have_jpeg(__func__)) return;
  const Decoding fake;
  Batch batch = batch_of(256);
  for (Bytes& stream : batch.streams) damage(stream);
  batch.lay_out();
  JpegBatchDecoder decoder(FakeNvjpeg::handle());
  Refused refused;
  CHECK_EQ(decoder.decode(batch.images, batch.planes, nullptr, no_wait, refused), NvjpegApi::kSuccess);
  CHECK_EQ(refused.size(), std::size_t{256});
  CHECK(std::adjacent_find(refused.begin(), refused.end()) == refused.end());
  CHECK_EQ(fake.counts().decodes, JpegBatchDecoder::kMostRefusedCalls);
}

TEST(what_the_batched_call_does_not_take_is_refused_before_it) {
  if (!have_jpeg(__func__)) return;
  Decoding fake;
  fake.switches.unsupported_chroma = 1;  // 4:2:2
  fake.apply();
  const JpegTool tool;
  Batch batch = batch_of(3);
  batch.add(tool.encode(picture(kSide, kSide), kSide, kSide, {.half_width = true}), PlaneChroma::HalfWidth);
  batch.add(tool.encode(picture(kSide, kSide), kSide, kSide, {.half_width = true}), PlaneChroma::HalfWidth);
  batch.lay_out();
  JpegBatchDecoder decoder(FakeNvjpeg::handle());
  Refused refused;
  CHECK_EQ(decoder.decode(batch.images, batch.planes, nullptr, no_wait, refused), NvjpegApi::kSuccess);
  CHECK((refused == Refused{3, 4}));
  CHECK_EQ(fake.counts().decodes, 1);
  CHECK_EQ(fake.counts().images, 3);
}

TEST(a_header_that_cannot_be_read_speaks_for_its_own_stream_only) {
  if (!have_jpeg(__func__)) return;
  const Decoding fake;
  Batch batch = batch_of(4);
  batch.streams[0].resize(10);
  batch.lay_out();
  JpegBatchDecoder decoder(FakeNvjpeg::handle());
  Refused refused;
  CHECK_EQ(decoder.decode(batch.images, batch.planes, nullptr, no_wait, refused), NvjpegApi::kSuccess);
  CHECK((refused == Refused{0}));
  CHECK_EQ(fake.counts().images, 3);
}

TEST(a_failure_of_the_library_is_no_refusal) {
  if (!have_jpeg(__func__)) return;
  Decoding fake;
  Batch batch = batch_of(8);
  batch.lay_out();
  JpegBatchDecoder decoder(FakeNvjpeg::handle());
  Refused refused;
  for (const int status : {5, 6, 7, 8}) {
    fake.switches.fail_at_decode = 1;
    fake.switches.fail_status = status;
    fake.apply();
    CHECK_EQ(decoder.decode(batch.images, batch.planes, nullptr, no_wait, refused), status);
    CHECK(refused.empty());
    // It may have been for once.
    CHECK_EQ(decoder.decode(batch.images, batch.planes, nullptr, no_wait, refused), NvjpegApi::kSuccess);
  }
}

TEST(nothing_is_left) {
  if (!have_jpeg(__func__)) return;
  const Decoding fake;
  {
    Batch batch = batch_of(2);
    batch.lay_out();
    JpegBatchDecoder decoder(FakeNvjpeg::handle());
    Refused refused;
    CHECK_EQ(decoder.decode(batch.images, batch.planes, nullptr, no_wait, refused), NvjpegApi::kSuccess);
    CHECK_EQ(fake.counts().live, 2);  // a handle and a state
  }
  CHECK_EQ(fake.counts().live, 0);
}

TEST_MAIN

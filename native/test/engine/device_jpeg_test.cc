// Slides of JPEG tiles scored on a GPU whose nvJPEG decodes them, on the fake driver and the fake nvJPEG: the values
// are those of tiles that the CPU decodes, damage ends or whitens its own slide only, a failure of nvJPEG loses
// nothing, and what is scored reproducibly never comes near it.
#include <cmath>

#include "test/check.h"
#include "test/decode/codec_support.h"
#include "test/gpu/nvjpeg_support.h"
#include "test/support/gpu_scoring.h"

using namespace microtome;
using namespace microtome::engine;
using namespace microtome::test;

namespace {

constexpr std::int64_t kRows = 8;
constexpr int kSide = static_cast<int>(kScoredTilePx);

enum class By : std::uint8_t { Cpu, Trial, Nvjpeg };

struct Scene {
  GpuScene gpu;
  FakeNvjpeg nvjpeg;
  const std::string jpeg_library = library_path("MICROTOME_JPEG_LIBRARY");

  Scene() {
    nvjpeg.switches.turbojpeg = jpeg_library.c_str();
    nvjpeg.switches.write = FakeDriver::call<int(std::uint64_t, const void*, std::size_t, void*)>("fake_cuda_write");
    nvjpeg.switches.enqueue = FakeDriver::call<int(void*, void (*)(void*), void*, std::int64_t)>("fake_cuda_enqueue");
    nvjpeg.apply();
  }
  ~Scene() {
    CHECK_EQ(nvjpeg.counts().misuses, 0);
    CHECK_EQ(nvjpeg.counts().live, 0);
  }

  [[nodiscard]] std::unique_ptr<Engine> engine(By by, int threads = 3) const {
    const std::vector<std::shared_ptr<const gpu::Context>> group{gpu::Context::retain(gpu.fake.open(), 0)};
    auto runner = gpu.runner(kRows);
    if (by == By::Nvjpeg)
      runner->decode_with(choose_decode(GpuDecode::Nvjpeg, MICROTOME_FAKE_NVJPEG, group, kRows, 5)[0]);
    if (by == By::Trial) runner->decode_with(choose_decode(GpuDecode::Auto, MICROTOME_FAKE_NVJPEG, group, 64, 5)[0]);
    return gpu.engine(std::move(runner), threads);
  }
};

Bytes tile_of(int seed, int number) {
  return JpegTool().encode(picture(kSide, kSide, 13 * seed + number), kSide, kSide);
}

std::shared_ptr<FakeSlide> jpeg_slide(int seed, int side) {
  auto slide = std::make_shared<FakeSlide>();
  auto storage = storage_of(side * kSide, side * kSide, kSide, kSide, slide::Compression::Jpeg);
  storage.photometric = slide::Photometric::YCbCr;
  slide->add_level(storage);
  for (int i = 0; i < side * side; ++i) slide->set_tile(0, i % side, i / side, tile_of(seed, i));
  return slide;
}

// A stream with a plain header and whole scan whose codes are nonsense: only who decodes it finds out.
Bytes nonsense() {
  Bytes tile = tile_of(1, 1);
  const Bytes scan{0xFF, 0xDA};
  auto at = std::search(tile.begin(), tile.end(), scan.begin(), scan.end()) + 14;
  for (; at < tile.end() - 2; ++at) *at = 0xFE;
  return tile;
}

ScoreRequest request_of(bool reproducible = false, decode::BadTilePolicy policy = decode::BadTilePolicy::Error) {
  ScoreRequest request = means_request();
  request.reproducible = reproducible;
  request.tiles[0].on_bad_tile = policy;
  return request;
}

std::vector<double> values_of(const ScoreResult& result) {
  const auto& values = result.tables.at(0).outputs.at(0).values;
  return {values.begin(), values.end()};
}

bool warns(const ScoreResult& result, const std::string& part) {
  return std::any_of(result.warnings.begin(), result.warnings.end(),
                     [&](const std::string& text) { return text.find(part) != std::string::npos; });
}

// Scored with all tiles decoded by the CPU.
std::vector<double> by_cpu(const std::shared_ptr<FakeSlide>& slide,
                           decode::BadTilePolicy policy = decode::BadTilePolicy::Error) {
  const Scene scene;
  const auto engine = scene.engine(By::Cpu);
  auto scoring = start_scoring(*engine, slide, request_of(false, policy));
  const auto result = result_of(scoring);
  CHECK(!warns(result, "JPEG"));
  CHECK_EQ(scene.nvjpeg.counts().images, 0);
  return values_of(result);
}

}  // namespace

TEST(tiles_that_nvjpeg_decodes_have_the_values_of_the_cpu) {
  if (!have_jpeg(__func__)) return;
  std::vector<std::shared_ptr<FakeSlide>> slides;
  std::vector<std::vector<double>> expected;
  for (int seed = 0; seed < 5; ++seed) {
    slides.push_back(jpeg_slide(seed, 3 + seed));
    expected.push_back(by_cpu(slides.back()));
  }
  for (const int threads : {1, 4}) {
    const Scene scene;
    int tiles = 0;
    {
      const auto engine = scene.engine(By::Nvjpeg, threads);
      std::vector<Scoring> running;
      for (const auto& slide : slides) running.push_back(start_scoring(*engine, slide, request_of()));
      for (std::size_t i = 0; i < slides.size(); ++i) {
        const auto result = result_of(running[i]);
        CHECK(values_of(result) == expected[i]);
        CHECK(warns(result, "JPEG tiles are decoded by nvJPEG 11.9.0 (hardware)"));
        tiles += static_cast<int>((3 + i) * (3 + i));
      }
    }
    CHECK_EQ(scene.nvjpeg.counts().images, tiles);
  }
}

// Stated in docs/nvjpeg.md: with an inverse transform that is not libjpeg-turbo's, the mean of a tile's channel moves
// by two levels at most, and so does a score that is made of means.
TEST(another_transform_moves_a_score_by_two_levels_at_most) {
  if (!have_jpeg(__func__)) return;
  const auto slide = jpeg_slide(2, 6);
  const auto expected = by_cpu(slide);
  Scene scene;
  scene.nvjpeg.switches.fast_transform = 1;
  scene.nvjpeg.apply();
  const auto engine = scene.engine(By::Nvjpeg);
  auto scoring = start_scoring(*engine, slide, request_of());
  const auto found = values_of(result_of(scoring));
  double most = 0;
  for (std::size_t i = 0; i < found.size(); ++i) most = std::max(most, std::abs(found[i] - expected[i]));
  CHECK(most > 0);
  CHECK(most <= 2);
}

TEST(what_is_scored_reproducibly_is_decoded_by_the_cpu) {
  if (!have_jpeg(__func__)) return;
  const auto slide = jpeg_slide(3, 5);
  const auto expected = by_cpu(slide);
  const Scene scene;
  const auto engine = scene.engine(By::Trial);
  for (int again = 0; again < 3; ++again) {
    auto scoring = start_scoring(*engine, slide, request_of(true));
    const auto result = result_of(scoring);
    CHECK(values_of(result) == expected);
    CHECK(!warns(result, "JPEG"));
  }
  CHECK_EQ(scene.nvjpeg.counts().images, 0);
  CHECK_EQ(scene.nvjpeg.counts().decodes, 0);
}

TEST(reproducible_and_nvjpeg_by_name_contradict_each_other) {
  if (!have_jpeg(__func__)) return;
  const Scene scene;
  const auto engine = scene.engine(By::Nvjpeg);
  auto scoring = start_scoring(*engine, jpeg_slide(0, 3), request_of(true));
  CHECK(failure_of(scoring) == Code::INVALID_OPTION);
}

TEST(a_trial_uses_both_and_loses_no_tile) {
  if (!have_jpeg(__func__)) return;
  const auto slide = jpeg_slide(4, 20);
  const auto expected = by_cpu(slide);
  const Scene scene;
  const auto engine = scene.engine(By::Trial);
  auto scoring = start_scoring(*engine, slide, request_of());
  const auto result = result_of(scoring);
  CHECK(values_of(result) == expected);
  CHECK(warns(result, "JPEG tiles"));
  // 50 batches: the CPU's first turn is over after 11, and nvJPEG's has begun.
  CHECK(scene.nvjpeg.counts().images > 0 && scene.nvjpeg.counts().images < 400);
}

TEST(tiles_that_are_looked_at_are_decoded_by_the_cpu) {
  if (!have_jpeg(__func__)) return;
  const auto slide = jpeg_slide(2, 4);
  const auto expected = by_cpu(slide);
  const Scene scene;
  const auto engine = scene.engine(By::Nvjpeg);
  ScoreRequest request = request_of();
  SelectRule rule{.kind = SelectRule::Kind::Quality, .by = {}, .min = {}, .max = {}, .thresholds = {}};
  rule.measure = &preprocess::Quality::sharpness;
  rule.max = 1e9;
  request.select = {rule};
  auto scoring = start_scoring(*engine, slide, request);
  CHECK(values_of(result_of(scoring)) == expected);
  CHECK_EQ(scene.nvjpeg.counts().images, 0);
}

TEST(damage_ends_its_own_slide_with_its_place) {
  if (!have_jpeg(__func__)) return;
  const auto good = jpeg_slide(0, 6);
  const auto expected = by_cpu(good);
  const auto damaged = jpeg_slide(1, 6);
  damaged->set_tile(0, 2, 3, nonsense());
  const Scene scene;
  const auto engine = scene.engine(By::Nvjpeg);
  auto first = start_scoring(*engine, damaged, request_of());
  auto second = start_scoring(*engine, good, request_of());
  try {
    (void)result_of(first);
    CHECK(false);
  } catch (const Error& error) {
    CHECK(error.code() == Code::CORRUPT_TILE);
    CHECK(error.tile() && error.tile()->column == 2 && error.tile()->row == 3);
    CHECK(!error.path().empty());
  }
  CHECK(values_of(result_of(second)) == expected);
}

TEST(damage_is_white_and_counted_where_white_will_do) {
  if (!have_jpeg(__func__)) return;
  const auto slide = jpeg_slide(1, 6);
  slide->set_tile(0, 2, 3, nonsense());
  const auto expected = by_cpu(slide, decode::BadTilePolicy::Fill);
  const Scene scene;
  const auto engine = scene.engine(By::Nvjpeg);
  auto scoring = start_scoring(*engine, slide, request_of(false, decode::BadTilePolicy::Fill));
  const auto result = result_of(scoring);
  CHECK(values_of(result) == expected);
  CHECK(warns(result, "1 stored tiles could not be decoded and read as white"));
  CHECK(warns(result, "nvJPEG did not decode 1 JPEG tiles: the CPU did"));
}

TEST(what_nvjpeg_refuses_the_cpu_decodes_and_it_is_said) {
  if (!have_jpeg(__func__)) return;
  const auto slide = jpeg_slide(1, 5);
  const auto expected = by_cpu(slide);
  Scene scene;
  scene.nvjpeg.switches.unsupported_chroma = 2;
  scene.nvjpeg.apply();
  const auto engine = scene.engine(By::Nvjpeg);
  auto scoring = start_scoring(*engine, slide, request_of());
  const auto result = result_of(scoring);
  CHECK(values_of(result) == expected);
  CHECK(warns(result, "nvJPEG did not decode 25 JPEG tiles: the CPU did"));
}

TEST(a_failure_of_nvjpeg_loses_nothing_and_is_said) {
  if (!have_jpeg(__func__)) return;
  const auto slide = jpeg_slide(1, 7);
  const auto expected = by_cpu(slide);
  for (const int status : {5, 6, 7, 8}) {
    Scene scene;
    scene.nvjpeg.switches.fail_at_decode = 3;
    scene.nvjpeg.switches.fail_status = status;
    scene.nvjpeg.apply();
    const auto engine = scene.engine(By::Nvjpeg);
    auto scoring = start_scoring(*engine, slide, request_of());
    const auto result = result_of(scoring);
    CHECK(values_of(result) == expected);
    CHECK(warns(result, "JPEG tiles are decoded by the CPU, for nvJPEG failed: " +
                            std::string(gpu::nvjpeg_status_text(status))));
    CHECK(scene.nvjpeg.counts().decodes >= 3);
  }
}

TEST(too_little_memory_halves_the_batch_and_loses_nothing) {
  if (!have_jpeg(__func__)) return;
  const auto slide = jpeg_slide(5, 6);
  const auto expected = by_cpu(slide);
  for (int n = 1; n <= 8; ++n) {
    const Scene scene;
    const auto engine = scene.engine(By::Nvjpeg);
    scene.gpu.fake.set({.allocation_fails = n});
    auto scoring = start_scoring(*engine, slide, request_of());
    CHECK(values_of(result_of(scoring)) == expected);
  }
}

TEST(a_device_that_is_lost_ends_its_slides_and_nothing_else) {
  if (!have_jpeg(__func__)) return;
  for (const int at : {3, 20, 60}) {
    const Scene scene;
    const auto engine = scene.engine(By::Nvjpeg);
    scene.gpu.fake.set({.lost_device = 0, .lost_at = at, .lost_status = 719});
    auto scoring = start_scoring(*engine, jpeg_slide(5, 8), request_of());
    CHECK(failure_of(scoring) == Code::DEVICE_LOST);
  }
}

TEST_MAIN

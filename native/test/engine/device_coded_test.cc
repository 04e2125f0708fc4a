// Coded rows to a tensor by way of a device: streams through nvJPEG to planes, the rest as pixels, one kernel for all.
// With the fake driver, the fake nvJPEG and the kernels' plain C++ form. What comes out has the bits of the CPU's own
// way where nvJPEG's samples are those of libjpeg-turbo, and is close to it where its inverse transform is another.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/coded_input.h"
#include "gpu/module.h"
#include "preprocess/preprocess.h"
#include "test/decode/codec_support.h"
#include "test/gpu/nvjpeg_support.h"
#include "test/support/fake_driver.h"
#include "test/support/kernel_twin.h"

using namespace microtome;
using namespace microtome::engine;
using namespace microtome::test;

namespace {

constexpr std::int64_t kSide = 48;
constexpr int kPicture = 64;

bool run_twin(const char* name, const unsigned* grid, const unsigned* block, void** parameters) {
  return twin_launch(name, {{grid[0], grid[1], grid[2]}, {block[0], block[1], block[2]}}, parameters);
}

// The two fakes, one on the other.
class Scene {
 public:
  Scene() : jpeg_library_(library_path("MICROTOME_JPEG_LIBRARY")) {
    driver_.set_kernels(run_twin);
    nvjpeg.switches.turbojpeg = jpeg_library_.c_str();
    nvjpeg.switches.write = FakeDriver::call<int(std::uint64_t, const void*, std::size_t, void*)>("fake_cuda_write");
    nvjpeg.switches.enqueue = FakeDriver::call<int(void*, void (*)(void*), void*, std::int64_t)>("fake_cuda_enqueue");
    nvjpeg.apply();
    context = gpu::Context::retain(driver_.open(), 0);
  }
  ~Scene() {
    CHECK_EQ(nvjpeg.counts().misuses, 0);
    CHECK_EQ(nvjpeg.counts().live, 0);
  }

 private:
  FakeDriver driver_;
  std::string jpeg_library_;

 public:
  FakeNvjpeg nvjpeg;
  std::shared_ptr<const gpu::Context> context;
  [[nodiscard]] const FakeDriver& driver() const { return driver_; }
};

preprocess::TensorFormat format() {
  preprocess::TensorFormat how;
  how.size_px = kSide;
  how.mean = {0.485, 0.456, 0.406};
  how.std = {0.229, 0.224, 0.225};
  return how;
}

struct Kind {
  JpegTool::Options options;
  decode::Chroma chroma = decode::Chroma::HalfBoth;
  bool ycbcr = true;
  bool grey = false;
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all{{{}, decode::Chroma::HalfBoth},
                                     {{.half_width = true}, decode::Chroma::HalfWidth},
                                     {{.half_chroma = false}, decode::Chroma::Full},
                                     {{.rgb_inside = true}, decode::Chroma::Full, false},
                                     {{.grey = true}, decode::Chroma::Full, false, true}};
  return all;
}

// Pinned rows, and what each should become.
struct Rows {
  Rows(const Scene& scene, std::int64_t rows)
      : count(rows), memory(scene.context, static_cast<std::size_t>(rows) * layout.row_bytes()) {
    std::fill_n(memory.data(), memory.size(), std::uint8_t{0xCD});
    expected.resize(static_cast<std::size_t>(rows), Bytes(layout.room_bytes()));
  }

  std::uint8_t* row(std::int64_t i) const { return memory.data() + static_cast<std::size_t>(i) * layout.row_bytes(); }
  void pixels(std::int64_t i) {
    expected[static_cast<std::size_t>(i)] = picture(kSide, kSide, static_cast<int>(i));
    std::copy(expected[static_cast<std::size_t>(i)].begin(), expected[static_cast<std::size_t>(i)].end(),
              CodedRows::payload(row(i)));
    CodedRows::set_pixels(row(i));
  }
  // A tile at (x, y) of a picture; the expectation is libjpeg-turbo's own.
  void stream(std::int64_t i, const Kind& kind, std::uint32_t x = 0, std::uint32_t y = 0) {
    const JpegTool tool;
    auto options = kind.options;
    options.quality = 75;
    const Bytes jpeg = tool.encode(picture(kPicture, kPicture, static_cast<int>(i)), kPicture, kPicture, options);
    decode::JpegStream spliced;
    decode::splice_jpeg({}, jpeg, kind.grey ? 1 : 3,
                        kind.ycbcr ? decode::JpegColor::YCbCr : decode::JpegColor::AsStored, spliced);
    put(i, kind, spliced.bytes, x, y);
    const Bytes whole = tool.decode(spliced.bytes, kPicture, kPicture);
    Bytes& tile = expected[static_cast<std::size_t>(i)];
    for (std::int64_t line = 0; line < kSide; ++line)
      std::copy_n(whole.begin() + 3 * ((y + line) * kPicture + x), 3 * kSide, tile.begin() + 3 * line * kSide);
  }
  void put(std::int64_t i, const Kind& kind, const Bytes& stream, std::uint32_t x = 0, std::uint32_t y = 0) {
    std::copy(stream.begin(), stream.end(), CodedRows::payload(row(i)));
    CodedRows::set_jpeg(row(i), {.bytes = static_cast<std::uint32_t>(stream.size()),
                                 .width_px = kPicture,
                                 .height_px = kPicture,
                                 .x = x,
                                 .y = y,
                                 .chroma = kind.chroma,
                                 .ycbcr = kind.ycbcr,
                                 .grey = kind.grey});
  }
  void damage(std::int64_t i) {
    const CodedJpeg jpeg = CodedRows::jpeg(row(i));
    CodedJpeg cut = jpeg;
    const auto* const begin = CodedRows::payload(row(i));
    const Bytes scan{0xFF, 0xDA};
    cut.bytes =
        static_cast<std::uint32_t>(std::search(begin, begin + jpeg.bytes, scan.begin(), scan.end()) - begin) + 20;
    CodedRows::set_jpeg(row(i), cut);
  }

  const CodedRows layout{kSide};
  const std::int64_t count;
  gpu::PinnedBuffer memory;
  std::vector<Bytes> expected;
};

struct Given {
  std::string failure;
  std::vector<RowDecode> decodes;
  std::vector<float> tensor;
  std::vector<std::int64_t> bad;

  [[nodiscard]] std::int64_t of(RowDecode who) const { return std::count(decodes.begin(), decodes.end(), who); }
};

// On two streams, as a runner does it.
Given give(const Scene& scene, CodedInput& input, const Rows& rows) {
  const auto entered = scene.context->enter();
  const gpu::Stream in(scene.context), work(scene.context);
  const gpu::Event copied(scene.context);
  const gpu::Module module(scene.context, gpu::tile_kernel_ptx().data());
  const auto how = format();
  const auto values = gpu::value_table(how);
  const gpu::PinnedBuffer room(scene.context, values.size());
  std::copy(values.begin(), values.end(), room.data());
  const gpu::DeviceBuffer table(scene.context, values.size());
  const std::size_t bytes = static_cast<std::size_t>(rows.count) * how.bytes_per_tile();
  const gpu::DeviceBuffer tensor(scene.context, bytes);
  const gpu::PinnedBuffer back(scene.context, bytes);
  work.copy_to_device(table.address(), room.data(), values.size());
  Given given;
  given.decodes.resize(static_cast<std::size_t>(rows.count));
  given.failure =
      input.bring(rows.memory.data(), given.decodes, rows.layout, in, [&](std::int64_t row, const std::string& why) {
        CHECK(!why.empty());
        given.bad.push_back(row);
      });
  in.record(copied);
  work.wait_for(copied);
  gpu::LaunchPlan plan = input.launch({.tensor = tensor.address(), .table = table.address(), .format = how});
  auto parameters = plan.params();
  module.launch(work, module.function(plan.function), plan.size, parameters.data());
  work.copy_to_host(back.data(), tensor.address(), bytes);
  work.synchronize();
  given.tensor.resize(bytes / sizeof(float));
  std::memcpy(given.tensor.data(), back.data(), bytes);
  return given;
}

std::vector<float> tensor_of(const Rows& rows) {
  const auto how = format();
  std::vector<float> all(static_cast<std::size_t>(rows.count) * how.bytes_per_tile() / sizeof(float));
  auto* to = reinterpret_cast<std::uint8_t*>(all.data());
  for (const Bytes& tile : rows.expected) {
    preprocess::to_tensor({tile.data(), kSide, kSide, 3 * kSide}, how, to);
    to += how.bytes_per_tile();
  }
  return all;
}

// Every kind at several places, pixels between them.
Rows mixed(const Scene& scene) {
  Rows rows(scene, 24);
  for (std::int64_t i = 0; i < rows.count; ++i) {
    if (i % 6 == 5)
      rows.pixels(i);
    else
      rows.stream(i, kinds()[static_cast<std::size_t>(i % 6)], static_cast<std::uint32_t>(i % 16),
                  static_cast<std::uint32_t>(16 - i % 16));
  }
  return rows;
}

}  // namespace

TEST(rows_of_all_kinds_have_the_bits_of_the_cpu) {
  if (!have_jpeg(__func__)) return;
  const Scene scene;
  const Rows rows = mixed(scene);
  CodedInput input(scene.context, FakeNvjpeg::handle());
  for (int again = 0; again < 2; ++again) {
    const Given given = give(scene, input, rows);
    CHECK(given.tensor == tensor_of(rows));
    CHECK_EQ(given.of(RowDecode::Device), 20);
    CHECK_EQ(given.of(RowDecode::Refused), 0);
    CHECK(given.failure.empty() && given.bad.empty());
  }
  CHECK_EQ(scene.nvjpeg.counts().decodes, 2);
}

// Only rows of pixels are copied: a stream goes from pinned memory to nvJPEG.
TEST(streams_are_not_copied_as_pixels) {
  if (!have_jpeg(__func__)) return;
  const Scene scene;
  Rows rows(scene, 8);
  for (std::int64_t i = 0; i < 8; ++i) rows.stream(i, kinds()[0]);
  CodedInput input(scene.context, FakeNvjpeg::handle());
  (void)give(scene, input, rows);
  const auto described = 8 * sizeof(gpu::TileRow);
  const auto table = gpu::value_table(format()).size();
  CHECK_EQ(scene.driver().counts().bytes_in, static_cast<std::int64_t>(described + table));
}

TEST(without_nvjpeg_the_cpu_decodes_and_gives_the_same_bits) {
  if (!have_jpeg(__func__)) return;
  const Scene scene;
  const Rows rows = mixed(scene);
  const std::vector<float> expected = tensor_of(rows);
  CodedInput input(scene.context, nullptr);
  const Given given = give(scene, input, rows);
  CHECK(given.tensor == expected);
  CHECK_EQ(given.of(RowDecode::Cpu), rows.count);
}

// Another inverse transform, as nvJPEG's may be. What is stated in docs/nvjpeg.md: no sample differs by more than
// kMostLevels levels, and the mean error is that of a PSNR of kLeastPsnr or more.
TEST(another_transform_stays_within_the_stated_tolerance) {
  if (!have_jpeg(__func__)) return;
  constexpr double kMostLevels = 8, kLeastPsnr = 40;
  Scene scene;
  scene.nvjpeg.switches.fast_transform = 1;
  scene.nvjpeg.apply();
  const Rows rows = mixed(scene);
  CodedInput input(scene.context, FakeNvjpeg::handle());
  const Given given = give(scene, input, rows);
  const std::vector<float> expected = tensor_of(rows);
  double most = 0, squares = 0;
  const auto how = format();
  const std::size_t plane = kSide * kSide;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double levels = 255 * how.std[i / plane % 3] * std::abs(double{given.tensor[i]} - double{expected[i]});
    most = std::max(most, levels);
    squares += levels * levels;
  }
  CHECK(squares > 0);  // the fake does decode otherwise
  CHECK(most <= kMostLevels);
  CHECK(10 * std::log10(255 * 255 / (squares / static_cast<double>(expected.size()))) >= kLeastPsnr);
}

TEST(a_tile_that_nvjpeg_does_not_take_is_decoded_by_the_cpu) {
  if (!have_jpeg(__func__)) return;
  Scene scene;
  scene.nvjpeg.switches.unsupported_chroma = 1;  // 4:2:2
  scene.nvjpeg.apply();
  const Rows rows = mixed(scene);
  const std::vector<float> expected = tensor_of(rows);
  CodedInput input(scene.context, FakeNvjpeg::handle());
  const Given given = give(scene, input, rows);
  CHECK(given.tensor == expected);
  CHECK_EQ(given.of(RowDecode::Device), 16);
  CHECK_EQ(given.of(RowDecode::Refused), 4);
  CHECK(given.bad.empty());
}

TEST(a_damaged_tile_is_white_and_named_and_the_others_are_right) {
  if (!have_jpeg(__func__)) return;
  const Scene scene;
  Rows rows = mixed(scene);
  for (const std::int64_t i : {2, 12}) {
    rows.damage(i);
    rows.expected[static_cast<std::size_t>(i)].assign(rows.layout.room_bytes(), 255);
  }
  const std::vector<float> expected = tensor_of(rows);
  CodedInput input(scene.context, FakeNvjpeg::handle());
  const Given given = give(scene, input, rows);
  CHECK(given.tensor == expected);
  CHECK_EQ(given.of(RowDecode::Refused), 2);
  CHECK_EQ(given.of(RowDecode::Device), 18);
  CHECK((given.bad == std::vector<std::int64_t>{2, 12}));
}

TEST(a_failure_of_nvjpeg_is_told_and_the_cpu_decodes) {
  if (!have_jpeg(__func__)) return;
  for (const int status : {5, 6, 7, 8}) {
    Scene scene;
    scene.nvjpeg.switches.fail_at_decode = 1;
    scene.nvjpeg.switches.fail_status = status;
    scene.nvjpeg.apply();
    const Rows rows = mixed(scene);
    const std::vector<float> expected = tensor_of(rows);
    CodedInput input(scene.context, FakeNvjpeg::handle());
    const Given given = give(scene, input, rows);
    CHECK(given.tensor == expected);
    CHECK_EQ(given.of(RowDecode::Refused), 20);
    CHECK_EQ(given.failure, std::string("nvJPEG failed: ") + gpu::nvjpeg_status_text(status));
  }
}

TEST(rows_of_nothing_and_of_nonsense_are_black) {
  if (!have_jpeg(__func__)) return;
  const Scene scene;
  Rows rows(scene, 6);
  rows.stream(0, kinds()[0]);
  rows.pixels(2);
  CodedRows::clear(rows.row(1));
  // 3: whatever was in memory. 4 and 5: streams that reach beyond their row or picture.
  rows.stream(4, kinds()[0]);
  rows.stream(5, kinds()[0], 0, 0);
  CodedJpeg wrong = CodedRows::jpeg(rows.row(4));
  wrong.bytes = static_cast<std::uint32_t>(rows.layout.room_bytes() + 1);
  CodedRows::set_jpeg(rows.row(4), wrong);
  wrong = CodedRows::jpeg(rows.row(5));
  wrong.x = kPicture - 1;
  CodedRows::set_jpeg(rows.row(5), wrong);
  for (const std::size_t i : {1, 3, 4, 5}) rows.expected[i].assign(rows.layout.room_bytes(), 0);
  const std::vector<float> expected = tensor_of(rows);
  CodedInput input(scene.context, FakeNvjpeg::handle());
  const Given given = give(scene, input, rows);
  CHECK(given.tensor == expected);
  CHECK_EQ(given.of(RowDecode::Device), 1);
}

TEST(memory_that_runs_out_is_an_error_and_leaves_nothing) {
  if (!have_jpeg(__func__)) return;
  // Pixels, description (device, then pinned), planes.
  for (int n = 1; n <= 3; ++n) {
    const Scene scene;
    const Rows rows = mixed(scene);
    const auto handle = FakeNvjpeg::handle();
    const auto entered = scene.context->enter();
    const gpu::Stream in(scene.context);
    scene.driver().set({.allocation_fails = n});
    CodedInput input(scene.context, handle);
    std::vector<RowDecode> decodes(static_cast<std::size_t>(rows.count));
    const auto bring = [&] {
      return input.bring(rows.memory.data(), decodes, rows.layout, in, [](std::int64_t, const std::string&) {});
    };
    CHECK_THROWS(OUT_OF_MEMORY, (void)bring());
    // And then it goes on.
    CHECK_EQ(bring(), "");
    CHECK_EQ(std::count(decodes.begin(), decodes.end(), RowDecode::Device), 20);
    in.synchronize();
  }
}

TEST_MAIN

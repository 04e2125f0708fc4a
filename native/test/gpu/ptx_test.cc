// The PTX that is shipped, executed instruction by instruction: its tensors have the bits of the kernels' plain C++
// form, for every kernel and every format. And what the interpreter refuses.
#include <functional>
#include <map>
#include <string>

#include "gpu/tile_kernel.h"
#include "test/check.h"
#include "test/support/kernel_planes.h"
#include "test/support/ptx_machine.h"

using namespace microtome;
using namespace microtome::gpu;
using namespace microtome::test;
using preprocess::TensorFormat;

namespace {

const PtxMachine& shipped() {
  static const PtxMachine machine(tile_kernel_ptx());
  return machine;
}

// Which kernels were compared, and how often.
std::map<std::string, int>& compared() {
  static std::map<std::string, int> counts;
  return counts;
}

// The plan's memory: what it reads, and the tensor without its guard.
PtxMemory memory_of(KernelCase& one) {
  PtxMemory memory;
  for (const Bytes& bytes : one.inputs()) memory.allow(address_of(bytes), bytes.size(), false);
  memory.allow(address_of(one.tensor()), one.tensor().size() - KernelCase::kGuardBytes, true);
  return memory;
}

void compare(KernelCase& one, LaunchPlan plan) {
  one.run_twin(plan);
  const Bytes by_twin = one.tensor();
  std::fill(one.tensor().begin(), one.tensor().end(), KernelCase::kGuard);
  auto params = plan.params();
  shipped().launch(plan.function, plan.size, params.data(), memory_of(one));
  if (one.tensor() != by_twin) fail(__FILE__, __LINE__, std::string(plan.function) + ", " + words_of(one.format()));
  ++compared()[plan.function];
}

// A small program around some lines; its parameter points to 64 bytes.
std::string kernel_of(const std::string& lines) {
  return ".version 3.2\n.target sm_35\n.address_size 64\n.visible .entry k(\n\t.param .u64 k_param_0\n)\n{\n"
         "\t.reg .pred %p<9>;\n\t.reg .b32 %r<9>;\n\t.reg .f32 %f<9>;\n\t.reg .b64 %rd<9>;\n"
         "\tld.param.u64 %rd1, [k_param_0];\n" +
         lines + "\tret;\n}\n";
}

// What `lines` leave in the 64 bytes, which begin as zeros.
std::array<std::uint32_t, 16> run_lines(const std::string& lines) {
  alignas(64) std::array<std::uint32_t, 16> words{};
  const PtxMachine machine(kernel_of(lines));
  std::uint64_t address = reinterpret_cast<std::uintptr_t>(words.data());
  void* params[] = {&address};
  PtxMemory memory;
  memory.allow(address, sizeof words, true);
  machine.launch("k", {}, params, memory);
  return words;
}

void refused(const std::string& lines, const std::string& why) {
  try {
    run_lines(lines);
  } catch (const PtxError& error) {
    if (std::string(error.what()).find(why) == std::string::npos)
      fail(__FILE__, __LINE__, "\"" + std::string(error.what()) + "\" does not say \"" + why + "\"");
    return;
  }
  fail(__FILE__, __LINE__, "not refused: " + lines);
}

}  // namespace

TEST(interleaved_tiles) {
  const PixelTiles tiles(2, 40, 37, {3, 2, 33, 33}, 5, 1);
  for (const TensorFormat& format : all_formats(33)) {
    KernelCase one(format, 2);
    compare(one, tiles.plan(one));
  }
}

TEST(resized_interleaved_tiles) {
  for (const Crop& crop : {Crop{0, 0, 40, 37}, Crop{2, 1, 19, 13}}) {
    const PixelTiles tiles(1, 40, 37, crop, 1, 2);
    for (const TensorFormat& format : all_formats(17)) {
      KernelCase one(format, 1);
      compare(one, tiles.plan(one));
    }
  }
}

TEST(tiles_of_planes) {
  const std::vector<PlaneImage> images = every_kind_of_image(33, 33);
  std::vector<std::uint32_t> places;
  for (std::uint32_t t = 0; t < images.size(); ++t) places.push_back(static_cast<std::uint32_t>(images.size()) - 1 - t);
  for (const TensorFormat& format : all_formats(33)) {
    KernelCase one(format, static_cast<std::int64_t>(images.size()));
    compare(one, plan_rows(one, images, places));
  }
}

TEST(tiny_planes) {
  std::vector<PlaneImage> images;
  std::vector<std::uint32_t> places;
  for (const ChromaKind chroma : {kFullChroma, kHalfWidthChroma, kHalfBothChroma})
    for (const std::int64_t side : {1, 2, 3, 4, 5}) {
      places.push_back(static_cast<std::uint32_t>(images.size()));
      images.emplace_back(kLumaChroma, chroma, side, side, Crop{side - 1, side - 1, 1, 1}, 0, 9);
    }
  for (const TensorFormat& format : all_formats(1)) {
    KernelCase one(format, static_cast<std::int64_t>(images.size()));
    compare(one, plan_rows(one, images, places));
  }
}

TEST(resized_tiles_of_planes) {
  const std::vector<PlaneImage> images = every_kind_of_image(21, 14);
  std::vector<std::uint32_t> places;
  for (std::uint32_t t = 0; t < images.size(); ++t) places.push_back(t);
  for (const TensorFormat& format : all_formats(9)) {
    KernelCase one(format, static_cast<std::int64_t>(images.size()));
    compare(one, plan_rows(one, images, places));
  }
}

TEST(the_interpreter_refuses_what_it_does_not_know) {
  refused("\tex2.approx.f32 %f1, %f2;\n", "an unknown instruction, ex2.approx.f32");
  refused("\tadd.s32 %r1, %r2;\n", "too few operands");
  refused("\tadd.s32 %r1, 1, 2, 3;\n", "too many operands");
  refused("\tadd.s32 %r99, 1, 2;\n", "an unknown register, %r99");
  refused("\tmov.u32 %r1, %clock;\n", "an unknown operand, %clock");
  refused("\tmov.u32 %r1, 0x12;\n", "an unknown number, 0x12");
  refused("\tld.param.u32 %r1, [other];\n", "an unknown address");
  refused("\tbra nowhere;\n", "there is no label nowhere");
  refused("\t.shared .b8 x[4];\n", "an unknown instruction, .shared");
  refused("again:\n\tbra again;\n", "a thread does not end");
  refused("\tadd.s32 %r1, %r2, 1;\n", "a register is read before it is written: add.s32");
  CHECK_EQ(run_lines("").front(), 0u);
}

TEST(the_interpreter_refuses_addresses_that_are_not_the_launchs) {
  refused("\tld.global.u8 %r1, [%rd1+64];\n", "outside the memory");
  refused("\tst.global.u8 [%rd1+64], 1;\n", "outside the memory");
  refused("\tadd.s64 %rd2, %rd1, -1;\n\tld.global.u8 %r1, [%rd2];\n", "outside the memory");
  refused("\tst.global.u16 [%rd1+1], 1;\n", "a store of 2 bytes");
  refused("\tst.global.u16 [%rd1+1], 1;\n", "is not aligned");
  refused("\tst.global.u32 [%rd1+2], 1;\n", "is not aligned");
  refused("\tld.global.nc.u32 %r1, [%rd1];\n", "takes memory that is written for constant");
  refused("\tld.param.u64 %rd2, [k_param_0+8];\n", "outside the parameters");
  refused("\tld.param.u32 %r1, [k_param_0+2];\n", "parameters is not aligned");
  CHECK_EQ(run_lines("\tst.global.u8 [%rd1+63], 1;\n").back(), 1u << 24);

  const std::string text = kernel_of("\tst.global.u8 [%rd1], 1;\n");
  std::uint64_t word = 0, address = reinterpret_cast<std::uintptr_t>(&word);
  void* params[] = {&address};
  PtxMemory memory;
  memory.allow(address, sizeof word, false);
  bool thrown = false;
  try {
    PtxMachine(text).launch("k", {}, params, memory);
  } catch (const PtxError& error) {
    thrown = std::string(error.what()).find("memory that is only read") != std::string::npos;
  }
  CHECK(thrown);
  CHECK_EQ(word, 0u);
}

TEST(instructions_give_what_the_language_says) {
  const auto words = run_lines(
      "\tshl.b32 %r1, 1, 32;\n\tst.global.u32 [%rd1], %r1;\n"
      "\tshr.s32 %r1, -8, 1;\n\tst.global.u32 [%rd1+4], %r1;\n"
      "\tshr.s32 %r1, -8, 99;\n\tst.global.u32 [%rd1+8], %r1;\n"
      "\tmov.f32 %f1, 0f437FC000;\n\tcvt.rzi.s32.f32 %r1, %f1;\n\tst.global.u32 [%rd1+12], %r1;\n"  // 255.75
      "\tmov.f32 %f1, 0f7F800000;\n\tcvt.rzi.s32.f32 %r1, %f1;\n\tst.global.u32 [%rd1+16], %r1;\n"  // infinity
      "\tmov.f32 %f1, 0f7FC00000;\n\tcvt.rzi.s32.f32 %r1, %f1;\n\tst.global.u32 [%rd1+20], %r1;\n"  // NaN
      "\tsetp.lt.s32 %p1, -1, 1;\n\tselp.b32 %r1, 7, 8, %p1;\n\tst.global.u32 [%rd1+24], %r1;\n"
      "\tsetp.lt.u32 %p1, -1, 1;\n\tselp.b32 %r1, 7, 8, %p1;\n\tst.global.u32 [%rd1+28], %r1;\n"
      "\t@%p1 bra over;\n\tmov.u32 %r1, 5;\n\tst.global.u32 [%rd1+32], %r1;\nover:\n"
      "\t@!%p1 bra out;\n\tmov.u32 %r1, 6;\n\tst.global.u32 [%rd1+36], %r1;\nout:\n"
      "\tmul.wide.s32 %rd2, -2, 3;\n\tcvt.u32.u64 %r1, %rd2;\n\tst.global.u32 [%rd1+40], %r1;\n"
      "\tmul.wide.u32 %rd2, 65536, 65537;\n\tshr.u32 %r2, 4, 2;\n\tst.global.u32 [%rd1+44], %r2;\n"
      "\tmad.lo.s32 %r1, 65536, 65536, 9;\n\tst.global.u32 [%rd1+48], %r1;\n");
  const std::array<std::uint32_t, 16> wanted{0, 0xFFFFFFFCu, 0xFFFFFFFFu, 255, 0x7FFFFFFFu, 0, 7, 8,
                                             5, 0,           0xFFFFFFFAu, 1,   9,           0, 0, 0};
  for (std::size_t i = 0; i < wanted.size(); ++i) CHECK_EQ(words[i], wanted[i]);
}

TEST(every_kernel_was_compared) {
  for (const auto& [name, kernel] : shipped().program().kernels)
    if (compared()[name] == 0) fail(__FILE__, __LINE__, name + " was not compared");
  CHECK_EQ(shipped().program().kernels.size(), kTwinKernels.size());
}

TEST_MAIN

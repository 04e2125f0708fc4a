// Who decodes for a GPU: what was asked for, what the GPU and the library can do, one answer for a whole group. With
// the fake driver and the fake nvJPEG.
#include "engine/device_decode.h"

#include "test/gpu/nvjpeg_support.h"
#include "test/support/fake_driver.h"

using namespace microtome;
using namespace microtome::engine;
using namespace microtome::test;

namespace {

struct Machine {
  explicit Machine(int gpus = 1, int major = 9) {
    driver.set({.device_count = gpus});
    for (int i = 0; i < gpus; ++i) set_major(i, major);
    open();
  }
  void set_major(int ordinal, int major) const {
    driver.set_device(ordinal, {.name = "Fake GPU", .compute_major = major, .compute_minor = 5});
  }
  void open() {
    contexts.clear();
    const auto opened = driver.open();
    for (const gpu::DeviceFacts& device : opened->devices())
      contexts.push_back(gpu::Context::retain(opened, device.ordinal));
  }
  std::vector<DeviceDecode> choose(GpuDecode asked, const std::string& library = MICROTOME_FAKE_NVJPEG,
                                   std::int64_t rows = 256) const {
    return choose_decode(asked, library, contexts, rows, 5);
  }

  FakeDriver driver;
  FakeNvjpeg nvjpeg;
  std::vector<std::shared_ptr<const gpu::Context>> contexts;
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST(the_cpu_where_it_was_asked_for) {
  const Machine machine;
  const auto decodes = machine.choose(GpuDecode::Cpu);
  CHECK_EQ(decodes.size(), std::size_t{1});
  CHECK(!decodes[0].nvjpeg && !decodes[0].trial);
  CHECK_EQ(decodes[0].reason, std::string("it was asked for"));
}

TEST(by_default_a_trial_decides_where_nvjpeg_may_pay) {
  const Machine machine;
  const auto decodes = machine.choose(GpuDecode::Auto);
  CHECK(decodes[0].nvjpeg && decodes[0].trial);
  CHECK(!decodes[0].trial->report().is_decided && !decodes[0].trial->is_forced());
  CHECK_EQ(decodes[0].trial->report().decoder, std::string("nvJPEG 11.9.0 (hardware)"));
}

TEST(by_default_the_cpu_before_compute_capability_8) {
  for (const int major : {3, 5, 7}) {
    const Machine machine(1, major);
    const auto decodes = machine.choose(GpuDecode::Auto);
    CHECK(!decodes[0].nvjpeg);
    CHECK(has(decodes[0].reason, "compute capability " + std::to_string(major) + ".5"));
    // By name it is used there too.
    CHECK(machine.choose(GpuDecode::Nvjpeg)[0].nvjpeg != nullptr);
  }
}

TEST(by_default_the_cpu_for_small_batches) {
  const Machine machine;
  CHECK(has(machine.choose(GpuDecode::Auto, MICROTOME_FAKE_NVJPEG, 63)[0].reason, "63 tiles"));
  CHECK(machine.choose(GpuDecode::Auto, MICROTOME_FAKE_NVJPEG, 64)[0].nvjpeg != nullptr);
}

TEST(without_the_library_the_cpu_or_an_error) {
  const Machine machine;
  CHECK(has(machine.choose(GpuDecode::Auto, "")[0].reason, "nvJPEG"));
  CHECK_THROWS(RUNTIME_MISSING, (void)machine.choose(GpuDecode::Nvjpeg, ""));
  CHECK_THROWS(RUNTIME_MISSING, (void)machine.choose(GpuDecode::Nvjpeg, "/nowhere/libnvjpeg.so"));
}

TEST(where_no_backend_works_the_cpu_or_an_error_that_says_why) {
  Machine machine;
  for (int& status : machine.nvjpeg.switches.create_status) status = 6;
  machine.nvjpeg.apply();
  CHECK(has(machine.choose(GpuDecode::Auto)[0].reason, "gpu-hybrid: the GPU failed"));
  CHECK_THROWS(DEVICE_UNAVAILABLE, (void)machine.choose(GpuDecode::Nvjpeg));
  CHECK_EQ(machine.nvjpeg.counts().live, 0);
}

TEST(asked_for_by_name_nobody_tries_and_nobody_may_do_otherwise) {
  const Machine machine;
  const auto decodes = machine.choose(GpuDecode::Nvjpeg);
  CHECK(decodes[0].trial->wants_jpeg() && decodes[0].trial->is_forced());
}

TEST(a_group_has_one_answer_and_one_trial) {
  Machine machine(3);
  const auto decodes = machine.choose(GpuDecode::Auto);
  CHECK_EQ(decodes.size(), std::size_t{3});
  for (const DeviceDecode& one : decodes) CHECK(one.nvjpeg && one.trial == decodes[0].trial);
  CHECK(decodes[0].nvjpeg != decodes[1].nvjpeg);
}

TEST(one_old_gpu_of_a_group_speaks_for_all) {
  Machine machine(3);
  machine.set_major(2, 6);
  machine.open();
  for (const DeviceDecode& one : machine.choose(GpuDecode::Auto)) {
    CHECK(!one.nvjpeg && !one.trial);
    CHECK(has(one.reason, "6.5"));
  }
  CHECK_EQ(machine.nvjpeg.counts().live, 0);
}

TEST_MAIN

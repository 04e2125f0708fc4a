// The kernels through the driver: memory of the device, the shipped PTX as a module, arguments, launch, and back. On
// the fake driver, which runs their plain C++ form; and, where there is a GPU, on that: its tensors must have the same
// bits.
#include <memory>
#include <string>
#include <vector>

#include "gpu/buffers.h"
#include "gpu/module.h"
#include "gpu/stream.h"
#include "gpu/tile_kernel.h"
#include "test/check.h"
#include "test/support/fake_driver.h"
#include "test/support/kernel_planes.h"

using namespace microtome;
using namespace microtome::gpu;
using namespace microtome::test;
using preprocess::TensorFormat;

namespace {

class Device {
 public:
  explicit Device(const std::shared_ptr<const Driver>& driver)
      : context_(Context::retain(driver, 0)), module_(context_, tile_kernel_ptx().data()), stream_(context_) {}

  // A copy of the bytes on the device, kept until forget().
  std::uint64_t place(const Bytes& bytes) {
    const PinnedBuffer pinned(context_, bytes.size());
    std::memcpy(pinned.data(), bytes.data(), bytes.size());
    buffers_.emplace_back(context_, bytes.size());
    stream_.copy_to_device(buffers_.back().address(), pinned.data(), bytes.size());
    stream_.synchronize();
    return buffers_.back().address();
  }
  void forget() { buffers_.clear(); }

  void launch(LaunchPlan& plan) const {
    auto params = plan.params();
    module_.launch(stream_, module_.function(plan.function), plan.size, params.data());
  }

  [[nodiscard]] Bytes fetch(std::uint64_t address, std::size_t bytes) const {
    const PinnedBuffer pinned(context_, bytes);
    stream_.copy_to_host(pinned.data(), address, bytes);
    stream_.synchronize();
    return {pinned.data(), pinned.data() + bytes};
  }

  [[nodiscard]] std::string label() const { return context_->label(); }

 private:
  std::shared_ptr<const Context> context_;
  Module module_;
  Stream stream_;
  std::vector<DeviceBuffer> buffers_;
};

// `plan_of` makes the launch of a case: once for the plain C++ form here, once for the device.
template <typename PlanOf>
void compare(Device& device, const TensorFormat& format, std::int64_t tiles, PlanOf&& plan_of) {
  KernelCase here(format, tiles), there(format, tiles, [&](const Bytes& bytes) { return device.place(bytes); });
  LaunchPlan plan = plan_of(here);
  here.run_twin(plan);
  LaunchPlan device_plan = plan_of(there);
  device.launch(device_plan);
  if (device.fetch(there.target().tensor, here.tensor().size()) != here.tensor())
    fail(__FILE__, __LINE__, device.label() + ": " + plan.function + " differs, " + words_of(format));
  device.forget();
}

void compare_everything(Device& device) {
  const PixelTiles tiles(3, 70, 66, {2, 1, 65, 65}, 5, 1), resized(2, 90, 71, {3, 0, 87, 70}, 0, 2);
  const std::vector<PlaneImage> images = every_kind_of_image(65, 65), other_images = every_kind_of_image(71, 40);
  std::vector<std::uint32_t> places;
  for (std::uint32_t t = 0; t < images.size(); ++t) places.push_back(static_cast<std::uint32_t>(images.size()) - 1 - t);
  const auto count = static_cast<std::int64_t>(images.size());
  for (const TensorFormat& format : all_formats(65)) {
    compare(device, format, 3, [&](KernelCase& one) { return tiles.plan(one); });
    compare(device, format, 2, [&](KernelCase& one) { return resized.plan(one); });
    compare(device, format, count, [&](KernelCase& one) { return plan_rows(one, images, places); });
    compare(device, format, count, [&](KernelCase& one) { return plan_rows(one, other_images, places); });
  }
}

}  // namespace

TEST(every_kernel_through_the_fake_driver) {
  const FakeDriver fake;
  fake.set_kernels([](const char* name, const unsigned* grid, const unsigned* block, void** parameters) {
    return twin_launch(name, {{grid[0], grid[1], grid[2]}, {block[0], block[1], block[2]}}, parameters);
  });
  Device device(fake.open());
  compare_everything(device);
  CHECK_EQ(fake.counts().launches, 4 * 12);
}

TEST(every_kernel_on_a_gpu_has_the_bits_of_its_plain_form) {
  std::shared_ptr<const Driver> driver;
  try {
    driver = Driver::open();
  } catch (const Error& error) {
    if (error.code() != Code::DEVICE_UNAVAILABLE) throw;
    std::printf("skipped: %s (%s)\n", __func__, error.found().c_str());
    return;
  }
  Device device(driver);
  compare_everything(device);
}

TEST_MAIN

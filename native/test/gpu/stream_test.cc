// Streams, events, memory and kernels of a GPU, on the fake driver: it puts work off until somebody waits, keeps the
// memory of the device from the host, and refuses what a driver would refuse.
#include "gpu/stream.h"

#include <cstring>
#include <numeric>
#include <thread>

#include "gpu/buffers.h"
#include "gpu/module.h"
#include "test/check.h"
#include "test/support/fake_driver.h"

using namespace microtome;
using namespace microtome::gpu;
using namespace microtome::test;

namespace {

constexpr const char* kPtx = R"(.version 3.2
.target sm_35
.address_size 64
.visible .entry add_one(
	.param .u64 add_one_param_0,
	.param .u32 add_one_param_1
)
{
	ret;
}
)";

// Adds one to so many bytes.
bool run_kernel(const char* name, const unsigned* grid, const unsigned* block, void** parameters) {
  if (std::string(name) != "add_one" || grid[0] != 1 || block[0] != 32) return false;
  std::uint64_t address = 0;
  std::uint32_t count = 0;
  std::memcpy(&address, parameters[0], sizeof address);
  std::memcpy(&count, parameters[1], sizeof count);
  auto* const bytes = reinterpret_cast<std::uint8_t*>(address);
  for (std::uint32_t i = 0; i < count; ++i) ++bytes[i];
  return true;
}

struct Device {
  FakeDriver fake;
  std::shared_ptr<const Context> context = Context::retain(fake.open(), 0);
};

void launch_add_one(const Module& module, const Stream& stream, DevicePointer bytes, std::uint32_t count) {
  void* parameters[] = {&bytes, &count};
  module.launch(stream, module.function("add_one"), {.grid = {1, 1, 1}, .block = {32, 1, 1}}, parameters);
}

}  // namespace

TEST(bytes_go_to_the_device_through_a_kernel_and_back) {
  const Device device;
  device.fake.set_kernels(run_kernel);
  const Stream in(device.context), work(device.context);
  const Event copied(device.context), done(device.context);
  const DeviceBuffer there(device.context, 100);
  const PinnedBuffer from(device.context, 100), back(device.context, 100);
  const Module module(device.context, kPtx);
  std::iota(from.data(), from.data() + 100, std::uint8_t{1});
  in.copy_to_device(there.address(), from.data(), 100);
  in.record(copied);
  work.wait_for(copied);
  launch_add_one(module, work, there.address(), 50);
  work.copy_to_host(back.data(), there.address(), 100);
  work.record(done);
  done.wait();
  for (int i = 0; i < 100; ++i) CHECK_EQ(int{back.data()[i]}, i + 1 + (i < 50 ? 1 : 0));
  CHECK_EQ(device.fake.counts().bytes_in, 100);
  CHECK_EQ(device.fake.counts().bytes_out, 100);
}

// The fake would not notice a program that is wrong, if it did what it is told at once.
TEST(without_the_event_the_fake_gives_wrong_bytes) {
  const Device device;
  const Stream in(device.context), work(device.context);
  const DeviceBuffer there(device.context, 4);
  const PinnedBuffer from(device.context, 4), back(device.context, 4);
  std::memset(from.data(), 7, 4);
  in.copy_to_device(there.address(), from.data(), 4);
  work.copy_to_host(back.data(), there.address(), 4);
  work.synchronize();
  CHECK(back.data()[0] != 7);
  in.synchronize();
}

TEST(memory_that_is_used_again_too_early_gives_wrong_bytes) {
  const Device device;
  const Stream in(device.context);
  const DeviceBuffer there(device.context, 4);
  const PinnedBuffer from(device.context, 4), back(device.context, 4);
  std::memset(from.data(), 7, 4);
  in.copy_to_device(there.address(), from.data(), 4);
  std::memset(from.data(), 9, 4);
  in.copy_to_host(back.data(), there.address(), 4);
  in.synchronize();
  CHECK_EQ(int{back.data()[0]}, 9);
}

TEST(a_fill_is_in_the_order_of_the_stream) {
  const Device device;
  const Stream stream(device.context);
  const DeviceBuffer there(device.context, 8);
  const PinnedBuffer back(device.context, 8);
  stream.fill(there.address(), 3, 8);
  stream.fill(there.address() + 4, 5, 4);
  stream.copy_to_host(back.data(), there.address(), 8);
  stream.synchronize();
  CHECK_EQ(int{back.data()[3]}, 3);
  CHECK_EQ(int{back.data()[4]}, 5);
}

TEST(the_fake_refuses_pointers_of_the_wrong_side) {
  const FakeDriver fake;
  {
    const auto context = Context::retain(fake.open(), 0);
    const Stream stream(context);
    const DeviceBuffer there(context, 16);
    const PinnedBuffer pinned(context, 16);
    std::uint8_t ordinary[16] = {};
    CHECK_THROWS(INTERNAL, stream.copy_to_device(there.address(), ordinary, 16));
    CHECK_THROWS(INTERNAL, stream.copy_to_device(reinterpret_cast<std::uintptr_t>(pinned.data()), pinned.data(), 16));
    CHECK_THROWS(INTERNAL, stream.copy_to_device(there.address(), pinned.data(), 17));
    CHECK_THROWS(INTERNAL, stream.fill(reinterpret_cast<std::uintptr_t>(pinned.data()), 0, 1));
    const Module module(context, kPtx);
    CHECK_THROWS(INTERNAL, launch_add_one(module, stream, reinterpret_cast<std::uintptr_t>(pinned.data()), 1));
    CHECK_EQ(fake.counts().misuses, 5);
  }
  FakeDriver::call<void()>("fake_cuda_reset")();
}

TEST(memory_runs_out_by_name) {
  const Device device;
  device.fake.set({.allocation_fails = 2, .pinned_fails = 1});
  const DeviceBuffer first(device.context, 10);
  CHECK_THROWS(OUT_OF_MEMORY, (void)DeviceBuffer(device.context, 10));
  CHECK_THROWS(OUT_OF_MEMORY, (void)PinnedBuffer(device.context, 10));
  CHECK_THROWS(OUT_OF_MEMORY, (void)DeviceBuffer(device.context, std::size_t{2} << 30));
  const PinnedBuffer later(device.context, 10);
  CHECK_EQ(later.size(), 10u);
}

TEST(buffers_move_and_are_freed_once) {
  const Device device;
  DeviceBuffer one(device.context, 10);
  const DevicePointer address = one.address();
  DeviceBuffer two(std::move(one));
  CHECK_EQ(two.address(), address);
  two = DeviceBuffer(device.context, 20);
  CHECK_EQ(device.fake.counts().allocations, 1);
  PinnedBuffer three(device.context, 10);
  three = PinnedBuffer();
  CHECK_EQ(device.fake.counts().pinned, 0);
}

TEST(a_compiler_that_refuses_says_why) {
  const Device device;
  const auto refused = [&](int status, Code code, const std::string& part) {
    device.fake.set({.module_status = status, .module_log = "\nptxas fatal: Unsupported .version 9.9\nmore"});
    try {
      const Module module(device.context, kPtx);
      CHECK(!"compiled");
    } catch (const Error& error) {
      CHECK(error.code() == code);
      CHECK(error.message().find("ptxas fatal: Unsupported .version 9.9 (the driver says " + part + ")") !=
            std::string::npos);
    }
  };
  refused(222, Code::DEVICE_UNAVAILABLE, "UNSUPPORTED_PTX_VERSION");
  refused(221, Code::RUNTIME_MISSING, "JIT_COMPILER_NOT_FOUND");
  device.fake.set({});
  const Module module(device.context, kPtx);
  CHECK_THROWS(INTERNAL, (void)module.function("no_such_kernel"));
}

TEST(a_launch_that_fails_says_so) {
  const Device device;
  const Stream stream(device.context);
  const DeviceBuffer there(device.context, 16);
  const Module module(device.context, kPtx);
  device.fake.set({.launch_fails = 1, .launch_status = 701});
  CHECK_THROWS(INTERNAL, launch_add_one(module, stream, there.address(), 1));
  device.fake.set({.launch_fails = 1, .launch_status = 719});
  CHECK_THROWS(DEVICE_LOST, launch_add_one(module, stream, there.address(), 1));
}

// Everything says so from then on, and everything can still be let go of.
TEST(a_device_is_lost_in_the_middle_of_its_work) {
  const Device device;
  const Stream stream(device.context);
  const DeviceBuffer there(device.context, 16);
  const PinnedBuffer host(device.context, 16);
  const Event event(device.context);
  device.fake.set({.lost_device = 0, .lost_at = 2, .lost_status = 700});
  stream.copy_to_device(there.address(), host.data(), 16);
  stream.synchronize();
  stream.copy_to_host(host.data(), there.address(), 16);
  stream.record(event);
  CHECK_THROWS(DEVICE_LOST, event.wait());
  CHECK_THROWS(DEVICE_LOST, stream.synchronize());
  CHECK_THROWS(DEVICE_LOST, (void)DeviceBuffer(device.context, 16));
  CHECK_THROWS(DEVICE_LOST, (void)device.context->free_bytes());
}

TEST(calls_come_from_any_thread) {
  const Device device;
  const Stream stream(device.context);
  const DeviceBuffer there(device.context, 4);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      const PinnedBuffer host(device.context, 4);
      const Event done(device.context);
      stream.copy_to_host(host.data(), there.address(), 4);
      stream.record(done);
      done.wait();
    });
  for (auto& thread : threads) thread.join();
  CHECK_EQ(device.fake.counts().bytes_out, 16);
}

TEST(events_tell_the_time_of_the_clock) {
  const Device device;
  device.fake.start_clock({.in_bytes_per_ns = 0.5, .copy_start_ns = 1000});
  const Stream stream(device.context);
  const DeviceBuffer there(device.context, 1'000'000);
  const PinnedBuffer host(device.context, 1'000'000);
  const Event begin(device.context, Event::Timing::On), end(device.context, Event::Timing::On);
  stream.record(begin);
  stream.copy_to_device(there.address(), host.data(), 1'000'000);
  stream.record(end);
  std::thread waits([&] { end.wait(); });
  while (!device.fake.advance()) std::this_thread::yield();
  waits.join();
  CHECK_EQ(device.fake.now(), 2'001'000);
  CHECK(std::abs(end.milliseconds_since(begin) - 2.001) < 1e-4);
}

TEST_MAIN

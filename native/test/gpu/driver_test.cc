// The driver opened at run time: what it says of devices, and each way in which it cannot be used, by name.
#include "gpu/driver.h"

#include "gpu/context.h"
#include "gpu/driver_error.h"
#include "test/check.h"
#include "test/support/fake_driver.h"

using namespace microtome;
using namespace microtome::gpu;
using namespace microtome::test;

namespace {

std::string message_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST(a_machine_without_a_driver_is_told_so) {
  CHECK_THROWS(DEVICE_UNAVAILABLE, (void)Driver::open("libmicrotome-has-no-such-driver.so.1"));
  const auto text = message_of([] { (void)Driver::open("libmicrotome-has-no-such-driver.so.1"); });
  CHECK(has(text, "NVIDIA's driver is not installed"));
  CHECK(has(text, "libmicrotome-has-no-such-driver.so.1"));
}

TEST(a_library_that_is_no_driver_is_named) {
  const auto text = message_of([] { (void)Driver::open("libm.so.6"); });
  CHECK(has(text, "libm.so.6 has no function cuInit"));
}

TEST(devices_say_what_they_are) {
  const FakeDriver fake;
  fake.set({.device_count = 2});
  fake.set_device(1, {.name = "Tesla K80",
                      .compute_major = 3,
                      .compute_minor = 7,
                      .multiprocessors = 13,
                      .memory_bytes = std::size_t{11} << 30});
  const auto driver = fake.open();
  CHECK_EQ(driver->version(), 12040);
  CHECK_EQ(driver->version_text(), "12.4");
  CHECK_EQ(driver->devices().size(), 2u);
  const DeviceFacts& device = driver->device(1);
  CHECK_EQ(device.ordinal, 1);
  CHECK_EQ(device.name, "Tesla K80");
  CHECK_EQ(device.compute_capability(), "3.7");
  CHECK_EQ(device.multiprocessors, 13);
  CHECK_EQ(device.memory_bytes, std::int64_t{11} << 30);
  CHECK_EQ(device.uuid_text(), "GPU-10111213-1415-1617-1819-1a1b1c1d1e1f");
  CHECK_THROWS(DEVICE_UNAVAILABLE, (void)driver->device(2));
  CHECK_THROWS(DEVICE_UNAVAILABLE, (void)driver->device(-1));
  CHECK(has(message_of([&] { (void)driver->device(2); }), "there is no GPU number 2: this machine has 2"));
}

TEST(a_driver_without_a_gpu_is_told_so) {
  const FakeDriver fake;
  fake.set({.init_status = 100});
  CHECK_THROWS(DEVICE_UNAVAILABLE, (void)fake.open());
  CHECK(has(message_of([&] { (void)fake.open(); }), "NO_DEVICE"));
  fake.set({.device_count = 0});
  CHECK_THROWS(DEVICE_UNAVAILABLE, (void)fake.open());
}

TEST(a_driver_that_is_too_old_is_told_so) {
  const FakeDriver fake;
  fake.set({.driver_version = 10020});
  CHECK_THROWS(DEVICE_UNAVAILABLE, (void)fake.open());
  CHECK(has(message_of([&] { (void)fake.open(); }), "for CUDA 10.2, and CUDA 11.4 is needed"));
}

TEST(a_context_is_current_while_it_is_entered_only) {
  const FakeDriver fake;
  const auto context = Context::retain(fake.open(), 0);
  CHECK_EQ(context->label(), "GPU 0 \"Fake GPU\"");
  CHECK_EQ(fake.counts().contexts, 1);
  CHECK_EQ(context->free_bytes(), std::int64_t{1} << 30);
  CHECK_EQ(fake.counts().misuses, 0);
  {
    const auto outer = context->enter();
    const auto inner = context->enter();
  }
}

TEST(a_context_that_another_process_has_is_refused) {
  const FakeDriver fake;
  fake.set({.retain_status = 46});
  const auto driver = fake.open();
  CHECK_THROWS(DEVICE_UNAVAILABLE, (void)Context::retain(driver, 0));
  CHECK_THROWS(DEVICE_UNAVAILABLE, (void)Context::retain(driver, 1));
}

TEST(each_status_has_a_code_and_a_name) {
  struct Expected {
    CuResult status;
    Code code;
    const char* name;
  };
  for (const auto& [status, code, name] : {Expected{2, Code::OUT_OF_MEMORY, "OUT_OF_MEMORY"},
                                           {34, Code::DEVICE_UNAVAILABLE, "STUB_LIBRARY"},
                                           {46, Code::DEVICE_UNAVAILABLE, "DEVICE_UNAVAILABLE"},
                                           {100, Code::DEVICE_UNAVAILABLE, "NO_DEVICE"},
                                           {209, Code::DEVICE_UNAVAILABLE, "NO_BINARY_FOR_GPU"},
                                           {214, Code::DEVICE_LOST, "ECC_UNCORRECTABLE"},
                                           {218, Code::DEVICE_UNAVAILABLE, "INVALID_PTX"},
                                           {221, Code::RUNTIME_MISSING, "JIT_COMPILER_NOT_FOUND"},
                                           {222, Code::DEVICE_UNAVAILABLE, "UNSUPPORTED_PTX_VERSION"},
                                           {223, Code::DEVICE_UNAVAILABLE, "JIT_COMPILATION_DISABLED"},
                                           {700, Code::DEVICE_LOST, "ILLEGAL_ADDRESS"},
                                           {701, Code::INTERNAL, "LAUNCH_OUT_OF_RESOURCES"},
                                           {719, Code::DEVICE_LOST, "LAUNCH_FAILED"},
                                           {803, Code::DEVICE_UNAVAILABLE, "SYSTEM_DRIVER_MISMATCH"},
                                           {12345, Code::INTERNAL, "status 12345"}}) {
    CHECK(code_of(status) == code);
    CHECK_EQ(name_of(status), name);
    const Error error = driver_error(status, "GPU 0", "do it");
    CHECK(error.code() == code);
    CHECK_EQ(error.found(), std::string("GPU 0 could not do it (the driver says ") + name + ")");
    CHECK(!error.advice().empty());
  }
}

TEST_MAIN

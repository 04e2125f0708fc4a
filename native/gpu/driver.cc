#include "gpu/driver.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "gpu/driver_error.h"

namespace microtome::gpu {
namespace {

constexpr std::string_view kDriver = "NVIDIA's driver";

std::string text_of(int version) { return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10); }

void require(CuResult result, std::string_view what) {
  if (result != cu::kSuccess) throw driver_error(result, kDriver, what);
}

}  // namespace

std::string DeviceFacts::uuid_text() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "GPU-";
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kDigits[uuid[i] >> 4];
    text += kDigits[uuid[i] & 15];
  }
  return text;
}

std::shared_ptr<const Driver> Driver::open(const std::string& library) {
  void* const handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* const reason = ::dlerror();
    throw Error(
        Code::DEVICE_UNAVAILABLE, Stage::Infer,
        "NVIDIA's driver is not installed (" + std::string(reason == nullptr ? library.c_str() : reason) + ")",
        "install NVIDIA's driver, in a container start it with the driver's libraries, or choose another [[device]]");
  }
  auto driver = std::make_shared<Driver>(Key{});
  driver->bind(handle, library);
  const DriverTable& table = driver->table_;
  require(table.init(0), "be initialised");
  require(table.driver_get_version(&driver->version_), "say its version");
  if (driver->version_ < kLeastVersion)
    throw Error(
        Code::DEVICE_UNAVAILABLE, Stage::Infer,
        "NVIDIA's driver is for CUDA " + driver->version_text() + ", and CUDA " + text_of(kLeastVersion) + " is needed",
        "install driver 470 or newer");
  int count = 0;
  require(table.device_get_count(&count), "count the GPUs");
  if (count < 1) throw driver_error(cu::kNoDevice, kDriver, "find a GPU");
  for (int ordinal = 0; ordinal < count; ++ordinal) driver->devices_.push_back(driver->facts_of(ordinal));
  return driver;
}

void Driver::bind(void* library, const std::string& name) {
  const auto find = [&](const char* symbol, auto& out) {
    out = reinterpret_cast<std::remove_reference_t<decltype(out)>>(::dlsym(library, symbol));
    if (out == nullptr)
      throw Error(Code::DEVICE_UNAVAILABLE, Stage::Infer, name + " has no function " + symbol,
                  "install NVIDIA's driver 470 or newer");
  };
#define MICROTOME_CU(member, symbol, parameters) find(#symbol, table_.member);
  MICROTOME_CU_FUNCTIONS(MICROTOME_CU)
#undef MICROTOME_CU
}

std::string Driver::version_text() const { return text_of(version_); }

DeviceFacts Driver::facts_of(int ordinal) const {
  CuDevice device = 0;
  require(table_.device_get(&device, ordinal), "name a GPU");
  DeviceFacts facts;
  facts.ordinal = ordinal;
  std::array<char, 256> name{};
  require(table_.device_get_name(name.data(), static_cast<int>(name.size()) - 1, device), "name a GPU");
  facts.name = name.data();
  const auto attribute = [&](int which, int& value) {
    require(table_.device_get_attribute(&value, which, device), "describe a GPU");
  };
  attribute(cu::kAttributeComputeMajor, facts.compute_major);
  attribute(cu::kAttributeComputeMinor, facts.compute_minor);
  attribute(cu::kAttributeMultiprocessors, facts.multiprocessors);
  std::size_t bytes = 0;
  require(table_.device_total_mem(&bytes, device), "say how much memory a GPU has");
  facts.memory_bytes = static_cast<std::int64_t>(bytes);
  CuUuid uuid{};
  require(table_.device_get_uuid(&uuid, device), "identify a GPU");
  std::copy(std::begin(uuid.bytes), std::end(uuid.bytes), facts.uuid.begin());
  return facts;
}

const DeviceFacts& Driver::device(int ordinal) const {
  if (ordinal < 0 || ordinal >= std::ssize(devices_))
    throw Error(Code::DEVICE_UNAVAILABLE, Stage::Infer,
                "there is no GPU number " + std::to_string(ordinal) + ": this machine has " +
                    std::to_string(devices_.size()) + ", counted from 0");
  return devices_[static_cast<std::size_t>(ordinal)];
}

}  // namespace microtome::gpu

#include "addon/gpu_binding.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "addon/fields.h"
#include "addon/run_async.h"
#include "gpu/context.h"
#include "gpu/driver.h"

namespace microtome::addon {
namespace {

struct GpuReport {
  std::string path;
  int cuda_version = 0;
  std::vector<gpu::DeviceFacts> devices;
  std::vector<std::optional<std::int64_t>> free_bytes;
  std::string reason;
};

// How much is free is known to a context only, which takes time and memory of the GPU.
std::optional<std::int64_t> free_bytes_of(const std::shared_ptr<const gpu::Driver>& driver, int ordinal) {
  try {
    const auto context = gpu::Context::retain(driver, ordinal);
    const auto scope = context->enter();
    return context->free_bytes();
  } catch (const Error&) {
    return std::nullopt;
  }
}

GpuReport look(const std::string& path, bool with_free_memory) {
  GpuReport report;
  report.path = path.empty() ? gpu::Driver::kLibrary : path;
  try {
    const auto driver = gpu::Driver::open(report.path);
    report.cuda_version = driver->version();
    report.devices = driver->devices();
    for (const gpu::DeviceFacts& device : report.devices)
      report.free_bytes.push_back(with_free_memory ? free_bytes_of(driver, device.ordinal) : std::nullopt);
  } catch (const Error& error) {
    // The caller adds an advice of its own: other devices may be there.
    report.reason = error.message().substr(0, error.message().size() - error.advice().size() - 2);
  }
  return report;
}

Napi::Value report_object(Napi::Env env, const GpuReport& report) {
  auto gpus = Napi::Array::New(env, report.devices.size());
  for (std::uint32_t i = 0; i < report.devices.size(); ++i) {
    const gpu::DeviceFacts& device = report.devices[i];
    auto capability = Napi::Array::New(env, 2);
    capability.Set(0U, Napi::Number::New(env, device.compute_major));
    capability.Set(1U, Napi::Number::New(env, device.compute_minor));
    auto one = Napi::Object::New(env);
    one.Set("ordinal", Napi::Number::New(env, device.ordinal));
    one.Set("name", Napi::String::New(env, device.name));
    one.Set("computeCapability", capability);
    one.Set("memoryBytes", Napi::Number::New(env, static_cast<double>(device.memory_bytes)));
    const auto& free = report.free_bytes[i];
    one.Set("freeMemoryBytes", free ? Napi::Number::New(env, static_cast<double>(*free)) : env.Null());
    one.Set("uuid", Napi::String::New(env, device.uuid_text()));
    gpus.Set(i, one);
  }
  auto out = Napi::Object::New(env);
  out.Set("path", Napi::String::New(env, report.path));
  out.Set("cudaVersion", Napi::Number::New(env, report.cuda_version));
  out.Set("gpus", gpus);
  out.Set("reason", Napi::String::New(env, report.reason));
  return out;
}

}  // namespace

Napi::Value gpu_report(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&]() -> Napi::Value {
    const Fields request(call[0]);
    return run_long(
        call.Env(), "microtome-gpus",
        [path = request.string("driver"), with_free = request.boolean("freeMemory")] { return look(path, with_free); },
        [](Napi::Env env, GpuReport& report) -> Napi::Value { return report_object(env, report); });
  });
}

}  // namespace microtome::addon

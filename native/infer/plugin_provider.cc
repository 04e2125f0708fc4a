#include "infer/plugin_provider.h"

#include <algorithm>
#include <mutex>
#include <set>
#include <span>
#include <string_view>
#include <vector>

namespace microtome::infer {
namespace {

using Devices = std::span<const ort::ProviderDevice* const>;

constexpr std::string_view kSuffix = "ExecutionProvider";

struct Registered {
  std::mutex mutex;
  std::set<std::string> paths;  // the runtime keeps the libraries for its life, which is the process's
};

Registered& registered() {
  static Registered one;
  return one;
}

Error unavailable(const OrtRuntime& runtime, const PluginProvider& plugin, const std::string& reason) {
  return Error(
             Code::DEVICE_UNAVAILABLE, Stage::Infer,
             "ONNX Runtime " + runtime.report().version + " cannot use the provider in " + plugin.path + ": " + reason)
      .with_path(plugin.path);
}

// The runtime's own list.
Devices devices_of(const OrtRuntime& runtime) {
  const ort::ProviderDevice* const* devices = nullptr;
  std::size_t count = 0;
  runtime.require(runtime.api()(ort::kGetEpDevices, static_cast<const ort::Env*>(runtime.env()), &devices, &count),
                  "list its devices");
  return {devices, devices + count};
}

void register_once(OrtRuntime& runtime, const PluginProvider& plugin) {
  auto& all = registered();
  std::scoped_lock lock(all.mutex);
  if (all.paths.contains(plugin.path)) return;
  const std::string name = "microtome-" + std::to_string(all.paths.size() + 1);
  if (const auto failure = runtime.take(
          runtime.api()(ort::kRegisterExecutionProviderLibrary, runtime.env(), name.c_str(), plugin.path.c_str())))
    throw unavailable(runtime, plugin, failure->text);
  all.paths.insert(plugin.path);
}

std::string_view hardware_name(ort::HardwareKind kind) {
  return kind == ort::HardwareKind::Cpu ? "cpu" : kind == ort::HardwareKind::Gpu ? "gpu" : "npu";
}

// "OpenVINO" is short for "OpenVINOExecutionProvider".
bool is_named(std::string_view provider, const std::string& name) {
  return provider == name ||
         (provider.size() == name.size() + kSuffix.size() && provider.starts_with(name) && provider.ends_with(kSuffix));
}

std::string list(const std::set<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

}  // namespace

void append_plugin(OrtRuntime& runtime, const PluginProvider& plugin, ort::SessionOptions* session) {
  const auto& api = runtime.api();
  if (!api.has(ort::kRegisterExecutionProviderLibrary))
    throw unavailable(runtime, plugin, "this needs version 1.22 or newer");
  register_once(runtime, plugin);
  std::vector<const ort::ProviderDevice*> chosen;
  std::set<std::string> known;
  for (const auto* device : devices_of(runtime)) {
    const auto hardware = hardware_name(api(ort::kHardwareDevice_Type, api(ort::kEpDevice_Device, device)));
    const std::string name = api(ort::kEpDevice_EpName, device);
    known.insert(name + " (" + std::string(hardware) + ")");
    if (is_named(name, plugin.name) && (plugin.hardware.empty() || plugin.hardware == hardware))
      chosen.push_back(device);
  }
  if (chosen.empty())
    throw unavailable(runtime, plugin,
                      "it offers no " + plugin.name + (plugin.hardware.empty() ? "" : " for a " + plugin.hardware) +
                          " on this machine's hardware; there are: " + list(known));
  std::vector<const char*> keys;
  std::vector<const char*> values;
  for (const auto& [key, value] : plugin.options) {
    keys.push_back(key.c_str());
    values.push_back(value.c_str());
  }
  // One device: a session for several is the provider's own choice among them.
  if (const auto failure = runtime.take(api(ort::kSessionOptionsAppendExecutionProvider_V2, session, runtime.env(),
                                            static_cast<const ort::ProviderDevice* const*>(chosen.data()),
                                            std::size_t{1}, static_cast<const char* const*>(keys.data()),
                                            static_cast<const char* const*>(values.data()), keys.size())))
    throw unavailable(runtime, plugin, failure->text);
  runtime.require(api(ort::kAddSessionConfigEntry, session, "session.disable_cpu_ep_fallback", "1"), "set an option");
}

}  // namespace microtome::infer

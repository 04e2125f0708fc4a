// The device of an engine, from lib/native/device-request.ts.
#include "addon/marshal.h"
#include "addon/options_generated.h"

namespace microtome::addon {
namespace {

// The driver counts them; no machine has more.
constexpr std::int64_t kMostGpus = 1000;

std::vector<std::string> read_paths(const Fields& fields, const char* name) {
  std::vector<std::string> paths;
  const auto list = fields.array(name);
  for (std::uint32_t i = 0; i < list.Length(); ++i) {
    if (!list.Get(i).IsString())
      throw Error(Code::INVALID_OPTION, Stage::Options, std::string("expected paths for ") + name);
    paths.push_back(list.Get(i).As<Napi::String>().Utf8Value());
  }
  return paths;
}

std::vector<int> read_ordinals(const Fields& fields) {
  std::vector<int> ordinals;
  const auto list = fields.array("ordinals");
  for (std::uint32_t i = 0; i < list.Length(); ++i) {
    const std::int64_t ordinal = list.Get(i).IsNumber() ? list.Get(i).As<Napi::Number>().Int64Value() : -1;
    if (ordinal < 0 || ordinal >= kMostGpus)
      throw Error(Code::INVALID_OPTION, Stage::Options, "expected numbers of GPUs for ordinals");
    ordinals.push_back(static_cast<int>(ordinal));
  }
  return ordinals;
}

}  // namespace

engine::DeviceRequest read_device_request(const Fields& fields) {
  using engine::DeviceKind;
  engine::DeviceRequest request;
  request.kind = fields.choice<DeviceKind>("kind", {{"cpu", DeviceKind::Cpu},
                                                    {"cuda", DeviceKind::Cuda},
                                                    {"tensorrt", DeviceKind::TensorRt},
                                                    {"plugin", DeviceKind::Plugin}});
  request.ordinals = read_ordinals(fields);
  const bool is_gpu = request.kind == DeviceKind::Cuda || request.kind == DeviceKind::TensorRt;
  if (is_gpu == request.ordinals.empty())
    throw Error(Code::INVALID_OPTION, Stage::Options,
                "expected ordinals of GPUs for cuda and tensorrt, and none for another device");
  request.reproducible = options::reproducible(fields);
  request.tf32 = fields.boolean("tf32");
  request.fp16 = fields.boolean("fp16");
  request.cuda_graph = fields.boolean("cudaGraph");
  request.decode = options::gpu_decode(fields);
  request.memory_limit_bytes = options::gpu_memory_limit(fields);
  request.engine_cache = fields.string("engineCache");
  request.driver = fields.string("driver");
  request.nvjpeg = fields.string("nvjpeg");
  request.runtime = fields.string("runtime");
  request.provider_files = read_paths(fields, "providerFiles");
  request.preload = read_paths(fields, "preload");
  request.plugin_name = fields.string("pluginName");
  request.plugin_path = fields.string("pluginPath");
  return request;
}

}  // namespace microtome::addon

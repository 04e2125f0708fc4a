#include "engine/device_decode.h"

#include <utility>
#include <vector>

namespace microtome::engine {
namespace {

// Why the CPU decodes although nobody asked for it; empty: no rule says so.
std::string rule_against(const gpu::DeviceFacts& device, std::int64_t rows) {
  if (device.compute_major < DeviceDecode::kLeastComputeMajor)
    return "the GPU has compute capability " + device.compute_capability() + ", and nvJPEG pays from " +
           std::to_string(DeviceDecode::kLeastComputeMajor) + ".0 on";
  if (rows < DeviceDecode::kLeastRows)
    return "a batch has " + std::to_string(rows) + " tiles, and nvJPEG pays from " +
           std::to_string(DeviceDecode::kLeastRows) + " on";
  return {};
}

std::string name_of(const gpu::NvjpegHandle& handle) {
  const std::string& version = handle.library().version();
  return "nvJPEG " + version + (version.empty() ? "(" : " (") + gpu::backend_name(handle.backend()) + ")";
}

// It is freed with the GPU's context current, as everything of nvJPEG must be.
std::shared_ptr<const gpu::NvjpegHandle> open_on(const std::shared_ptr<const gpu::Context>& context,
                                                 const std::string& library) {
  const auto scope = context->enter();
  std::vector<gpu::NvjpegHandle::Refused> refused;
  auto handle = gpu::NvjpegHandle::create(gpu::NvjpegLibrary::open(library), refused);
  if (!handle)
    throw Error(Code::DEVICE_UNAVAILABLE, Stage::Decode,
                "nvJPEG decodes nothing on " + context->label() + " (" + gpu::reasons_of(refused) + ")",
                "pass [[gpu.decode=cpu]]");
  const gpu::NvjpegHandle* const bare = handle.get();
  return {bare, [handle = std::move(handle), context](const gpu::NvjpegHandle* /*bare*/) mutable {
            try {
              const auto entered = context->enter();
              handle.reset();
            } catch (const Error&) {
              handle.reset();  // the device is lost, and its memory with it
            }
          }};
}

}  // namespace

std::vector<DeviceDecode> choose_decode(GpuDecode asked, const std::string& library,
                                        std::span<const std::shared_ptr<const gpu::Context>> group, std::int64_t rows,
                                        int settle) {
  const auto all_by_cpu = [&](const std::string& reason) {
    return std::vector<DeviceDecode>(group.size(), DeviceDecode{.nvjpeg = {}, .trial = {}, .reason = reason});
  };
  if (asked == GpuDecode::Cpu) return all_by_cpu("it was asked for");
  std::vector<DeviceDecode> decodes;
  try {
    for (const auto& context : group) {
      const std::string rule = asked == GpuDecode::Auto ? rule_against(context->device(), rows) : "";
      if (!rule.empty()) return all_by_cpu(rule);
      decodes.push_back({.nvjpeg = open_on(context, library), .trial = {}, .reason = {}});
    }
  } catch (const Error& error) {
    if (asked == GpuDecode::Nvjpeg) throw;
    return all_by_cpu(error.found());
  }
  const std::string name = name_of(*decodes.front().nvjpeg);
  const auto trial =
      asked == GpuDecode::Nvjpeg ? std::make_shared<DecodeTrial>(name) : std::make_shared<DecodeTrial>(name, settle);
  for (DeviceDecode& decode : decodes) decode.trial = trial;
  return decodes;
}

}  // namespace microtome::engine

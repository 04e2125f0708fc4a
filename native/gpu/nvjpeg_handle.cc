#include "gpu/nvjpeg_handle.h"

#include "core/error.h"
#include "gpu/process_end.h"

namespace microtome::gpu {
namespace {

int number_of(NvjpegBackend backend) noexcept {
  switch (backend) {
    case NvjpegBackend::Hardware:
      return NvjpegApi::kBackendHardware;
    case NvjpegBackend::GpuHybrid:
      return NvjpegApi::kBackendGpuHybrid;
    case NvjpegBackend::Hybrid:
      return NvjpegApi::kBackendHybrid;
  }
  return NvjpegApi::kBackendHybrid;
}

}  // namespace

const char* backend_name(NvjpegBackend backend) noexcept {
  switch (backend) {
    case NvjpegBackend::Hardware:
      return "hardware";
    case NvjpegBackend::GpuHybrid:
      return "gpu-hybrid";
    case NvjpegBackend::Hybrid:
      return "hybrid";
  }
  return "hybrid";
}

std::shared_ptr<const NvjpegHandle> NvjpegHandle::create(std::shared_ptr<const NvjpegLibrary> library,
                                                         std::vector<Refused>& refused) {
  for (const NvjpegBackend backend : {NvjpegBackend::Hardware, NvjpegBackend::GpuHybrid, NvjpegBackend::Hybrid}) {
    NvjpegApi::Handle handle = nullptr;
    const auto create_with = [&](unsigned flags) {
      return library->api().create(number_of(backend), nullptr, nullptr, flags, &handle);
    };
    NvjpegApi::Status status = create_with(NvjpegApi::kFlagStrict);
    if (status == NvjpegApi::kInvalidParameter) status = create_with(0);  // a library that is older than the flag
    if (status == NvjpegApi::kSuccess)
      return std::make_shared<NvjpegHandle>(Key(), std::move(library), backend, handle);
    refused.push_back({backend, status});
  }
  return nullptr;
}

NvjpegHandle::NvjpegHandle(Key /*key*/, std::shared_ptr<const NvjpegLibrary> library, NvjpegBackend backend,
                           NvjpegApi::Handle handle)
    : library_(std::move(library)), backend_(backend), handle_(handle) {
  unsigned engines = 0, cores = 0;
  if (backend == NvjpegBackend::Hardware && api().hardware_info != nullptr &&
      api().hardware_info(handle, &engines, &cores) == NvjpegApi::kSuccess)
    engines_ = engines;
}

NvjpegHandle::~NvjpegHandle() {
  if (!process_is_ending()) api().destroy(handle_);
}

std::string reasons_of(const std::vector<NvjpegHandle::Refused>& refused) {
  std::string text;
  for (const NvjpegHandle::Refused& one : refused)
    text += std::string(text.empty() ? "" : "; ") + backend_name(one.backend) + ": " + nvjpeg_status_text(one.status);
  return text;
}

NvjpegState::NvjpegState(std::shared_ptr<const NvjpegHandle> handle) : handle_(std::move(handle)) {
  const NvjpegApi::Status status = handle_->api().state_create(handle_->get(), &state_);
  if (status == NvjpegApi::kSuccess) return;
  const Code code = status == NvjpegApi::kAllocatorFailure ? Code::OUT_OF_MEMORY : Code::DEVICE_UNAVAILABLE;
  throw Error(code, Stage::Decode, std::string("nvJPEG makes no decoder on this GPU: ") + nvjpeg_status_text(status));
}

NvjpegState::~NvjpegState() {
  if (state_ != nullptr && !process_is_ending()) handle_->api().state_destroy(state_);
}

}  // namespace microtome::gpu

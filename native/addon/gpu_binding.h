// gpuReport of lib/native/contract.ts: what the driver says of the GPUs.
#pragma once

#include "addon/napi_setup.h"

namespace microtome::addon {

[[nodiscard]] Napi::Value gpu_report(const Napi::CallbackInfo& call);

}  // namespace microtome::addon

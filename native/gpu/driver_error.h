// What a status of the driver means to us: one of the codes of core/error, and a text.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"
#include "gpu/driver_table.h"

namespace microtome::gpu {

// OUT_OF_MEMORY; DEVICE_LOST where nothing can be done with the device's context any more; DEVICE_UNAVAILABLE where the
// machine or its driver lacks something; RUNTIME_MISSING for the driver's compiler, which is a file of its own; else
// INTERNAL, for what only a fault of ours explains.
[[nodiscard]] Code code_of(CuResult result) noexcept;
// The name of the manual without its prefix, such as "ILLEGAL_ADDRESS"; "status 123" where we know none.
[[nodiscard]] std::string name_of(CuResult result);
// `what` is what was tried, as in "the GPU \"Tesla K80\" could not <what>".
[[nodiscard]] Error driver_error(CuResult result, std::string_view device, std::string_view what);

}  // namespace microtome::gpu

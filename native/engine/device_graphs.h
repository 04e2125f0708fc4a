// Makes the graph of a runner that is a GPU: called when the runner is made, and again where the device had too little
// memory for so many rows. On one thread at a time, with the device's context current.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "core/cancel_token.h"
#include "core/device_handles.h"
#include "infer/device_graph.h"

namespace microtome::engine {

// All work of the graph goes on `stream`; its runs have `rows` rows. The token ends a load that takes long.
using LoadDeviceGraph =
    std::function<std::shared_ptr<infer::DeviceGraph>(StreamHandle stream, std::int64_t rows, CancelToken& cancel)>;

}  // namespace microtome::engine

// Providers that are libraries of their own, registered by their path (ONNX Runtime 1.22 and newer).
#pragma once

#include "infer/model.h"
#include "infer/ort_runtime.h"

namespace microtome::infer {

// Registers the library with the runtime, once for the process, and puts its provider into a session's options. Nothing
// of the graph may run on the CPU's own provider then. Throws DEVICE_UNAVAILABLE, with the runtime's reason, or with
// the names of the providers that there are.
void append_plugin(OrtRuntime& runtime, const PluginProvider& plugin, ort::SessionOptions* session);

}  // namespace microtome::infer

// scoreImages of lib/native/contract.ts: images in, values out. No pixel passes through JavaScript.
#pragma once

#include <memory>

#include "addon/environment.h"
#include "addon/fields.h"
#include "addon/napi_setup.h"
#include "engine/engine.h"

namespace microtome::addon {

// NativeImageJob. JavaScript thread. Throws what is wrong with the call.
[[nodiscard]] Napi::Object start_images(Napi::Env env, const std::shared_ptr<Environment>& environment,
                                        const std::shared_ptr<engine::Engine>& engine, const Fields& batch,
                                        const Fields& program);

}  // namespace microtome::addon

// A source of bytes that JavaScript brought along (NativeByteSource of lib/native/contract.ts). Questions go to the
// JavaScript thread; answers come from it. No thread waits for either.
#pragma once

#include <memory>

#include "addon/environment.h"
#include "addon/napi_setup.h"
#include "slide/byte_source.h"

namespace microtome::addon {

// JavaScript thread. INVALID_OPTION unless `value` has a size, a name, read() and forget().
[[nodiscard]] std::shared_ptr<const slide::ByteSource> make_js_source(Napi::Env env, const Napi::Value& value);

}  // namespace microtome::addon

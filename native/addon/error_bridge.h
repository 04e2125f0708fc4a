// core::Error to JavaScript: a plain Error whose message is the found text, with advice, code, stage, path and tile.
// lib/core/errors.ts makes a MicrotomeError of it.
#pragma once

#include <exception>

#include "addon/napi_setup.h"
#include "core/error.h"

namespace microtome::addon {

// JavaScript thread only.
[[nodiscard]] Napi::Error to_js(Napi::Env env, const Error& error);
// Whatever was thrown natively; anything that is not an Error becomes INTERNAL, bad_alloc OUT_OF_MEMORY.
[[nodiscard]] Napi::Error to_js(Napi::Env env, std::exception_ptr failure);

// Runs `body`, throwing what it throws as a JavaScript exception.
template <typename Body>
auto guarded(Napi::Env env, Body&& body) {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw to_js(env, std::current_exception());
  }
}

}  // namespace microtome::addon

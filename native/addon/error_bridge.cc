#include "addon/error_bridge.h"

#include <new>
#include <string>

namespace microtome::addon {

Napi::Error to_js(Napi::Env env, const Error& error) {
  Napi::Error out = Napi::Error::New(env, error.found());
  out.Set("advice", Napi::String::New(env, error.advice()));
  out.Set("code", Napi::String::New(env, std::string(code_name(error.code()))));
  out.Set("stage", Napi::String::New(env, std::string(stage_name(error.stage()))));
  if (!error.path().empty()) out.Set("path", Napi::String::New(env, error.path()));
  if (error.tile()) {
    auto tile = Napi::Object::New(env);
    tile.Set("level", Napi::Number::New(env, error.tile()->level));
    tile.Set("column", Napi::Number::New(env, static_cast<double>(error.tile()->column)));
    tile.Set("row", Napi::Number::New(env, static_cast<double>(error.tile()->row)));
    out.Set("tile", tile);
  }
  return out;
}

Napi::Error to_js(Napi::Env env, std::exception_ptr failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    return to_js(env, error);
  } catch (const std::bad_alloc&) {
    return to_js(env, Error(Code::OUT_OF_MEMORY, Stage::Preprocess, "the system gave no more memory to this process"));
  } catch (const std::exception& error) {
    return to_js(env, Error(Code::INTERNAL, Stage::Options, std::string("unexpected failure: ") + error.what()));
  } catch (...) {
    return to_js(env, Error(Code::INTERNAL, Stage::Options, "unexpected failure of unknown kind"));
  }
}

}  // namespace microtome::addon

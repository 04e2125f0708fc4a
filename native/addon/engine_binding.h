// NativeEngine and NativeScoreJob of lib/native/contract.ts.
#pragma once

#include <memory>

#include "addon/environment.h"
#include "addon/napi_setup.h"
#include "engine/engine.h"

namespace microtome::addon {

class EngineBinding : public Napi::ObjectWrap<EngineBinding> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit EngineBinding(const Napi::CallbackInfo& info);
  ~EngineBinding() override;
  static Napi::Object wrap(Napi::Env env, std::shared_ptr<engine::Engine> engine);

 private:
  Napi::Value model(const Napi::CallbackInfo& info);
  Napi::Value threads(const Napi::CallbackInfo& info);
  Napi::Value score(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  std::shared_ptr<engine::Engine> engine_;
  std::shared_ptr<Environment> environment_;
};

}  // namespace microtome::addon

// NativeTileStream of lib/native/contract.ts.
#pragma once

#include <memory>

#include "addon/environment.h"
#include "addon/napi_setup.h"
#include "engine/stream_job.h"

namespace microtome::addon {

class StreamBinding : public Napi::ObjectWrap<StreamBinding> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit StreamBinding(const Napi::CallbackInfo& info);
  ~StreamBinding() override;
  static Napi::Object wrap(Napi::Env env, std::shared_ptr<engine::StreamJob> stream);

 private:
  Napi::Value next(const Napi::CallbackInfo& info);
  void cancel(const Napi::CallbackInfo& info);

  const std::shared_ptr<Environment> environment_;
  std::shared_ptr<engine::StreamJob> stream_;
};

}  // namespace microtome::addon

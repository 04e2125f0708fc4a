// NativeEngine and NativeScoreJob of lib/native/contract.ts.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "addon/environment.h"
#include "addon/napi_setup.h"
#include "engine/engine.h"
#include "infer/model.h"

namespace microtome::addon {

// What a graph says of itself.
struct GraphOutline {
  std::vector<infer::TensorInfo> inputs;
  std::vector<infer::TensorInfo> outputs;
};

// An engine, and what its graphs say of themselves: asked for also when they are gone.
struct LoadedEngine {
  std::shared_ptr<engine::Engine> engine;
  std::vector<GraphOutline> models;
  std::vector<GraphOutline> head_models;
  std::vector<std::string> notes;  // of its devices, each once
};

class EngineBinding : public Napi::ObjectWrap<EngineBinding> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit EngineBinding(const Napi::CallbackInfo& info);
  ~EngineBinding() override;
  static Napi::Object wrap(Napi::Env env, LoadedEngine engine);
  // createEngine of the contract.
  static Napi::Value create(const Napi::CallbackInfo& call);

 private:
  Napi::Value models(const Napi::CallbackInfo& info);
  Napi::Value head_models(const Napi::CallbackInfo& info);
  Napi::Value notes(const Napi::CallbackInfo& info);
  Napi::Value threads(const Napi::CallbackInfo& info);
  Napi::Value peak_memory(const Napi::CallbackInfo& info);
  Napi::Value score(const Napi::CallbackInfo& info);
  Napi::Value score_images(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  LoadedEngine loaded_;
  const std::shared_ptr<Environment> environment_;
};

}  // namespace microtome::addon

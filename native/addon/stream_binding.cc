#include "addon/stream_binding.h"

#include <utility>
#include <variant>

#include "addon/error_bridge.h"
#include "addon/marshal.h"

namespace microtome::addon {

using engine::StreamJob;

Napi::Function StreamBinding::define(Napi::Env env) {
  return DefineClass(env, "NativeTileStream",
                     {InstanceMethod<&StreamBinding::next>("next"), InstanceMethod<&StreamBinding::cancel>("cancel")});
}

StreamBinding::StreamBinding(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<StreamBinding>(info), environment_(Environment::of(info.Env())) {
  if (info.Length() != 1 || !info[0].IsExternal())
    throw addon::to_js(info.Env(), Error(Code::INVALID_OPTION, Stage::Options, "streams are made by slide.tiles"));
  stream_ = *info[0].As<Napi::External<std::shared_ptr<StreamJob>>>().Data();
}

// Nobody can ask for more: the workers have something better to do.
StreamBinding::~StreamBinding() {
  if (stream_) environment_->pool()->cancel(*stream_);
}

Napi::Object StreamBinding::wrap(Napi::Env env, std::shared_ptr<StreamJob> stream) {
  return Environment::of(env)->stream_class.New({Napi::External<std::shared_ptr<StreamJob>>::New(env, &stream)});
}

Napi::Value StreamBinding::next(const Napi::CallbackInfo& call) {
  auto deferred = std::make_shared<Napi::Promise::Deferred>(call.Env());
  environment_->begin();
  stream_->next_batch([environment = environment_, deferred](StreamJob::Outcome outcome) {
    auto held = std::make_shared<StreamJob::Outcome>(std::move(outcome));
    environment->deliver([environment, deferred, held](Napi::Env env) {
      environment->end();
      if (const auto* failure = std::get_if<std::exception_ptr>(held.get())) {
        deferred->Reject(addon::to_js(env, *failure).Value());
        return;
      }
      auto& batch = std::get<std::optional<engine::TileBatch>>(*held);
      try {
        deferred->Resolve(batch ? batch_object(env, std::move(*batch)) : env.Null());
      } catch (const Napi::Error& error) {
        deferred->Reject(error.Value());
      }
    });
  });
  return deferred->Promise();
}

void StreamBinding::cancel(const Napi::CallbackInfo&) { environment_->pool()->cancel(*stream_); }

}  // namespace microtome::addon

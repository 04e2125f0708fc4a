#include "addon/engine_binding.h"

#include "addon/error_bridge.h"
#include "addon/marshal.h"
#include "addon/slide_binding.h"

namespace microtome::addon {
namespace {

using EnginePointer = std::shared_ptr<engine::Engine>;

// The JavaScript side of one scoring job. Used on the JavaScript thread only; worker threads may free it, so that its
// reference is released by hand, with the last action of the job.
struct JobRecord {
  explicit JobRecord(Napi::Env env) : deferred(env) {}
  Napi::Promise::Deferred deferred;
  Napi::FunctionReference on_progress;
};

void settle(Napi::Env env, JobRecord& record, engine::ScoreOutcome& outcome) {
  try {
    if (auto* failure = std::get_if<std::exception_ptr>(&outcome))
      record.deferred.Reject(to_js(env, *failure).Value());
    else
      record.deferred.Resolve(score_object(env, std::move(std::get<engine::ScoreResult>(outcome))));
  } catch (const Napi::Error& error) {
    record.deferred.Reject(error.Value());
  }
}

engine::ScoreCallbacks callbacks_for(Environment& environment, const std::shared_ptr<JobRecord>& record) {
  engine::ScoreCallbacks callbacks;
  if (!record->on_progress.IsEmpty())
    callbacks.progress = [&environment, weak = std::weak_ptr(record)](const engine::Progress& progress) {
      environment.deliver([weak, progress](Napi::Env env) {
        const auto alive = weak.lock();
        if (alive && !alive->on_progress.IsEmpty()) alive->on_progress.Call({progress_object(env, progress)});
      });
    };
  callbacks.done = [&environment, record](engine::ScoreOutcome outcome) {
    auto held = std::make_shared<engine::ScoreOutcome>(std::move(outcome));
    environment.deliver([&environment, record, held](Napi::Env env) {
      environment.end();
      settle(env, *record, *held);
      record->on_progress.Reset();
    });
  };
  return callbacks;
}

}  // namespace

Napi::Function EngineBinding::define(Napi::Env env) {
  return DefineClass(
      env, "NativeEngine",
      {InstanceAccessor<&EngineBinding::model>("model"), InstanceAccessor<&EngineBinding::threads>("threads"),
       InstanceMethod<&EngineBinding::score>("score"), InstanceMethod<&EngineBinding::close>("close")});
}

EngineBinding::EngineBinding(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<EngineBinding>(info), environment_(Environment::of(info.Env())) {
  if (info.Length() != 1 || !info[0].IsExternal())
    throw addon::to_js(info.Env(), Error(Code::INVALID_OPTION, Stage::Options, "engines are made by createEngine"));
  engine_ = *info[0].As<Napi::External<EnginePointer>>().Data();
  environment_->remember(engine_);
}

// Collected without close(): the engine's threads are joined on a service thread, not on this one.
EngineBinding::~EngineBinding() {
  if (engine_) environment_->service().post([engine = std::move(engine_)](decode::TileDecoder&) { engine->close(); });
}

Napi::Object EngineBinding::wrap(Napi::Env env, EnginePointer engine) {
  return Environment::of(env)->engine_class.New({Napi::External<EnginePointer>::New(env, &engine)});
}

Napi::Value EngineBinding::model(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&]() -> Napi::Value { return model_info(call.Env(), engine_->model()); });
}

Napi::Value EngineBinding::threads(const Napi::CallbackInfo& call) {
  return Napi::Number::New(call.Env(), engine_->threads());
}

Napi::Value EngineBinding::score(const Napi::CallbackInfo& call) {
  const auto env = call.Env();
  return guarded(env, [&]() -> Napi::Value {
    auto slide = SlideBinding::slide_of(env, call[0]);
    auto request = read_score_request(Fields(call[1]));
    auto record = std::make_shared<JobRecord>(env);
    if (call[2].IsFunction()) {
      record->on_progress = Napi::Persistent(call[2].As<Napi::Function>());
      record->on_progress.SuppressDestruct();
    }
    environment_->begin();
    auto job = engine_->score(std::move(slide), std::move(request), callbacks_for(*environment_, record));
    auto out = Napi::Object::New(env);
    out.Set("result", record->deferred.Promise());
    // Weak: the collector decides when this function goes, and must not decide when a finished job's memory does.
    out.Set("cancel", Napi::Function::New(
                          env, [engine = std::weak_ptr(engine_), job = std::weak_ptr(job)](const Napi::CallbackInfo&) {
                            const auto alive = engine.lock();
                            const auto running = job.lock();
                            if (alive && running) alive->cancel(running);
                          }));
    return out;
  });
}

Napi::Value EngineBinding::close(const Napi::CallbackInfo& call) {
  return run_async(
      call.Env(),
      [engine = engine_](decode::TileDecoder&) {
        engine->close();
        return true;
      },
      [](Napi::Env env, bool&) -> Napi::Value { return env.Undefined(); });
}

}  // namespace microtome::addon

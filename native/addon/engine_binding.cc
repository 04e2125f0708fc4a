#include "addon/engine_binding.h"

#include <algorithm>
#include <utility>

#include "addon/error_bridge.h"
#include "addon/image_calls.h"
#include "addon/marshal.h"
#include "addon/row_calls.h"
#include "addon/run_async.h"
#include "addon/slide_binding.h"
#include "engine/device_loading.h"
#include "infer/head_graph.h"

namespace microtome::addon {
namespace {

using EnginePointer = std::shared_ptr<engine::Engine>;

// The JavaScript side of one scoring job. Used on the JavaScript thread only; worker threads may free it, so that its
// reference is released by hand, with the last action of the job.
struct JobRecord {
  explicit JobRecord(Napi::Env env) : deferred(env) {}
  Napi::Promise::Deferred deferred;
  Napi::FunctionReference on_progress;
  std::shared_ptr<RowCalls> rows;  // null: no rows are given away
};

void settle(Napi::Env env, JobRecord& record, engine::ScoreOutcome& outcome) {
  try {
    if (record.rows && record.rows->failure())
      record.deferred.Reject(record.rows->failure()->Value());
    else if (auto* failure = std::get_if<std::exception_ptr>(&outcome))
      record.deferred.Reject(to_js(env, *failure).Value());
    else
      record.deferred.Resolve(score_object(env, std::move(std::get<engine::ScoreResult>(outcome))));
  } catch (const Napi::Error& error) {
    record.deferred.Reject(error.Value());
  }
}

engine::ScoreCallbacks callbacks_for(const std::shared_ptr<Environment>& environment,
                                     const std::shared_ptr<JobRecord>& record) {
  engine::ScoreCallbacks callbacks;
  if (!record->on_progress.IsEmpty())
    callbacks.progress = [environment, weak = std::weak_ptr(record)](const engine::Progress& progress) {
      environment->deliver([weak, progress](Napi::Env env) {
        const auto alive = weak.lock();
        if (alive && !alive->on_progress.IsEmpty()) alive->on_progress.Call({progress_object(env, progress)});
      });
    };
  if (record->rows) callbacks.rows = RowCalls::callbacks(environment, record->rows);
  callbacks.done = [environment, record](engine::ScoreOutcome outcome) {
    auto held = std::make_shared<engine::ScoreOutcome>(std::move(outcome));
    environment->deliver([environment, record, held](Napi::Env env) {
      environment->end();
      settle(env, *record, *held);
      record->on_progress.Reset();
      if (record->rows) record->rows->end();
    });
  };
  return callbacks;
}

Napi::Value outlines(Napi::Env env, const std::vector<GraphOutline>& graphs) {
  return guarded(env, [&]() -> Napi::Value {
    auto out = Napi::Array::New(env, graphs.size());
    for (std::uint32_t i = 0; i < graphs.size(); ++i) out.Set(i, model_info(env, graphs[i].inputs, graphs[i].outputs));
    return out;
  });
}

}  // namespace

Napi::Function EngineBinding::define(Napi::Env env) {
  return DefineClass(
      env, "NativeEngine",
      {InstanceAccessor<&EngineBinding::models>("models"), InstanceAccessor<&EngineBinding::head_models>("headModels"),
       InstanceAccessor<&EngineBinding::notes>("notes"), InstanceAccessor<&EngineBinding::threads>("threads"),
       InstanceAccessor<&EngineBinding::peak_memory>("peakMemoryBytes"), InstanceMethod<&EngineBinding::score>("score"),
       InstanceMethod<&EngineBinding::score_images>("scoreImages"), InstanceMethod<&EngineBinding::close>("close")});
}

EngineBinding::EngineBinding(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<EngineBinding>(info), environment_(Environment::of(info.Env())) {
  if (info.Length() != 1 || !info[0].IsExternal())
    throw addon::to_js(info.Env(), Error(Code::INVALID_OPTION, Stage::Options, "engines are made by createEngine"));
  loaded_ = *info[0].As<Napi::External<LoadedEngine>>().Data();
}

// Collected without close(): waiting for the engine's jobs is for another thread. At the end of the environment there
// is none any more, and no job either.
EngineBinding::~EngineBinding() {
  if (!loaded_.engine) return;
  try {
    (void)environment_->tasks().start("microtome-close", [engine = std::move(loaded_.engine)] { engine->close(); });
  } catch (const std::system_error&) {
    // No thread is to be had: the task was dropped, and the engine was closed with it.
  }
}

Napi::Object EngineBinding::wrap(Napi::Env env, LoadedEngine engine) {
  return Environment::of(env)->engine_class.New({Napi::External<LoadedEngine>::New(env, &engine)});
}

Napi::Value EngineBinding::create(const Napi::CallbackInfo& call) {
  const auto env = call.Env();
  return guarded(env, [&]() -> Napi::Value {
    const Fields fields(call[0]);
    auto calls = std::make_shared<Calls>();
    Environment::of(env)->remember(calls);
    auto result = run_long(
        env, "microtome-load",
        [options = read_engine_options(fields), model = read_model_request(fields), calls,
         pool = Environment::of(env)->pool()] {
          LoadedEngine made;
          std::vector<std::unique_ptr<engine::Runner>> runners;
          const engine::DeviceLoading devices(model.device);
          for (const infer::ModelFiles& files : model.graphs) {
            engine::PlacedGraph placed = devices.load(files, calls->token());
            for (std::string& one : placed.notes)
              if (std::find(made.notes.begin(), made.notes.end(), one) == made.notes.end())
                made.notes.push_back(std::move(one));
            made.models.push_back({std::move(placed.inputs), std::move(placed.outputs)});
            runners.push_back(std::move(placed.runner));
          }
          // They run once for a slide, on the CPU wherever the encoders run.
          std::vector<std::shared_ptr<infer::HeadGraph>> heads;
          for (const infer::ModelFiles& files : model.head_graphs) {
            infer::SessionOptions on_cpu;
            on_cpu.cancel = &calls->token();
            heads.push_back(infer::HeadGraph::load(files, on_cpu));
            made.head_models.push_back({heads.back()->inputs(), heads.back()->outputs()});
          }
          made.engine = std::make_shared<engine::Engine>(pool, std::move(runners), options, std::move(heads));
          return made;
        },
        [](Napi::Env js, LoadedEngine& engine) -> Napi::Value { return wrap(js, std::move(engine)); });
    return job_object(env, result, [calls = std::weak_ptr(calls)] {
      if (const auto alive = calls.lock()) alive->cancel();
    });
  });
}

Napi::Value EngineBinding::models(const Napi::CallbackInfo& call) { return outlines(call.Env(), loaded_.models); }

Napi::Value EngineBinding::head_models(const Napi::CallbackInfo& call) {
  return outlines(call.Env(), loaded_.head_models);
}

Napi::Value EngineBinding::notes(const Napi::CallbackInfo& call) { return addon::to_js(call.Env(), loaded_.notes); }

Napi::Value EngineBinding::threads(const Napi::CallbackInfo& call) {
  return Napi::Number::New(call.Env(), loaded_.engine->threads());
}

Napi::Value EngineBinding::peak_memory(const Napi::CallbackInfo& call) {
  return Napi::Number::New(call.Env(), static_cast<double>(loaded_.engine->peak_memory_bytes()));
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
    if (!request.rows.empty()) record->rows = std::make_shared<RowCalls>(Fields(call[3]));
    environment_->begin();
    std::shared_ptr<engine::ScoreJob> job;
    try {
      job = loaded_.engine->score(std::move(slide), std::move(request), callbacks_for(environment_, record));
    } catch (...) {
      environment_->end();
      record->on_progress.Reset();
      if (record->rows) record->rows->end();
      throw;
    }
    // Weak: the collector decides when this function goes, and must not decide when a finished job's memory does.
    const auto cancel = [engine = std::weak_ptr(loaded_.engine), job = std::weak_ptr(job)] {
      const auto alive = engine.lock();
      const auto running = job.lock();
      if (alive && running) alive->cancel(running);
    };
    if (record->rows) record->rows->set_cancel(cancel);
    return job_object(env, record->deferred.Promise(), cancel);
  });
}

Napi::Value EngineBinding::score_images(const Napi::CallbackInfo& call) {
  const auto env = call.Env();
  return guarded(env, [&]() -> Napi::Value {
    return start_images(env, environment_, loaded_.engine, Fields(call[0]), Fields(call[1]));
  });
}

Napi::Value EngineBinding::close(const Napi::CallbackInfo& call) {
  return run_long(
      call.Env(), "microtome-close",
      [engine = loaded_.engine] {
        engine->close();
        return true;
      },
      [](Napi::Env env, bool&) -> Napi::Value { return env.Undefined(); });
}

}  // namespace microtome::addon

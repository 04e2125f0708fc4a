// What one JavaScript environment (the main thread or a worker thread) owns: the way back to its thread, the service
// threads, and the engines and streams to stop when it ends.
//
// The way back is one thread-safe function for the whole environment, made before the clean-up hook below is added.
// Hooks run last in, first out, so at the end of the environment every native thread is stopped and joined while the
// function is still valid; none can call it afterwards. It is referenced only while something is in flight, so that an
// idle library does not keep the process alive.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <unordered_map>

#include "addon/error_bridge.h"
#include "addon/napi_setup.h"
#include "engine/engine.h"
#include "engine/service_threads.h"
#include "engine/tile_stream.h"

namespace microtome::addon {

class Environment {
 public:
  explicit Environment(Napi::Env env);
  ~Environment() = default;
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  // Makes the environment's instance; its owner is the instance data, and every binding that needs it in its finalizer.
  static void attach(Napi::Env env);
  static const std::shared_ptr<Environment>& of(Napi::Env env) { return env.GetInstanceData<Holder>()->environment; }

  // Any thread: runs `action` on the JavaScript thread. Dropped when the environment is ending.
  void deliver(std::function<void(Napi::Env)> action);

  // JavaScript thread: keep the event loop alive until as many end() as begin() were called.
  void begin();
  void end();

  [[nodiscard]] engine::ServiceThreads& service() noexcept { return service_; }
  // Cancelled when the environment ends; every service task listens to it.
  [[nodiscard]] CancelToken& stopping() noexcept { return stopping_; }

  // JavaScript thread. They are stopped at the end of the environment if nobody closed them.
  void remember(const std::shared_ptr<engine::Engine>& engine);
  void remember(const std::shared_ptr<engine::TileStream>& stream);

  Napi::FunctionReference slide_class;
  Napi::FunctionReference stream_class;
  Napi::FunctionReference engine_class;

 private:
  static void call_js(Napi::Env env, Napi::Function callback, std::nullptr_t* context,
                      std::function<void(Napi::Env)>* action);
  using Way = Napi::TypedThreadSafeFunction<std::nullptr_t, std::function<void(Napi::Env)>, call_js>;
  struct Holder {
    std::shared_ptr<Environment> environment;
  };
  void stop() noexcept;

  Napi::Env env_;
  Way way_;
  int in_flight_ = 0;
  CancelToken stopping_;
  std::list<std::weak_ptr<engine::Engine>> engines_;
  std::list<std::weak_ptr<engine::TileStream>> streams_;
  engine::ServiceThreads service_;
};

// Runs `work(decoder)` on a service thread and resolves with `convert(env, result)` on the JavaScript thread.
template <typename Work, typename Convert>
Napi::Promise run_async(Napi::Env env, Work work, Convert convert) {
  using Result = std::invoke_result_t<Work, decode::TileDecoder&>;
  auto& environment = *Environment::of(env);
  auto deferred = std::make_shared<Napi::Promise::Deferred>(env);
  environment.begin();
  auto task = [&environment, deferred, work = std::move(work),
               convert = std::move(convert)](decode::TileDecoder& decoder) mutable {
    std::exception_ptr failure;
    std::shared_ptr<Result> result;
    try {
      result = std::make_shared<Result>(work(decoder));
    } catch (...) {
      failure = std::current_exception();
    }
    environment.deliver([&environment, deferred, result, failure, convert = std::move(convert)](Napi::Env js) mutable {
      environment.end();
      try {
        if (failure) {
          deferred->Reject(to_js(js, failure).Value());
        } else {
          deferred->Resolve(convert(js, *result));
        }
      } catch (const Napi::Error& error) {
        deferred->Reject(error.Value());
      }
    });
  };
  if (!environment.service().post(std::move(task))) environment.end();
  return deferred->Promise();
}

}  // namespace microtome::addon

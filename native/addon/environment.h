// What one JavaScript environment (the main thread or a worker thread) owns: the way back to its thread, the pool of
// workers, the threads for short requests and for long ones.
//
// The way back is one thread-safe function for the whole environment, made before the clean-up hook below is added.
// Hooks run last in, first out, so at the end of the environment every native thread is stopped and joined while the
// function is still valid; none can call it afterwards. process.exit() runs no hooks: it goes on to the destructors of
// all libraries while threads are inside them. So halt() is called before it. It is referenced only while something is
// in flight, so that an idle library does not keep the process alive.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>

#include "addon/calls.h"
#include "addon/napi_setup.h"
#include "core/task_threads.h"
#include "engine/service_threads.h"
#include "engine/worker_pool.h"

namespace microtome::addon {

class Environment : public std::enable_shared_from_this<Environment> {
 public:
  explicit Environment(Napi::Env env);
  ~Environment() = default;
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  // Makes the environment's instance; its owner is the instance data, and every binding that needs it in its finalizer.
  static void attach(Napi::Env env);
  static const std::shared_ptr<Environment>& of(Napi::Env env) { return env.GetInstanceData<Holder>()->environment; }

  // Any thread: runs `action` on the JavaScript thread. Dropped when the environment is ending or has ended.
  void deliver(std::function<void(Napi::Env)> action);

  // JavaScript thread: keep the event loop alive until as many end() as begin() were called.
  void begin();
  void end();

  [[nodiscard]] engine::ServiceThreads& service() noexcept { return service_; }
  [[nodiscard]] TaskThreads& tasks() noexcept { return tasks_; }
  [[nodiscard]] const std::shared_ptr<engine::WorkerPool>& pool() noexcept { return pool_; }

  // JavaScript thread: cancels all work and joins every thread. Later requests fail. Idempotent.
  void halt() noexcept;

  // JavaScript thread. They are cancelled at the end of the environment.
  void remember(const std::shared_ptr<Calls>& calls);

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
  std::mutex way_mutex_;
  bool ended_ = false;  // the way back is gone
  Way way_;
  int in_flight_ = 0;
  std::list<std::weak_ptr<Calls>> calls_;
  std::shared_ptr<engine::WorkerPool> pool_;
  engine::ServiceThreads service_;
  TaskThreads tasks_;
};

}  // namespace microtome::addon

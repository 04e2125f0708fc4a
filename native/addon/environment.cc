#include "addon/environment.h"

#include <algorithm>

#include "core/cores.h"

namespace microtome::addon {

Environment::Environment(Napi::Env env)
    : env_(env),
      way_(Way::New(env, "microtome", 0, 1, nullptr)),
      pool_(engine::WorkerPool::create(available_cores())),
      service_(std::clamp(available_cores(), 1, 4)) {
  way_.Unref(env);
}

void Environment::attach(Napi::Env env) {
  auto environment = std::make_shared<Environment>(env);
  env.SetInstanceData(new Holder{environment});
  env.AddCleanupHook([environment] { environment->stop(); });
}

void Environment::deliver(std::function<void(Napi::Env)> action) {
  auto held = std::make_unique<std::function<void(Napi::Env)>>(std::move(action));
  std::scoped_lock lock(way_mutex_);
  if (ended_) return;
  if (way_.NonBlockingCall(held.get()) == napi_ok) held.release();  // call_js owns it now
}

void Environment::call_js(Napi::Env env, Napi::Function, std::nullptr_t*, std::function<void(Napi::Env)>* action) {
  const std::unique_ptr<std::function<void(Napi::Env)>> held(action);
  if (static_cast<napi_env>(env) == nullptr) return;  // the environment is ending: nobody waits any more
  const Napi::HandleScope scope(env);
  (*held)(env);
}

void Environment::begin() {
  if (in_flight_++ == 0) way_.Ref(env_);
}

void Environment::end() {
  if (--in_flight_ == 0) way_.Unref(env_);
}

void Environment::remember(const std::shared_ptr<Calls>& calls) {
  calls_.remove_if([](const auto& known) { return known.expired(); });
  calls_.push_back(calls);
}

void Environment::halt() noexcept {
  for (const auto& known : calls_)
    if (const auto calls = known.lock()) calls->cancel();
  pool_->stop();
  tasks_.close();
  service_.close();
}

// Clean-up hook, on the JavaScript thread: nothing of ours runs after it.
void Environment::stop() noexcept {
  halt();
  slide_class.Reset();
  stream_class.Reset();
  engine_class.Reset();
  std::scoped_lock lock(way_mutex_);
  ended_ = true;
  way_.Release();
}

}  // namespace microtome::addon

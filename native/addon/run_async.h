// A request of JavaScript that another thread does, and the promise that is settled with its result.
#pragma once

#include <functional>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "addon/calls.h"
#include "addon/environment.h"
#include "addon/error_bridge.h"
#include "addon/napi_setup.h"

namespace microtome::addon {

// Settles a promise on the JavaScript thread with `convert(env, result)`; until then the event loop stays alive. Made
// on the JavaScript thread; finish() is called once, on any thread.
template <typename Result, typename Convert>
class Settling {
 public:
  Settling(Napi::Env env, Convert convert)
      : environment_(Environment::of(env)),
        deferred_(std::make_shared<Napi::Promise::Deferred>(env)),
        convert_(std::make_shared<Convert>(std::move(convert))) {
    environment_->begin();
  }

  [[nodiscard]] Napi::Promise promise() const { return deferred_->Promise(); }

  void finish(std::shared_ptr<Result> result, std::exception_ptr failure) const {
    environment_->deliver([environment = environment_, deferred = deferred_, convert = convert_,
                           result = std::move(result), failure = std::move(failure)](Napi::Env js) {
      environment->end();
      try {
        if (failure)
          deferred->Reject(to_js(js, failure).Value());
        else
          deferred->Resolve((*convert)(js, *result));
      } catch (const Napi::Error& error) {
        deferred->Reject(error.Value());
      }
    });
  }

  // JavaScript thread: nobody will call finish().
  void fail_now(Napi::Env env, const std::exception_ptr& failure) const {
    environment_->end();
    deferred_->Reject(to_js(env, failure).Value());
  }

 private:
  std::shared_ptr<Environment> environment_;
  std::shared_ptr<Napi::Promise::Deferred> deferred_;
  std::shared_ptr<Convert> convert_;
};

inline std::exception_ptr ending_error() {
  return std::make_exception_ptr(Error(Code::CANCELLED, Stage::Options, "the environment is ending"));
}

// Runs `work(decoder)` on a service thread. Where it throws BytesPending the thread is free for others, and the work is
// done again when the bytes are here; they are kept until it has succeeded. It must get further each time.
template <typename Work, typename Convert>
class ServiceCall : public std::enable_shared_from_this<ServiceCall<Work, Convert>> {
 public:
  using Result = std::invoke_result_t<Work, decode::TileDecoder&>;

  ServiceCall(Napi::Env env, Work work, Convert convert, std::shared_ptr<Calls> calls)
      : environment_(Environment::of(env)),
        settling_(env, std::move(convert)),
        work_(std::make_unique<Work>(std::move(work))),
        calls_(std::move(calls)) {}

  [[nodiscard]] Napi::Promise start(Napi::Env env) {
    try {
      if (!post()) settling_.fail_now(env, ending_error());
    } catch (...) {
      settling_.fail_now(env, std::current_exception());
    }
    return settling_.promise();
  }

 private:
  bool post() {
    return environment_->service().post(
        [self = this->shared_from_this()](decode::TileDecoder& decoder) { self->attempt(decoder); });
  }

  void attempt(decode::TileDecoder& decoder) {
    std::shared_ptr<Result> result;
    std::exception_ptr failure;
    try {
      result = std::make_shared<Result>((*work_)(decoder));
    } catch (const slide::BytesPending& pending) {
      return wait(pending);
    } catch (...) {
      failure = std::current_exception();
    }
    finish(std::move(result), std::move(failure));
  }

  void wait(const slide::BytesPending& pending) {
    const auto fetch = std::make_shared<slide::Fetch>(
        [self = this->shared_from_this()](std::exception_ptr failure, std::shared_ptr<const void> kept) {
          if (failure) return self->finish(nullptr, std::move(failure));
          self->kept_.push_back(std::move(kept));
          if (!self->post()) self->finish(nullptr, ending_error());
        });
    calls_->wait(pending, fetch);
  }

  // What the work holds is freed first: a slide that is closed meanwhile is closed when the promise settles.
  void finish(std::shared_ptr<Result> result, std::exception_ptr failure) {
    work_.reset();
    kept_.clear();
    settling_.finish(std::move(result), std::move(failure));
  }

  const std::shared_ptr<Environment> environment_;
  const Settling<Result, Convert> settling_;
  std::unique_ptr<Work> work_;
  const std::shared_ptr<Calls> calls_;
  std::vector<std::shared_ptr<const void>> kept_;
};

template <typename Work, typename Convert>
Napi::Promise run_async(Napi::Env env, std::shared_ptr<Calls> calls, Work work, Convert convert) {
  return std::make_shared<ServiceCall<Work, Convert>>(env, std::move(work), std::move(convert), std::move(calls))
      ->start(env);
}

// Runs `work()` on a thread of its own: what takes long and must not make short requests wait.
template <typename Work, typename Convert>
Napi::Promise run_long(Napi::Env env, const std::string& name, Work work, Convert convert) {
  using Result = std::invoke_result_t<Work>;
  auto settling = std::make_shared<Settling<Result, Convert>>(env, std::move(convert));
  try {
    const bool taken = Environment::of(env)->tasks().start(name, [settling, work = std::move(work)]() mutable {
      std::shared_ptr<Result> result;
      std::exception_ptr failure;
      try {
        result = std::make_shared<Result>(work());
      } catch (...) {
        failure = std::current_exception();
      }
      settling->finish(std::move(result), std::move(failure));
    });
    if (!taken) settling->fail_now(env, ending_error());
  } catch (const std::system_error& error) {
    settling->fail_now(env, std::make_exception_ptr(Error(Code::LIMIT_EXCEEDED, Stage::Options,
                                                          "a thread cannot be started: " + error.code().message(),
                                                          "allow this user more processes (ulimit -u)")));
  }
  return settling->promise();
}

// `result` and `cancel` of something that is under way.
template <typename Cancel>
Napi::Object job_object(Napi::Env env, Napi::Promise result, Cancel cancel) {
  auto out = Napi::Object::New(env);
  out.Set("result", result);
  out.Set("cancel", Napi::Function::New(env, [cancel = std::move(cancel)](const Napi::CallbackInfo&) { cancel(); }));
  return out;
}

}  // namespace microtome::addon

// NativeRowSink of lib/native/rows.ts: the functions of JavaScript that take the rows of a job.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "addon/environment.h"
#include "addon/fields.h"
#include "addon/napi_setup.h"
#include "addon/row_queue.h"
#include "engine/row_request.h"

namespace microtome::addon {

// Used on the JavaScript thread only; worker threads may free it, so that end() is called by hand with the last action
// of the job.
class RowCalls {
 public:
  // Throws INVALID_OPTION.
  explicit RowCalls(const Fields& sink);

  // What the job calls, on any thread.
  [[nodiscard]] static engine::RowCallbacks callbacks(const std::shared_ptr<Environment>& environment,
                                                      const std::shared_ptr<RowCalls>& calls);
  // How the job is told that it need not go on, once one of the functions has thrown.
  void set_cancel(std::function<void()> cancel) { cancel_ = std::move(cancel); }

  // The first exception of the functions; nothing is called after it.
  [[nodiscard]] const std::optional<Napi::Error>& failure() const noexcept { return failure_; }
  void end();

 private:
  void call_rows(Napi::Env env);
  void call(Napi::Env env, const Napi::FunctionReference& function,
            const std::function<std::optional<Napi::Value>()>& argument);

  Napi::FunctionReference on_plan_;
  Napi::FunctionReference on_rows_;
  std::shared_ptr<RowQueue> queue_;
  std::function<void()> cancel_;
  std::optional<Napi::Error> failure_;
};

// ScoreRequest::rows. Throws INVALID_OPTION.
[[nodiscard]] std::vector<engine::RowRequest> read_rows(const Fields& program);

}  // namespace microtome::addon

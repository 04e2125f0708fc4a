#include "addon/image_calls.h"

#include <utility>

#include "addon/error_bridge.h"
#include "addon/marshal.h"
#include "addon/run_async.h"

namespace microtome::addon {
namespace {

Napi::Object rows_object(Napi::Env env, engine::ImageRows&& rows) {
  auto outputs = Napi::Array::New(env, rows.outputs.size());
  for (std::uint32_t i = 0; i < rows.outputs.size(); ++i) {
    auto output = Napi::Object::New(env);
    output.Set("name", rows.outputs[i].name);
    output.Set("values", to_js(env, std::move(rows.outputs[i].values)));
    output.Set("unclipped", to_js(env, std::move(rows.outputs[i].unclipped)));
    outputs.Set(i, output);
  }
  auto kept = Napi::Array::New(env, rows.rows.size());
  for (std::uint32_t i = 0; i < rows.rows.size(); ++i) {
    auto row = Napi::Object::New(env);
    row.Set("tensor", rows.rows[i].name);
    row.Set("columns", Napi::Number::New(env, static_cast<double>(rows.rows[i].columns)));
    row.Set("values", to_js(env, std::move(rows.rows[i].values)));
    kept.Set(i, row);
  }
  auto failures = Napi::Array::New(env, rows.failures.size());
  for (std::uint32_t i = 0; i < rows.failures.size(); ++i) {
    auto failure = Napi::Object::New(env);
    failure.Set("index", Napi::Number::New(env, static_cast<double>(rows.failures[i].index)));
    failure.Set("error", to_js(env, rows.failures[i].error).Value());
    failures.Set(i, failure);
  }
  auto marks = Napi::Uint8Array::New(env, rows.marks.size());
  std::copy(rows.marks.begin(), rows.marks.end(), marks.Data());
  auto out = Napi::Object::New(env);
  out.Set("outputs", outputs);
  out.Set("rows", kept);
  out.Set("failures", failures);
  out.Set("marks", marks);
  return out;
}

}  // namespace

Napi::Object start_images(Napi::Env env, const std::shared_ptr<Environment>& environment,
                          const std::shared_ptr<engine::Engine>& engine, const Fields& batch, const Fields& program) {
  auto request = read_image_request(batch, program);
  // Used on the JavaScript thread only.
  const auto deferred = std::make_shared<Napi::Promise::Deferred>(env);
  environment->begin();
  std::shared_ptr<engine::ImageJob> job;
  try {
    job = engine->score_images(std::move(request), [environment, deferred](engine::ImageOutcome outcome) {
      auto held = std::make_shared<engine::ImageOutcome>(std::move(outcome));
      environment->deliver([environment, deferred, held](Napi::Env js) {
        environment->end();
        try {
          if (const auto* failure = std::get_if<std::exception_ptr>(&*held))
            deferred->Reject(to_js(js, *failure).Value());
          else
            deferred->Resolve(rows_object(js, std::move(std::get<engine::ImageRows>(*held))));
        } catch (const Napi::Error& error) {
          deferred->Reject(error.Value());
        }
      });
    });
  } catch (...) {
    environment->end();
    throw;
  }
  // Weak: the collector decides when this function goes, and must not decide when a finished job's memory does.
  return job_object(env, deferred->Promise(), [engine = std::weak_ptr(engine), job = std::weak_ptr(job)] {
    const auto alive = engine.lock();
    const auto running = job.lock();
    if (alive && running) alive->cancel(running);
  });
}

}  // namespace microtome::addon

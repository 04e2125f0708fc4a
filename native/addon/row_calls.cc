#include "addon/row_calls.h"

#include <cstring>
#include <utility>

#include "addon/marshal.h"

namespace microtome::addon {
namespace {

using engine::RowBlock;
using engine::RowPlan;

Napi::FunctionReference function_of(const Fields& sink, const char* name) {
  const auto found = sink.value(name);
  if (!found.IsFunction())
    throw Error(Code::INVALID_OPTION, Stage::Options, std::string("expected a function for ") + name);
  auto reference = Napi::Persistent(found.As<Napi::Function>());
  reference.SuppressDestruct();
  return reference;
}

Napi::Object plan_object(Napi::Env env, RowPlan&& plan) {
  auto out = Napi::Object::New(env);
  out.Set("row", Napi::Number::New(env, static_cast<double>(plan.row)));
  out.Set("tiles", Napi::Number::New(env, static_cast<double>(plan.tiles)));
  out.Set("x", to_js(env, std::move(plan.x)));
  out.Set("y", to_js(env, std::move(plan.y)));
  return out;
}

// Memory with two owners, the array and release(): whoever comes first gives it back to the job.
struct Slot {
  std::shared_ptr<LargeFloats> values;
  bool is_copied = false;
};

Napi::ArrayBuffer buffer_of(Napi::Env env, const std::shared_ptr<Slot>& slot) {
  LargeFloats& values = *slot->values;
  const std::size_t bytes = values.size() * sizeof(float);
  napi_value buffer = nullptr;
  auto held = std::make_unique<std::shared_ptr<Slot>>(slot);
  const auto free = [](napi_env, void*, void* hint) {
    const std::unique_ptr<std::shared_ptr<Slot>> owner(static_cast<std::shared_ptr<Slot>*>(hint));
    (*owner)->values.reset();
  };
  if (napi_create_external_arraybuffer(env, values.data(), bytes, free, held.get(), &buffer) == napi_ok) {
    held.release();
    return {env, buffer};
  }
  // The host allows no memory but its own. The rows count until release() all the same.
  slot->is_copied = true;
  auto copy = Napi::ArrayBuffer::New(env, bytes);
  std::memcpy(copy.Data(), values.data(), bytes);
  return copy;
}

// Called as a method of the block: the array is found there, and is empty afterwards.
void release(const Napi::CallbackInfo& call, Slot& slot) {
  if (!slot.values || !call.This().IsObject()) return;
  const auto values = call.This().As<Napi::Object>().Get("values");
  if (!values.IsTypedArray()) return;
  auto buffer = values.As<Napi::TypedArray>().ArrayBuffer();
  // A buffer that was passed to another thread is in use there; it comes back when that one lets go of it.
  if (buffer.IsDetached() || (!slot.is_copied && buffer.Data() != slot.values->data())) return;
  buffer.Detach();
  slot.values.reset();
}

Napi::Object block_object(Napi::Env env, RowBlock&& block) {
  auto out = Napi::Object::New(env);
  out.Set("row", Napi::Number::New(env, static_cast<double>(block.row)));
  out.Set("columns", Napi::Number::New(env, static_cast<double>(block.columns)));
  out.Set("tokens", Napi::Number::New(env, static_cast<double>(block.tokens)));
  auto items = Napi::Uint32Array::New(env, block.items.size());
  std::copy(block.items.begin(), block.items.end(), items.Data());
  out.Set("items", items);
  const std::size_t count = block.values->size();
  auto slot = std::make_shared<Slot>(Slot{std::move(block.values)});
  out.Set("values", Napi::Float32Array::New(env, count, buffer_of(env, slot), 0));
  out.Set("release", Napi::Function::New(env, [slot](const Napi::CallbackInfo& call) { release(call, *slot); }));
  return out;
}

}  // namespace

RowCalls::RowCalls(const Fields& sink) : on_plan_(function_of(sink, "onPlan")), on_rows_(function_of(sink, "onRows")) {}

void RowCalls::call(const Napi::FunctionReference& function, const std::function<Napi::Value()>& argument) {
  if (failure_ || function.IsEmpty()) return;
  try {
    function.Call({argument()});
  } catch (const Napi::Error& error) {
    failure_ = error;
    failure_->SuppressDestruct();
    if (cancel_) cancel_();
  }
}

engine::RowCallbacks RowCalls::callbacks(const std::shared_ptr<Environment>& environment,
                                         const std::shared_ptr<RowCalls>& calls) {
  const std::weak_ptr<RowCalls> weak = calls;
  return {.plan =
              [environment, weak](RowPlan plan) {
                auto held = std::make_shared<RowPlan>(std::move(plan));
                environment->deliver([weak, held](Napi::Env env) {
                  if (const auto alive = weak.lock())
                    alive->call(alive->on_plan_, [&] { return plan_object(env, std::move(*held)); });
                });
              },
          .rows =
              [environment, weak](RowBlock block) {
                auto held = std::make_shared<RowBlock>(std::move(block));
                environment->deliver([weak, held](Napi::Env env) {
                  if (const auto alive = weak.lock())
                    alive->call(alive->on_rows_, [&] { return block_object(env, std::move(*held)); });
                });
              }};
}

void RowCalls::end() {
  on_plan_.Reset();
  on_rows_.Reset();
  if (failure_) failure_->Reset();
}

std::vector<engine::RowRequest> read_rows(const Fields& program) {
  using Kind = aggregate::Pool::Kind;
  std::vector<engine::RowRequest> rows;
  const auto list = program.array("rows");
  for (std::uint32_t i = 0; i < list.Length(); ++i) {
    const Fields fields(list.Get(i));
    engine::RowRequest& row = rows.emplace_back();
    row.encoder = static_cast<std::size_t>(fields.size("encoder"));
    row.output = static_cast<std::size_t>(fields.size("output"));
    if (fields.is_null("pool")) continue;
    const Fields pool = fields.child("pool");
    row.pool.kind = pool.choice<Kind>("kind", {{"cls", Kind::First}, {"mean", Kind::Mean}});
    if (row.pool.kind == Kind::Mean) row.pool.skip = static_cast<std::int64_t>(pool.size("skip"));
  }
  return rows;
}

}  // namespace microtome::addon

#include "addon/row_calls.h"

#include <cstring>
#include <utility>

#include "addon/error_bridge.h"
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

// Memory with two owners, the array and release(): whoever comes first gives it back, and the next block comes.
struct Slot {
  std::shared_ptr<LargeFloats> values;
  std::weak_ptr<RowQueue> queue;
  bool is_copied = false;

  Slot(std::shared_ptr<LargeFloats> held, std::weak_ptr<RowQueue> of) : values(std::move(held)), queue(std::move(of)) {}
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  // Also where nobody has called release(), and the array was a copy.
  ~Slot() { give_back(); }

  void give_back() {
    if (!std::exchange(values, nullptr)) return;
    if (const auto alive = queue.lock()) alive->done();
  }
};

Napi::ArrayBuffer buffer_of(Napi::Env env, const std::shared_ptr<Slot>& slot) {
  LargeFloats& values = *slot->values;
  const std::size_t bytes = values.size() * sizeof(float);
  napi_value buffer = nullptr;
  auto held = std::make_unique<std::shared_ptr<Slot>>(slot);
  const auto free = [](napi_env, void*, void* hint) {
    const std::unique_ptr<std::shared_ptr<Slot>> owner(static_cast<std::shared_ptr<Slot>*>(hint));
    (*owner)->give_back();
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
  slot.give_back();
}

Napi::Object block_object(Napi::Env env, RowBlock&& block, const std::weak_ptr<RowQueue>& queue) {
  auto out = Napi::Object::New(env);
  out.Set("row", Napi::Number::New(env, static_cast<double>(block.row)));
  out.Set("columns", Napi::Number::New(env, static_cast<double>(block.columns)));
  out.Set("tokens", Napi::Number::New(env, static_cast<double>(block.tokens)));
  auto items = Napi::Uint32Array::New(env, block.items.size());
  std::copy(block.items.begin(), block.items.end(), items.Data());
  out.Set("items", items);
  const std::size_t count = block.values->size();
  auto slot = std::make_shared<Slot>(std::move(block.values), queue);
  out.Set("values", Napi::Float32Array::New(env, count, buffer_of(env, slot), 0));
  out.Set("release", Napi::Function::New(env, [slot](const Napi::CallbackInfo& call) { release(call, *slot); }));
  return out;
}

}  // namespace

RowCalls::RowCalls(const Fields& sink) : on_plan_(function_of(sink, "onPlan")), on_rows_(function_of(sink, "onRows")) {}

// `argument` gives nothing where there is nothing to tell.
void RowCalls::call(Napi::Env env, const Napi::FunctionReference& function,
                    const std::function<std::optional<Napi::Value>()>& argument) {
  if (failure_ || function.IsEmpty()) return;
  try {
    guarded(env, [&] {
      if (const auto value = argument()) function.Call({*value});
    });
  } catch (const Napi::Error& error) {
    failure_ = error;
    failure_->SuppressDestruct();
    if (cancel_) cancel_();
  }
}

void RowCalls::call_rows(Napi::Env env) {
  call(env, on_rows_, [&]() -> std::optional<Napi::Value> {
    auto block = queue_->take();
    if (!block) return std::nullopt;
    return block_object(env, std::move(*block), queue_);
  });
}

engine::RowCallbacks RowCalls::callbacks(const std::shared_ptr<Environment>& environment,
                                         const std::shared_ptr<RowCalls>& calls) {
  const std::weak_ptr<RowCalls> weak = calls;
  calls->queue_ = std::make_shared<RowQueue>([environment, weak] {
    environment->deliver([weak](Napi::Env env) {
      if (const auto alive = weak.lock()) alive->call_rows(env);
    });
  });
  return {.plan =
              [environment, weak](RowPlan plan) {
                auto held = std::make_shared<RowPlan>(std::move(plan));
                environment->deliver([weak, held](Napi::Env env) {
                  if (const auto alive = weak.lock())
                    alive->call(env, alive->on_plan_, [&] { return plan_object(env, std::move(*held)); });
                });
              },
          .rows = [queue = calls->queue_](RowBlock block) { queue->put(std::move(block)); }};
}

void RowCalls::end() {
  if (queue_) queue_->end();
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

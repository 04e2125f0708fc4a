#include "gpu/context.h"

#include <utility>

#include "gpu/driver_error.h"

namespace microtome::gpu {

std::shared_ptr<const Context> Context::retain(std::shared_ptr<const Driver> driver, int ordinal) {
  return std::make_shared<const Context>(Key{}, std::move(driver), ordinal);
}

Context::Context(Key /*key*/, std::shared_ptr<const Driver> driver, int ordinal)
    : driver_(std::move(driver)), device_(&driver_->device(ordinal)) {
  check(table().device_get(&handle_, ordinal), "be found");
  check(table().device_primary_ctx_retain(&context_, handle_), "be started");
}

Context::~Context() { (void)table().device_primary_ctx_release(handle_); }

Context::Scope::Scope(const Context& context) {
  context.check(context.table().ctx_push_current(context.context_), "be used on this thread");
  table_ = &context.table();
}

Context::Scope::~Scope() {
  CuContext popped = nullptr;
  (void)table_->ctx_pop_current(&popped);
}

std::string Context::label() const { return "GPU " + std::to_string(device_->ordinal) + " \"" + device_->name + "\""; }

std::int64_t Context::free_bytes() const {
  const Scope scope = enter();
  std::size_t free = 0;
  std::size_t total = 0;
  check(table().mem_get_info(&free, &total), "say how much memory is free");
  return static_cast<std::int64_t>(free);
}

void Context::check(CuResult result, std::string_view what) const {
  if (result != cu::kSuccess) throw driver_error(result, label(), what);
}

}  // namespace microtome::gpu

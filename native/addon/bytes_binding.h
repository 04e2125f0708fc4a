// NativeBytes of lib/native/contract.ts: memory of ours that JavaScript fills piece by piece, a turn of the event loop
// for each few pieces, and then hands over. No reference to a JavaScript object outlives the call that appends.
#pragma once

#include <memory>

#include "addon/environment.h"
#include "addon/napi_setup.h"
#include "core/shared_bytes.h"

namespace microtome::addon {

class BytesBinding : public Napi::ObjectWrap<BytesBinding> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit BytesBinding(const Napi::CallbackInfo& info);
  ~BytesBinding() override;

  // Takes the memory out of `value`, which can be used no more. INVALID_OPTION, naming `name`, unless it is a
  // NativeBytes that was not handed over before.
  static std::shared_ptr<const SharedBytes> take(const Napi::Value& value, const char* name);

 private:
  void append(const Napi::CallbackInfo& info);

  const std::shared_ptr<Environment> environment_;
  std::shared_ptr<SharedBytes> bytes_;  // null once it was handed over
};

}  // namespace microtome::addon

// NativeSlide of lib/native/contract.ts.
#pragma once

#include <list>
#include <memory>
#include <vector>

#include "addon/calls.h"
#include "addon/environment.h"
#include "addon/napi_setup.h"
#include "engine/stream_job.h"
#include "slide/slide.h"

namespace microtome::addon {

class SlideBinding : public Napi::ObjectWrap<SlideBinding> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit SlideBinding(const Napi::CallbackInfo& info);
  ~SlideBinding() override;

  // INVALID_OPTION unless `value` is a NativeSlide of this addon; CANCELLED when it is closed.
  static std::shared_ptr<const slide::Slide> slide_of(Napi::Env env, const Napi::Value& value);
  static Napi::Object wrap(Napi::Env env, std::shared_ptr<const slide::Slide> slide);

 private:
  // What waits for the file to be closed. JavaScript thread.
  struct Closing {
    bool closed = false;
    std::vector<Napi::Promise::Deferred> waiting;
  };

  Napi::Value read_region(const Napi::CallbackInfo& info);
  Napi::Value read_associated(const Napi::CallbackInfo& info);
  Napi::Value icc_profile(const Napi::CallbackInfo& info);
  Napi::Value thumbnail(const Napi::CallbackInfo& info);
  Napi::Value tissue(const Napi::CallbackInfo& info);
  Napi::Value plan(const Napi::CallbackInfo& info);
  Napi::Value tiles(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);
  Napi::Value info(const Napi::CallbackInfo& info);

  void cancel_all();

  const std::shared_ptr<Environment> environment_;
  const std::shared_ptr<Calls> calls_ = std::make_shared<Calls>();
  const std::shared_ptr<Closing> closing_ = std::make_shared<Closing>();
  std::list<std::weak_ptr<engine::StreamJob>> streams_;
  std::shared_ptr<const slide::Slide> slide_;  // null after close()
};

}  // namespace microtome::addon

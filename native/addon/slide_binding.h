// NativeSlide and NativeTileStream of lib/native/contract.ts.
#pragma once

#include <memory>
#include <vector>

#include "addon/environment.h"
#include "addon/napi_setup.h"
#include "engine/tile_stream.h"
#include "slide/slide.h"

namespace microtome::addon {

class SlideBinding : public Napi::ObjectWrap<SlideBinding> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit SlideBinding(const Napi::CallbackInfo& info);

  // INVALID_OPTION unless `value` is a NativeSlide of this addon; CANCELLED when it is closed.
  static std::shared_ptr<const slide::Slide> slide_of(Napi::Env env, const Napi::Value& value);
  static Napi::Object wrap(Napi::Env env, std::shared_ptr<const slide::Slide> slide);

 private:
  Napi::Value read_region(const Napi::CallbackInfo& info);
  Napi::Value read_associated(const Napi::CallbackInfo& info);
  Napi::Value thumbnail(const Napi::CallbackInfo& info);
  Napi::Value tissue(const Napi::CallbackInfo& info);
  Napi::Value plan(const Napi::CallbackInfo& info);
  Napi::Value tiles(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);
  Napi::Value info(const Napi::CallbackInfo& info);

  // Runs `work(decoder, slide)` on a service thread; close() waits for it.
  template <typename Work, typename Convert>
  Napi::Promise read(Napi::Env env, Work work, Convert convert);
  void finished_one();

  std::shared_ptr<const slide::Slide> slide_;  // null after close()
  int reads_in_flight_ = 0;
  std::vector<Napi::Promise::Deferred> waiting_to_close_;
};

class StreamBinding : public Napi::ObjectWrap<StreamBinding> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit StreamBinding(const Napi::CallbackInfo& info);
  ~StreamBinding() override;
  static Napi::Object wrap(Napi::Env env, std::shared_ptr<engine::TileStream> stream);

 private:
  Napi::Value next(const Napi::CallbackInfo& info);
  void cancel(const Napi::CallbackInfo& info);

  const std::shared_ptr<Environment> environment_;
  std::shared_ptr<engine::TileStream> stream_;
};

}  // namespace microtome::addon

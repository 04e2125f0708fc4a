#include "addon/slide_binding.h"

#include <optional>
#include <utility>

#include "addon/error_bridge.h"
#include "addon/marshal.h"
#include "addon/run_async.h"
#include "addon/stream_binding.h"
#include "decode/overview.h"
#include "engine/mask.h"
#include "engine/plan_report.h"

namespace microtome::addon {
namespace {

// Marks objects of these classes, so that a foreign object is refused instead of being misread.
constexpr napi_type_tag kSlideTag{0x9d1c0b6f2c5e4a11, 0xa7d04f6c1be83d52};

using SlidePointer = std::shared_ptr<const slide::Slide>;

// A pointer whose last owner, whoever that is, closes the file and then calls `gone`.
template <typename Gone>
SlidePointer tracked(SlidePointer slide, Gone gone) {
  const slide::Slide* raw = slide.get();
  return {raw, [slide = std::move(slide), gone = std::move(gone)](const slide::Slide*) mutable {
            slide.reset();
            gone();
          }};
}

// Reads a region on a service thread, going on where it stopped for want of bytes.
template <typename MakeReader>
Napi::Promise read_picture(Napi::Env env, SlidePointer slide, const std::shared_ptr<Calls>& calls, MakeReader make) {
  using Reader = typename std::invoke_result_t<MakeReader, const slide::Slide&>;
  return run_async(
      env, calls,
      [slide = std::move(slide), calls, make = std::move(make),
       reader = std::shared_ptr<Reader>()](decode::TileDecoder& decoder) mutable {
        if (!reader) reader = std::make_shared<Reader>(make(*slide));
        return reader->read(decoder, &calls->token());
      },
      [](Napi::Env js, decode::Region& region) -> Napi::Value { return region_object(js, std::move(region)); });
}

}  // namespace

Napi::Function SlideBinding::define(Napi::Env env) {
  return DefineClass(
      env, "NativeSlide",
      {InstanceAccessor<&SlideBinding::info>("info"), InstanceMethod<&SlideBinding::read_region>("readRegion"),
       InstanceMethod<&SlideBinding::read_associated>("readAssociated"),
       InstanceMethod<&SlideBinding::icc_profile>("iccProfile"), InstanceMethod<&SlideBinding::thumbnail>("thumbnail"),
       InstanceMethod<&SlideBinding::tissue>("tissue"), InstanceMethod<&SlideBinding::plan>("plan"),
       InstanceMethod<&SlideBinding::tiles>("tiles"), InstanceMethod<&SlideBinding::close>("close")});
}

SlideBinding::SlideBinding(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<SlideBinding>(info), environment_(Environment::of(info.Env())) {
  if (info.Length() != 1 || !info[0].IsExternal())
    throw addon::to_js(info.Env(), Error(Code::INVALID_OPTION, Stage::Options, "slides are made by openSlide"));
  environment_->remember(calls_);
  slide_ =
      tracked(*info[0].As<Napi::External<SlidePointer>>().Data(), [environment = environment_, closing = closing_] {
        environment->deliver([environment, closing](Napi::Env env) {
          closing->closed = true;
          for (auto& deferred : closing->waiting) {
            environment->end();
            deferred.Resolve(env.Undefined());
          }
          closing->waiting.clear();
        });
      });
  info.This().As<Napi::Object>().TypeTag(&kSlideTag);
}

SlideBinding::~SlideBinding() { cancel_all(); }

Napi::Object SlideBinding::wrap(Napi::Env env, SlidePointer slide) {
  return Environment::of(env)->slide_class.New({Napi::External<SlidePointer>::New(env, &slide)});
}

SlidePointer SlideBinding::slide_of(Napi::Env env, const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kSlideTag))
    throw addon::to_js(env, Error(Code::INVALID_OPTION, Stage::Options, "expected a slide made by openSlide"));
  auto slide = Unwrap(value.As<Napi::Object>())->slide_;
  if (!slide) throw addon::to_js(env, Error(Code::CANCELLED, Stage::Slide, "the slide is closed"));
  return slide;
}

void SlideBinding::cancel_all() {
  calls_->cancel();
  for (const auto& known : streams_)
    if (const auto stream = known.lock()) environment_->pool()->cancel(*stream);
  streams_.clear();
}

Napi::Value SlideBinding::info(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&]() -> Napi::Value { return slide_info(call.Env(), *slide_of(call.Env(), Value())); });
}

Napi::Value SlideBinding::read_region(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&]() -> Napi::Value {
    const Fields fields(call[0]);
    const auto level = fields.integer("level");
    const decode::RegionRequest request{.x = fields.integer("x"),
                                        .y = fields.integer("y"),
                                        .width_px = fields.integer("width"),
                                        .height_px = fields.integer("height"),
                                        .on_bad_tile = read_bad_tile_policy(fields)};
    return read_picture(call.Env(), slide_of(call.Env(), Value()), calls_, [=](const slide::Slide& slide) {
      return decode::RegionReader(slide, decode::picture_of_level(slide, level), request);
    });
  });
}

Napi::Value SlideBinding::read_associated(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&]() -> Napi::Value {
    if (!call[0].IsNumber()) throw Error(Code::INVALID_OPTION, Stage::Options, "expected a number for index");
    const auto index = static_cast<std::size_t>(call[0].As<Napi::Number>().Uint32Value());
    return read_picture(call.Env(), slide_of(call.Env(), Value()), calls_, [=](const slide::Slide& slide) {
      const decode::Picture from = decode::picture_of_associated(slide, index);
      return decode::RegionReader(slide, from,
                                  {.width_px = from.storage->width_px, .height_px = from.storage->height_px});
    });
  });
}

Napi::Value SlideBinding::icc_profile(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&]() -> Napi::Value {
    return run_async(
        call.Env(), calls_,
        [slide = slide_of(call.Env(), Value())](decode::TileDecoder&) { return slide->icc_profile(); },
        [](Napi::Env env, std::vector<std::uint8_t>& profile) -> Napi::Value {
          return profile.empty() ? env.Null() : Napi::Value(to_js(env, profile));
        });
  });
}

Napi::Value SlideBinding::thumbnail(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&]() -> Napi::Value {
    if (!call[0].IsNumber()) throw Error(Code::INVALID_OPTION, Stage::Options, "expected a number for maxSide");
    const std::int64_t side = call[0].As<Napi::Number>().Int64Value();
    const auto on_bad_tile = read_bad_tile_policy(Fields(call[1]));
    return read_picture(call.Env(), slide_of(call.Env(), Value()), calls_,
                        [=](const slide::Slide& slide) { return decode::OverviewReader(slide, side, on_bad_tile); });
  });
}

Napi::Value SlideBinding::tissue(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&]() -> Napi::Value {
    const Fields fields(call[0]);
    const auto source = std::make_shared<const engine::MaskSource>(read_mask(fields.child("mask")));
    if (std::holds_alternative<engine::Everywhere>(*source))
      throw Error(Code::INVALID_OPTION, Stage::Options, "there is no mask where every tile is kept");
    return run_async(
        call.Env(), calls_,
        [slide = slide_of(call.Env(), Value()), source, calls = calls_, on_bad_tile = read_bad_tile_policy(fields),
         maker = std::shared_ptr<engine::MaskMaker>()](decode::TileDecoder& decoder) mutable {
          if (!maker) maker = std::make_shared<engine::MaskMaker>(*slide, *source, on_bad_tile);
          return maker->make(decoder, calls->token());
        },
        [](Napi::Env env, engine::FoundMask& found) -> Napi::Value { return mask_object(env, std::move(found)); });
  });
}

Napi::Value SlideBinding::plan(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&]() -> Napi::Value {
    auto request = std::make_shared<const engine::PlanRequest>(read_plan_request(Fields(call[0])));
    return run_async(
        call.Env(), calls_,
        [slide = slide_of(call.Env(), Value()), request = std::move(request), calls = calls_,
         planner = std::shared_ptr<engine::Planner>()](decode::TileDecoder& decoder) mutable {
          if (!planner) planner = std::make_shared<engine::Planner>(*slide, *request);
          return planner->run(decoder, calls->token());
        },
        [](Napi::Env env, engine::PlanReport& plan) -> Napi::Value { return plan_object(env, plan); });
  });
}

Napi::Value SlideBinding::tiles(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&]() -> Napi::Value {
    auto request = read_grid(Fields(call[0]));
    const auto options = read_stream_options(Fields(call[1]), request);
    auto stream = std::make_shared<engine::StreamJob>(slide_of(call.Env(), Value()), std::move(request), options,
                                                      engine::stream_crew(options));
    environment_->pool()->add(stream);
    streams_.remove_if([](const auto& known) { return known.expired(); });
    streams_.push_back(stream);
    return StreamBinding::wrap(call.Env(), std::move(stream));
  });
}

// Everything that reads the slide is cancelled. The promise settles when the last of it has let go, which closes the
// file.
Napi::Value SlideBinding::close(const Napi::CallbackInfo& call) {
  auto deferred = Napi::Promise::Deferred::New(call.Env());
  if (closing_->closed) {
    deferred.Resolve(call.Env().Undefined());
    return deferred.Promise();
  }
  environment_->begin();
  closing_->waiting.push_back(deferred);
  cancel_all();
  slide_.reset();
  return deferred.Promise();
}

}  // namespace microtome::addon

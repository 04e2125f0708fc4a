#include "addon/slide_binding.h"

#include "addon/environment.h"
#include "addon/error_bridge.h"
#include "addon/marshal.h"
#include "engine/prepare.h"
#include "tissue/tissue_mask.h"

namespace microtome::addon {
namespace {

// Marks objects of these classes, so that a foreign object is refused instead of being misread.
constexpr napi_type_tag kSlideTag{0x9d1c0b6f2c5e4a11, 0xa7d04f6c1be83d52};

using SlidePointer = std::shared_ptr<const slide::Slide>;

decode::Region read_associated_image(decode::TileDecoder& decoder, const slide::Slide& slide, std::size_t index,
                                     const CancelToken& cancel) {
  if (index >= slide.associated().size())
    throw Error(
        Code::INVALID_OPTION, Stage::Decode,
        "there is no associated image " + std::to_string(index) + " of " + std::to_string(slide.associated().size()));
  const auto& image = slide.associated()[index];
  if (!image.storage)
    throw Error(Code::UNSUPPORTED_PIXELS, Stage::Decode,
                "the associated image \"" + image.name + "\" cannot be read: " + image.refusal);
  decode::require_codec(*image.storage, slide.source().name());
  const decode::RegionRequest all{.width_px = image.width_px, .height_px = image.height_px};
  return decode::read_region(decoder, slide, *image.storage, image.directory, -1, all, &cancel);
}

struct MaskAndCount {
  tissue::TissueMask mask;
  std::int64_t bad_tiles;
};

MaskAndCount find_tissue(decode::TileDecoder& decoder, const slide::Slide& slide, const tissue::TissueOptions& options,
                         const CancelToken& cancel) {
  const auto overview =
      decode::read_overview(decoder, slide, options.overview_side_px, decode::BadTilePolicy::Error, &cancel);
  const auto& level0 = slide.levels().front().storage;
  return {tissue::make_tissue_mask(overview.image, level0.width_px, level0.height_px, options),
          overview.bad_tiles + overview.missing_tiles};
}

struct PlanAndCost {
  engine::Prepared prepared;
  engine::ReadCost cost;
  std::int64_t memory_bytes;
};

// An upper bound of the decoded stored tiles alive at once: those under one row of model tiles.
std::int64_t working_set_bytes(const tiles::TilePlan& plan, std::int64_t stored_tiles) {
  const auto& stored = plan.stored;
  const std::int64_t rows = (plan.footprint_px + stored.tile_height_px - 1) / stored.tile_height_px + 1;
  const std::int64_t alive = std::min(stored_tiles, rows * stored.tiles_across());
  return alive * 3 * stored.tile_width_px * stored.tile_height_px;
}

PlanAndCost make_plan(decode::TileDecoder& decoder, const slide::Slide& slide, const engine::GridRequest& request,
                      const CancelToken& cancel) {
  StageMetrics metrics;
  PlanAndCost out{engine::prepare(decoder, slide, request, metrics, cancel), {}, 0};
  out.cost = engine::read_cost(slide, out.prepared.plan);
  out.memory_bytes = working_set_bytes(out.prepared.plan, out.cost.stored_tiles);
  return out;
}

Napi::Value plan_object(Napi::Env env, const PlanAndCost& plan) {
  auto out = Napi::Object::New(env);
  const auto set = [&](const char* name, double value) { out.Set(name, Napi::Number::New(env, value)); };
  const auto& policy = plan.prepared.plan.policy;
  set("level", policy.level);
  set("scale", policy.scale);
  set("jpegReduction", policy.jpeg_reduction);
  out.Set("mpp", to_js(env, policy.mpp));
  out.Set("policy", Napi::String::New(env, policy.name));
  set("tiles", static_cast<double>(plan.prepared.plan.tiles.size()));
  set("keptTiles", static_cast<double>(plan.prepared.plan.kept_tiles));
  set("gridTiles", static_cast<double>(plan.prepared.plan.grid_tiles));
  set("storedTiles", static_cast<double>(plan.cost.stored_tiles));
  set("storedBytes", static_cast<double>(plan.cost.stored_bytes));
  out.Set("tissueFraction", to_js(env, plan.prepared.tissue_fraction));
  set("memoryBytes", static_cast<double>(plan.memory_bytes));
  return out;
}

}  // namespace

Napi::Function SlideBinding::define(Napi::Env env) {
  return DefineClass(
      env, "NativeSlide",
      {InstanceAccessor<&SlideBinding::info>("info"), InstanceMethod<&SlideBinding::read_region>("readRegion"),
       InstanceMethod<&SlideBinding::read_associated>("readAssociated"),
       InstanceMethod<&SlideBinding::thumbnail>("thumbnail"), InstanceMethod<&SlideBinding::tissue>("tissue"),
       InstanceMethod<&SlideBinding::plan>("plan"), InstanceMethod<&SlideBinding::tiles>("tiles"),
       InstanceMethod<&SlideBinding::close>("close")});
}

SlideBinding::SlideBinding(const Napi::CallbackInfo& info) : Napi::ObjectWrap<SlideBinding>(info) {
  if (info.Length() != 1 || !info[0].IsExternal())
    throw addon::to_js(info.Env(), Error(Code::INVALID_OPTION, Stage::Options, "slides are made by openSlide"));
  slide_ = *info[0].As<Napi::External<SlidePointer>>().Data();
  info.This().As<Napi::Object>().TypeTag(&kSlideTag);
}

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

template <typename Work, typename Convert>
Napi::Promise SlideBinding::read(Napi::Env env, Work work, Convert convert) {
  auto slide = slide_of(env, Value());
  auto& stopping = Environment::of(env)->stopping();
  ++reads_in_flight_;
  // The reference keeps this object alive until the read is done; it is dropped on the JavaScript thread.
  auto self = std::make_shared<Napi::ObjectReference>(Napi::Persistent(Value()));
  self->SuppressDestruct();  // should the environment end first, a service thread frees it
  using Result = std::invoke_result_t<Work, decode::TileDecoder&, const SlidePointer&, const CancelToken&>;
  struct Outcome {
    std::shared_ptr<Result> result;
    std::exception_ptr failure;
  };
  return run_async(
      env,
      [slide = std::move(slide), work = std::move(work), &stopping](decode::TileDecoder& decoder) -> Outcome {
        try {
          return {std::make_shared<Result>(work(decoder, slide, stopping)), nullptr};
        } catch (...) {
          return {nullptr, std::current_exception()};
        }
      },
      [this, self, convert = std::move(convert)](Napi::Env js, Outcome& outcome) -> Napi::Value {
        finished_one();
        self->Reset();
        if (outcome.failure) throw addon::to_js(js, outcome.failure);
        return convert(js, *outcome.result);
      });
}

void SlideBinding::finished_one() {
  if (--reads_in_flight_ > 0) return;
  for (auto& deferred : waiting_to_close_) deferred.Resolve(deferred.Env().Undefined());
  waiting_to_close_.clear();
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
    return read(
        call.Env(),
        [level, request](decode::TileDecoder& decoder, const SlidePointer& slide, const CancelToken& cancel) {
          if (level < 0 || level >= std::ssize(slide->levels()))
            throw Error(Code::LEVEL_OUT_OF_RANGE, Stage::Decode,
                        "there is no level " + std::to_string(level) + ", the slide has " +
                            std::to_string(slide->levels().size()))
                .with_path(slide->source().name());
          const auto& from = slide->levels()[static_cast<std::size_t>(level)];
          decode::require_codec(from.storage, slide->source().name());
          return decode::read_region(decoder, *slide, from.storage, from.directory, from.index, request, &cancel);
        },
        [](Napi::Env env, decode::Region& region) -> Napi::Value { return region_object(env, std::move(region)); });
  });
}

Napi::Value SlideBinding::read_associated(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&]() -> Napi::Value {
    if (!call[0].IsNumber()) throw Error(Code::INVALID_OPTION, Stage::Options, "expected a number for index");
    const auto index = static_cast<std::size_t>(call[0].As<Napi::Number>().Uint32Value());
    return read(
        call.Env(),
        [index](decode::TileDecoder& decoder, const SlidePointer& slide, const CancelToken& cancel) {
          return read_associated_image(decoder, *slide, index, cancel);
        },
        [](Napi::Env env, decode::Region& region) -> Napi::Value { return region_object(env, std::move(region)); });
  });
}

Napi::Value SlideBinding::thumbnail(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&]() -> Napi::Value {
    if (!call[0].IsNumber()) throw Error(Code::INVALID_OPTION, Stage::Options, "expected a number for maxSide");
    const std::int64_t side = call[0].As<Napi::Number>().Int64Value();
    return read(
        call.Env(),
        [side](decode::TileDecoder& decoder, const SlidePointer& slide, const CancelToken& cancel) {
          return decode::read_overview(decoder, *slide, side, decode::BadTilePolicy::Error, &cancel);
        },
        [](Napi::Env env, decode::Region& region) -> Napi::Value { return region_object(env, std::move(region)); });
  });
}

Napi::Value SlideBinding::tissue(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&]() -> Napi::Value {
    const auto options = read_tissue_options(Fields(call[0]));
    return read(
        call.Env(),
        [options](decode::TileDecoder& decoder, const SlidePointer& slide, const CancelToken& cancel) {
          return find_tissue(decoder, *slide, options, cancel);
        },
        [](Napi::Env env, MaskAndCount& found) -> Napi::Value {
          return mask_object(env, std::move(found.mask), found.bad_tiles);
        });
  });
}

Napi::Value SlideBinding::plan(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&]() -> Napi::Value {
    auto request = read_grid(Fields(call[0]));
    return read(
        call.Env(),
        [request = std::move(request)](decode::TileDecoder& decoder, const SlidePointer& slide,
                                       const CancelToken& cancel) {
          return make_plan(decoder, *slide, request, cancel);
        },
        [](Napi::Env env, PlanAndCost& plan) -> Napi::Value { return plan_object(env, plan); });
  });
}

Napi::Value SlideBinding::tiles(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&]() -> Napi::Value {
    auto request = read_grid(Fields(call[0]));
    auto options = read_stream_options(Fields(call[1]), request);
    return read(
        call.Env(),
        [request = std::move(request), options](decode::TileDecoder& decoder, const SlidePointer& slide,
                                                const CancelToken&) {
          return std::make_shared<engine::TileStream>(decoder, slide, request, options);
        },
        [](Napi::Env env, std::shared_ptr<engine::TileStream>& stream) -> Napi::Value {
          return StreamBinding::wrap(env, stream);
        });
  });
}

Napi::Value SlideBinding::close(const Napi::CallbackInfo& call) {
  slide_.reset();
  auto deferred = Napi::Promise::Deferred::New(call.Env());
  if (reads_in_flight_ == 0)
    deferred.Resolve(call.Env().Undefined());
  else
    waiting_to_close_.push_back(deferred);
  return deferred.Promise();
}

Napi::Function StreamBinding::define(Napi::Env env) {
  return DefineClass(env, "NativeTileStream",
                     {InstanceMethod<&StreamBinding::next>("next"), InstanceMethod<&StreamBinding::cancel>("cancel")});
}

StreamBinding::StreamBinding(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<StreamBinding>(info), environment_(Environment::of(info.Env())) {
  if (info.Length() != 1 || !info[0].IsExternal())
    throw addon::to_js(info.Env(), Error(Code::INVALID_OPTION, Stage::Options, "streams are made by slide.tiles"));
  stream_ = *info[0].As<Napi::External<std::shared_ptr<engine::TileStream>>>().Data();
  environment_->remember(stream_);
}

// The stream's threads are joined on a service thread, not on this one.
StreamBinding::~StreamBinding() {
  if (stream_) environment_->service().post([stream = std::move(stream_)](decode::TileDecoder&) { stream->close(); });
}

Napi::Object StreamBinding::wrap(Napi::Env env, std::shared_ptr<engine::TileStream> stream) {
  return Environment::of(env)->stream_class.New(
      {Napi::External<std::shared_ptr<engine::TileStream>>::New(env, &stream)});
}

Napi::Value StreamBinding::next(const Napi::CallbackInfo& call) {
  auto deferred = std::make_shared<Napi::Promise::Deferred>(call.Env());
  auto& environment = *environment_;
  environment.begin();
  // The receiver does not own the stream: it may run on one of the stream's threads.
  stream_->next([&environment, deferred](engine::TileStream::Outcome outcome) {
    auto held = std::make_shared<engine::TileStream::Outcome>(std::move(outcome));
    environment.deliver([&environment, deferred, held](Napi::Env env) {
      environment.end();
      if (const auto* failure = std::get_if<std::exception_ptr>(held.get())) {
        deferred->Reject(addon::to_js(env, *failure).Value());
        return;
      }
      auto& batch = std::get<std::optional<engine::TileBatch>>(*held);
      try {
        deferred->Resolve(batch ? batch_object(env, std::move(*batch)) : env.Null());
      } catch (const Napi::Error& error) {
        deferred->Reject(error.Value());
      }
    });
  });
  return deferred->Promise();
}

void StreamBinding::cancel(const Napi::CallbackInfo&) { stream_->cancel(); }

}  // namespace microtome::addon

// The exports of the addon; each is declared and described in lib/native/contract.ts.
#include "addon/bytes_binding.h"
#include "addon/engine_binding.h"
#include "addon/environment.h"
#include "addon/gpu_binding.h"
#include "addon/js_source.h"
#include "addon/marshal.h"
#include "addon/run_async.h"
#include "addon/slide_binding.h"
#include "addon/stream_binding.h"
#include "core/cores.h"
#include "core/error.h"
#include "core/simd.h"
#include "decode/tile_decoder.h"
#include "infer/model.h"
#include "openslide/openslide_driver.h"
#include "openslide/openslide_library.h"

namespace microtome::addon {
namespace {

Napi::Value set_paths(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&]() -> Napi::Value {
    const Fields paths(call[0]);
    decode::set_codec_paths({.jpeg = paths.string("jpeg"), .vips = paths.string("vips")});
    infer::set_runtime_path(paths.string("onnxRuntime"));
    if (!paths.is_null("openslide")) openslide::set_library_path(paths.string("openslide"));
    return call.Env().Undefined();
  });
}

// Who is asked about a file that is no TIFF.
const slide::DriverTable& drivers() {
  static const slide::DriverTable table{.others = {openslide::openslide_driver()}};
  return table;
}

// The file of a path is opened on the service thread; a source of JavaScript's is made here.
std::function<std::shared_ptr<const slide::ByteSource>()> opener_of(Napi::Env env, const Napi::Value& place) {
  if (place.IsString()) return [path = place.As<Napi::String>().Utf8Value()] { return slide::open_file(path); };
  if (!place.IsObject()) throw Error(Code::INVALID_OPTION, Stage::Options, "expected a path or a byte source");
  return [source = make_js_source(env, place)] { return source; };
}

Napi::Value open_slide(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&]() -> Napi::Value {
    const auto calls = std::make_shared<Calls>();
    Environment::of(call.Env())->remember(calls);
    const auto result = run_async(
        call.Env(), calls,
        [open = opener_of(call.Env(), call[0]), options = read_open_options(Fields(call[1])),
         calls](decode::TileDecoder&) {
          calls->token().check(Stage::Slide);
          return slide::Slide::open(open(), options, drivers());
        },
        [](Napi::Env env, std::shared_ptr<const slide::Slide>& slide) -> Napi::Value {
          return SlideBinding::wrap(env, std::exchange(slide, nullptr));
        });
    return job_object(call.Env(), result, [calls = std::weak_ptr(calls)] {
      if (const auto alive = calls.lock()) alive->cancel();
    });
  });
}

Napi::Object library_object(Napi::Env env, bool loaded, const std::string& path, const std::string& version,
                            const std::string& error, bool is_private) {
  auto out = Napi::Object::New(env);
  out.Set("loaded", Napi::Boolean::New(env, loaded));
  out.Set("path", Napi::String::New(env, path));
  out.Set("version", Napi::String::New(env, version));
  out.Set("error", Napi::String::New(env, error));
  out.Set("isPrivate", Napi::Boolean::New(env, is_private));
  return out;
}

struct Report {
  decode::CodecReport jpeg;
  decode::CodecReport vips;
  infer::RuntimeReport runtime;
  openslide::LibraryReport openslide;
  std::vector<decode::CodecSource> codecs;
};

const char* simd_name() {
  switch (best_simd()) {
    case Simd::Avx512:
      return "avx512";
    case Simd::Avx2:
      return "avx2";
    case Simd::Scalar:
      return "scalar";
  }
  return "scalar";
}

Napi::Value codec_list(Napi::Env env, const std::vector<decode::CodecSource>& codecs) {
  auto out = Napi::Array::New(env);
  for (const decode::CodecSource& one : codecs) {
    auto row = Napi::Object::New(env);
    row.Set("name", Napi::String::New(env, one.codec));
    row.Set("library", Napi::String::New(env, one.library));
    row.Set("version", Napi::String::New(env, one.version));
    row.Set("builtIn", Napi::Boolean::New(env, one.built_in));
    out.Set(out.Length(), row);
  }
  return out;
}

Napi::Value report_object(Napi::Env env, const Report& report) {
  auto out = Napi::Object::New(env);
  const auto& [jpeg, vips, runtime, openslide, codecs] = report;
  out.Set("jpeg", library_object(env, jpeg.loaded, jpeg.path, jpeg.version, jpeg.error, jpeg.is_private));
  out.Set("vips", library_object(env, vips.loaded, vips.path, vips.version, vips.error, vips.is_private));
  auto onnx = library_object(env, runtime.loaded, runtime.path, runtime.version, runtime.error, runtime.is_private);
  onnx.Set("api", Napi::Number::New(env, runtime.api));
  onnx.Set("providers", to_js(env, runtime.providers));
  out.Set("onnxRuntime", onnx);
  out.Set("openslide", library_object(env, openslide.loaded, openslide.path, openslide.version, openslide.error,
                                      openslide.is_private));
  out.Set("codecs", codec_list(env, codecs));
  out.Set("simd", Napi::String::New(env, simd_name()));
  out.Set("cores", Napi::Number::New(env, available_cores()));
  return out;
}

Napi::Value doctor(const Napi::CallbackInfo& call) {
  return run_async(
      call.Env(), std::make_shared<Calls>(),
      [](decode::TileDecoder&) {
        return Report{decode::jpeg_report(), decode::vips_report(), infer::runtime_report(),
                      openslide::library_report(), decode::available_codecs()};
      },
      [](Napi::Env env, Report& report) -> Napi::Value { return report_object(env, report); });
}

Napi::Value identity(const Napi::CallbackInfo& call) {
  return run_async(
      call.Env(), std::make_shared<Calls>(), [](decode::TileDecoder&) { return infer::runtime_report(); },
      [](Napi::Env env, infer::RuntimeReport& runtime) -> Napi::Value {
        auto onnx = Napi::Object::New(env);
        onnx.Set("version", Napi::String::New(env, runtime.version));
        onnx.Set("build", Napi::String::New(env, runtime.build));
        auto out = Napi::Object::New(env);
        out.Set("onnxRuntime", onnx);
        out.Set("simd", Napi::String::New(env, simd_name()));
        return out;
      });
}

Napi::Value cores(const Napi::CallbackInfo& call) { return Napi::Number::New(call.Env(), available_cores()); }

Napi::Value halt(const Napi::CallbackInfo& call) {
  Environment::of(call.Env())->halt();
  return call.Env().Undefined();
}

Napi::Object define_exports(Napi::Env env, Napi::Object exports) {
  Environment::attach(env);
  auto& environment = *Environment::of(env);
  environment.slide_class = Napi::Persistent(SlideBinding::define(env));
  environment.stream_class = Napi::Persistent(StreamBinding::define(env));
  environment.engine_class = Napi::Persistent(EngineBinding::define(env));
  exports.Set("Bytes", BytesBinding::define(env));
  exports.Set("setPaths", Napi::Function::New<set_paths>(env, "setPaths"));
  exports.Set("openSlide", Napi::Function::New<open_slide>(env, "openSlide"));
  exports.Set("createEngine", Napi::Function::New<EngineBinding::create>(env, "createEngine"));
  exports.Set("doctor", Napi::Function::New<doctor>(env, "doctor"));
  exports.Set("gpuReport", Napi::Function::New<gpu_report>(env, "gpuReport"));
  exports.Set("identity", Napi::Function::New<identity>(env, "identity"));
  exports.Set("halt", Napi::Function::New<halt>(env, "halt"));
  exports.Set("cores", Napi::Function::New<cores>(env, "cores"));
  return exports;
}

}  // namespace

static Napi::Object initialise(Napi::Env env, Napi::Object exports) { return define_exports(env, exports); }

}  // namespace microtome::addon

// The macro wants a plain name.
static Napi::Object initialise_microtome(Napi::Env env, Napi::Object exports) {
  return microtome::addon::initialise(env, exports);
}
NODE_API_MODULE(microtome, initialise_microtome)

// The exports of the addon; each is declared and described in lib/native/contract.ts.
#include "addon/bytes_binding.h"
#include "addon/engine_binding.h"
#include "addon/environment.h"
#include "addon/marshal.h"
#include "addon/slide_binding.h"
#include "core/cores.h"
#include "core/error.h"
#include "core/simd.h"
#include "decode/tile_decoder.h"
#include "infer/model.h"

namespace microtome::addon {
namespace {

Napi::Value set_paths(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&]() -> Napi::Value {
    const Fields paths(call[0]);
    decode::set_codec_paths({.jpeg = paths.string("jpeg"), .vips = paths.string("vips")});
    infer::set_runtime_path(paths.string("onnxRuntime"));
    return call.Env().Undefined();
  });
}

Napi::Value open_slide(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&]() -> Napi::Value {
    if (!call[0].IsString()) throw Error(Code::INVALID_OPTION, Stage::Options, "expected a string for path");
    return run_async(
        call.Env(),
        [path = call[0].As<Napi::String>().Utf8Value(), options = read_open_options(Fields(call[1]))](
            decode::TileDecoder&) { return slide::Slide::open(slide::open_file(path), options); },
        [](Napi::Env env, std::shared_ptr<const slide::Slide>& slide) -> Napi::Value {
          return SlideBinding::wrap(env, slide);
        });
  });
}

Napi::Value create_engine(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&]() -> Napi::Value {
    return run_async(
        call.Env(),
        [options = read_engine_options(Fields(call[0]))](decode::TileDecoder&) {
          return std::make_shared<engine::Engine>(options);
        },
        [](Napi::Env env, std::shared_ptr<engine::Engine>& engine) -> Napi::Value {
          return EngineBinding::wrap(env, engine);
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
  const auto& [jpeg, vips, runtime, codecs] = report;
  out.Set("jpeg", library_object(env, jpeg.loaded, jpeg.path, jpeg.version, jpeg.error, jpeg.is_private));
  out.Set("vips", library_object(env, vips.loaded, vips.path, vips.version, vips.error, vips.is_private));
  auto onnx = library_object(env, runtime.loaded, runtime.path, runtime.version, runtime.error, runtime.is_private);
  onnx.Set("api", Napi::Number::New(env, runtime.api));
  onnx.Set("providers", to_js(env, runtime.providers));
  out.Set("onnxRuntime", onnx);
  out.Set("codecs", codec_list(env, codecs));
  out.Set("simd", Napi::String::New(env, simd_name()));
  out.Set("cores", Napi::Number::New(env, available_cores()));
  return out;
}

Napi::Value doctor(const Napi::CallbackInfo& call) {
  return run_async(
      call.Env(),
      [](decode::TileDecoder&) {
        return Report{decode::jpeg_report(), decode::vips_report(), infer::runtime_report(),
                      decode::available_codecs()};
      },
      [](Napi::Env env, Report& report) -> Napi::Value { return report_object(env, report); });
}

Napi::Value error_codes(const Napi::CallbackInfo& call) {
  auto out = Napi::Array::New(call.Env());
  const auto add = [&](const char* name, const char* advice) {
    auto row = Napi::Array::New(call.Env(), 2);
    row.Set(0u, Napi::String::New(call.Env(), name));
    row.Set(1u, Napi::String::New(call.Env(), advice));
    out.Set(out.Length(), row);
  };
#define MICROTOME_CODE(name, advice) add(#name, advice);
#include "core/error_codes.def"
#undef MICROTOME_CODE
  return out;
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
  exports.Set("createEngine", Napi::Function::New<create_engine>(env, "createEngine"));
  exports.Set("doctor", Napi::Function::New<doctor>(env, "doctor"));
  exports.Set("errorCodes", Napi::Function::New<error_codes>(env, "errorCodes"));
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

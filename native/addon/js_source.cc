#include "addon/js_source.h"

#include <utility>

#include "addon/error_bridge.h"
#include "addon/fields.h"
#include "slide/paged_source.h"

namespace microtome::addon {
namespace {

class JsSource;

// What belongs to the JavaScript thread. The source may end on any thread; its references are released here then.
struct JsSide {
  Napi::FunctionReference read;
  Napi::FunctionReference forget;
  Napi::ObjectReference answers;

  void release() {
    read.Reset();
    forget.Reset();
    answers.Reset();
  }
};

class JsSource final : public slide::PagedSource, public std::enable_shared_from_this<JsSource> {
 public:
  JsSource(std::uint64_t size, std::string name, std::uint64_t read_ahead_bytes,
           std::shared_ptr<Environment> environment)
      : PagedSource(size, std::move(name), read_ahead_bytes), environment_(std::move(environment)) {}

  ~JsSource() override {
    environment_->deliver([side = side_](Napi::Env) { side->release(); });
  }

  // JavaScript thread, once.
  void connect(Napi::Env env, const Fields& fields) {
    side_->read = Napi::Persistent(fields.value("read").As<Napi::Function>());
    side_->forget = Napi::Persistent(fields.value("forget").As<Napi::Function>());
    side_->answers = Napi::Persistent(answers_object(env, weak_from_this()));
    // Should the environment end first, whichever thread frees the source must not touch them.
    side_->read.SuppressDestruct();
    side_->forget.SuppressDestruct();
    side_->answers.SuppressDestruct();
  }

  using PagedSource::answer;
  using PagedSource::fail;

 protected:
  void ask(std::uint64_t question, const std::vector<slide::ByteRange>& ranges) const override {
    environment_->deliver([self = shared_from_this(), side = side_, question, ranges](Napi::Env env) {
      if (side->read.IsEmpty()) return;
      auto offsets = Napi::Float64Array::New(env, ranges.size());
      auto lengths = Napi::Float64Array::New(env, ranges.size());
      for (std::size_t i = 0; i < ranges.size(); ++i) {
        offsets[i] = static_cast<double>(ranges[i].offset);
        lengths[i] = static_cast<double>(ranges[i].bytes);
      }
      try {
        side->read.Call(
            {Napi::Number::New(env, static_cast<double>(question)), offsets, lengths, side->answers.Value()});
      } catch (const Napi::Error& error) {
        self->fail(question, std::make_exception_ptr(
                                 Error(Code::FILE_UNREADABLE, Stage::Slide, "the byte source threw: " + error.Message())
                                     .with_path(self->name())));
      }
    });
  }

  void forget(std::uint64_t question) const override {
    environment_->deliver([side = side_, question](Napi::Env env) {
      if (!side->forget.IsEmpty()) side->forget.Call({Napi::Number::New(env, static_cast<double>(question))});
    });
  }

 private:
  static Napi::Object answers_object(Napi::Env env, std::weak_ptr<const JsSource> source) {
    auto answers = Napi::Object::New(env);
    answers.Set("answer", Napi::Function::New(env, [source](const Napi::CallbackInfo& call) {
                  const auto alive = source.lock();
                  if (!alive || !call[2].IsTypedArray()) return;
                  const auto bytes = call[2].As<Napi::Uint8Array>();
                  alive->answer(static_cast<std::uint64_t>(call[0].ToNumber().Int64Value()),
                                call[1].ToNumber().Uint32Value(), {bytes.Data(), bytes.ElementLength()});
                }));
    answers.Set("fail", Napi::Function::New(env, [source](const Napi::CallbackInfo& call) {
                  const auto alive = source.lock();
                  if (!alive) return;
                  const std::string code = call[1].ToString();
                  const Code known = code == "TRUNCATED" ? Code::TRUNCATED
                                     : code == "NETWORK" ? Code::NETWORK
                                                         : Code::FILE_UNREADABLE;
                  const std::string found = call[2].ToString();
                  const Error error = call[3].IsString()
                                          ? Error(known, Stage::Slide, found, std::string(call[3].ToString()))
                                          : Error(known, Stage::Slide, found);
                  alive->fail(static_cast<std::uint64_t>(call[0].ToNumber().Int64Value()),
                              std::make_exception_ptr(Error(error).with_path(alive->name())));
                }));
    return answers;
  }

  const std::shared_ptr<Environment> environment_;
  const std::shared_ptr<JsSide> side_ = std::make_shared<JsSide>();
};

}  // namespace

std::shared_ptr<const slide::ByteSource> make_js_source(Napi::Env env, const Napi::Value& value) {
  const Fields fields(value);
  if (!fields.value("read").IsFunction() || !fields.value("forget").IsFunction())
    throw Error(Code::INVALID_OPTION, Stage::Options, "expected read and forget of a byte source");
  const std::uint64_t read_ahead =
      fields.is_null("readAheadBytes") ? slide::PagedSource::kReadAheadBytes : fields.size("readAheadBytes");
  auto source =
      std::make_shared<JsSource>(fields.size("size"), fields.string("name"), read_ahead, Environment::of(env));
  source->connect(env, fields);
  return source;
}

}  // namespace microtome::addon

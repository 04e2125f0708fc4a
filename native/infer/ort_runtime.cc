#include "infer/ort_runtime.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstring>
#include <utility>

namespace microtome::infer {
namespace {

constexpr int kOldestApi = 14;
constexpr int kNewestApi = 30;  // tables only grow: what is known of an older one holds for a newer one

struct Opening {
  std::mutex mutex;
  std::string path;
  OrtRuntime* runtime = nullptr;
  std::optional<Error> failure;
};

Opening& opening() {
  static Opening one;
  return one;
}

// "1.30.0" gives 30; 0 when the text has another form.
int minor_of(const std::string& version) {
  if (version.rfind("1.", 0) != 0) return 0;
  int minor = 0;
  const char* end = version.data() + version.size();
  const auto parsed = std::from_chars(version.data() + 2, end, minor);
  return parsed.ec == std::errc() && (parsed.ptr == end || *parsed.ptr == '.') ? minor : 0;
}

// The function that libraries called before; the same for each of them, and set before it can be called.
using VariableFunction = char*(const char* name);
std::atomic<VariableFunction*> own_variable = nullptr;

// What the library gets where it asks for an environment variable. From version 1.29 on it keeps a database and an
// identifier below the user's home and sends usage data, unless this variable is set when its environment is made; its
// function that switches this off comes too late. The process's own variables stay as they are: to set one is to race
// with every thread that reads one.
char* variable_of_the_runtime(const char* name) {
  static char on[] = "1";
  return std::strcmp(name, "ORT_DISABLE_TELEMETRY") == 0 ? on : own_variable.load()(name);
}

}  // namespace

OrtRuntime& OrtRuntime::get() {
  auto& one = opening();
  std::scoped_lock lock(one.mutex);
  if (one.runtime != nullptr) return *one.runtime;
  if (one.failure) throw Error(*one.failure);
  try {
    // Never destroyed: at process exit the library's own static objects may already be gone.
    const SharedLibrary library = SharedLibrary::open_private(one.path, Stage::Infer);
    one.runtime = std::make_unique<OrtRuntime>(library).release();
  } catch (const Error& error) {
    if (!one.path.empty()) one.failure = error;
    throw;
  }
  return *one.runtime;
}

OrtRuntime::OrtRuntime(const SharedLibrary& library) {
  VariableFunction* variable = nullptr;
  if (library.bind("getenv", variable)) {
    own_variable = variable;
    library.redirect("getenv", reinterpret_cast<void*>(&variable_of_the_runtime), Stage::Infer);
  }
  report_.path = library.path();
  report_.is_private = library.is_private();
  negotiate(library);
  create_env();
  list_providers();
  report_.loaded = true;
}

void OrtRuntime::negotiate(const SharedLibrary& library) {
  ort::GetApiBaseFunction* get_base = nullptr;
  const ort::ApiBase* base = library.bind("OrtGetApiBase", get_base) ? get_base() : nullptr;
  if (base == nullptr)
    throw Error(Code::RUNTIME_MISSING, Stage::Infer, library.path() + " is not ONNX Runtime: OrtGetApiBase is missing")
        .with_path(library.path());
  report_.version = base->version_string();
  // A version the library does not have would make it print to stderr, so it is asked for its own.
  const int own = minor_of(report_.version);
  const int version = std::min(own, kNewestApi);
  const void* table = version >= kOldestApi ? base->get_api(static_cast<std::uint32_t>(version)) : nullptr;
  if (table == nullptr)
    throw Error(Code::RUNTIME_MISSING, Stage::Infer,
                library.path() + " is ONNX Runtime " + one_line(report_.version) + ", 1." + std::to_string(kOldestApi) +
                    " or newer is needed")
        .with_path(library.path());
  api_ = ort::Api(table, version);
  report_.api = version;
  if (!api_.has(ort::kGetBuildInfoString)) return;
  const char* build = api_(ort::kGetBuildInfoString);
  if (build != nullptr) report_.build = one_line(build);
}

void OrtRuntime::create_env() {
  require(api_(ort::kCreateEnvWithCustomLogger, &OrtRuntime::on_log, static_cast<void*>(this), ort::LogLevel::Warning,
               "microtome", &env_),
          "create its environment");
  static_cast<void>(take(api_(ort::kDisableTelemetryEvents, static_cast<const ort::Env*>(env_))));
}

void OrtRuntime::list_providers() {
  char** names = nullptr;
  int count = 0;
  if (take(api_(ort::kGetAvailableProviders, &names, &count))) return;
  for (int i = 0; i < count; ++i) report_.providers.emplace_back(names[i]);
  static_cast<void>(take(api_(ort::kReleaseAvailableProviders, names, count)));
}

ort::Allocator* OrtRuntime::allocator() const {
  ort::Allocator* allocator = nullptr;  // the library's own, not released
  require(api_(ort::kGetAllocatorWithDefaultOptions, &allocator), "give its allocator");
  return allocator;
}

std::optional<Failure> OrtRuntime::take(ort::Status* status) const {
  if (status == nullptr) return std::nullopt;
  const ort::Handle<ort::Status> owned(status, api_.function(ort::kReleaseStatus));
  return Failure{api_(ort::kGetErrorCode, static_cast<const ort::Status*>(status)),
                 one_line(api_(ort::kGetErrorMessage, static_cast<const ort::Status*>(status)))};
}

void OrtRuntime::require(ort::Status* status, const char* doing) const {
  const auto failure = take(status);
  if (!failure) return;
  const std::string text = std::string("ONNX Runtime could not ") + doing + ": " + failure->text;
  throw Error(failure->is_out_of_memory() ? Code::OUT_OF_MEMORY : Code::INTERNAL, Stage::Infer, text);
}

void OrtRuntime::on_log(void* context, ort::LogLevel level, const char* category, const char* log_id, const char*,
                        const char* message) {
  if (static_cast<int>(level) < static_cast<int>(ort::LogLevel::Warning) || log_id == nullptr) return;
  // The caller is C code in another library: nothing may be thrown at it. A line that cannot be kept is dropped.
  try {
    const char* name = level == ort::LogLevel::Warning ? "warning" : "error";
    const std::string where = category == nullptr ? "" : category;
    static_cast<OrtRuntime*>(context)->deliver(
        log_id, std::string(name) + " [" + where + "] " + one_line(message == nullptr ? "" : message));
  } catch (...) {
  }
}

void OrtRuntime::deliver(const std::string& log_id, const std::string& line) {
  std::shared_ptr<LogSink> sink;
  {
    std::scoped_lock lock(log_mutex_);
    const auto route = routes_.find(log_id.substr(0, log_id.find(':')));  // a run appends ":tag"
    if (route == routes_.end()) return;
    sink = route->second;
  }
  (*sink)(line);
}

OrtRuntime::LogRoute::LogRoute(OrtRuntime& runtime, LogSink sink) : runtime_(runtime) {
  std::scoped_lock lock(runtime_.log_mutex_);
  id_ = "microtome-" + std::to_string(++runtime_.next_route_);
  if (sink) runtime_.routes_.emplace(id_, std::make_shared<LogSink>(std::move(sink)));
}

OrtRuntime::LogRoute::~LogRoute() {
  std::scoped_lock lock(runtime_.log_mutex_);
  runtime_.routes_.erase(id_);
}

void set_runtime_path(const std::string& path) {
  auto& one = opening();
  std::scoped_lock lock(one.mutex);
  if (one.path.empty()) one.path = path;
}

RuntimeReport runtime_report() {
  try {
    return OrtRuntime::get().report();
  } catch (const std::exception& error) {
    RuntimeReport report;
    std::scoped_lock lock(opening().mutex);
    report.path = opening().path;
    report.error = error.what();
    return report;
  }
}

}  // namespace microtome::infer

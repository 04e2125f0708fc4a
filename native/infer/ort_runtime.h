// An ONNX Runtime of the process: the library as a private copy, its function table, its environment, and the routes of
// its log. There is one for the CPU, opened by the first caller, and at most one for devices (device_runtime.h). They
// are kept for the life of the process: their threads and static objects may outlive any session. Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/error.h"
#include "core/shared_library.h"
#include "infer/failure.h"
#include "infer/model.h"
#include "infer/ort_api.h"

namespace microtome::infer {

class OrtRuntime {
 public:
  // The CPU's. Opens the library at the path given to set_runtime_path(). Throws RUNTIME_MISSING; a failure is
  // remembered.
  [[nodiscard]] static OrtRuntime& get();

  // Throws RUNTIME_MISSING for what is no ONNX Runtime, or too old.
  explicit OrtRuntime(const SharedLibrary& library);
  OrtRuntime(const OrtRuntime&) = delete;
  OrtRuntime& operator=(const OrtRuntime&) = delete;

  [[nodiscard]] const ort::Api& api() const noexcept { return api_; }
  [[nodiscard]] ort::Env* env() const noexcept { return env_; }
  [[nodiscard]] const RuntimeReport& report() const noexcept { return report_; }
  [[nodiscard]] ort::Allocator* allocator() const;
  [[nodiscard]] std::optional<Failure> take(ort::Status* status) const;

  // For calls that fail only when memory is short or the library is broken.
  void require(ort::Status* status, const char* doing) const;

  // Log lines whose id is id() go to `sink` for as long as the route lives.
  class LogRoute {
   public:
    LogRoute(OrtRuntime& runtime, LogSink sink);
    ~LogRoute();
    LogRoute(const LogRoute&) = delete;
    LogRoute& operator=(const LogRoute&) = delete;
    [[nodiscard]] const std::string& id() const noexcept { return id_; }

   private:
    OrtRuntime& runtime_;
    std::string id_;
  };

 private:
  void negotiate(const SharedLibrary& library);
  void create_env();
  void list_providers();
  static void on_log(void* context, ort::LogLevel level, const char* category, const char* log_id, const char* location,
                     const char* message);
  void deliver(const std::string& log_id, const std::string& line);

  ort::Api api_;
  ort::Env* env_ = nullptr;
  RuntimeReport report_;

  std::mutex log_mutex_;
  std::uint64_t next_route_ = 0;
  std::map<std::string, std::shared_ptr<LogSink>> routes_;
};

}  // namespace microtome::infer

// The open handles of one slide. OpenSlide keeps the first error of a handle for ever: a handle that failed is
// replaced. Safe to use from any thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/error.h"
#include "openslide/openslide_api.h"

namespace microtome::openslide {

// One open handle; closed when its last user lets go. Any number of threads may read by it.
class Handle {
 public:
  Handle(const Api& api, Api::Osr* osr) noexcept : api_(api), osr_(osr) {}
  ~Handle() { api_.close(osr_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  [[nodiscard]] Api::Osr* get() const noexcept { return osr_; }
  // What went wrong with any call so far, as OpenSlide says it; nothing where all is well.
  [[nodiscard]] std::optional<std::string> error() const;

 private:
  const Api& api_;
  Api::Osr* osr_;
};

class Handles {
 public:
  // Opens the first one. `cache_bytes` is what OpenSlide may keep of decoded tiles, for all handles of the slide
  // together. `check` is called for each handle that is opened, and throws where it is of another slide than the first.
  // Throws NOT_A_SLIDE, SLIDE_INCOMPLETE, OUT_OF_MEMORY.
  using Check = std::function<void(const Handle&)>;
  Handles(const Api& api, std::string path, std::size_t cache_bytes);
  ~Handles();
  Handles(const Handles&) = delete;
  Handles& operator=(const Handles&) = delete;

  // Before other threads use it.
  void set_check(Check check) { check_ = std::move(check); }

  [[nodiscard]] const Api& api() const noexcept { return api_; }
  [[nodiscard]] std::shared_ptr<const Handle> first() const { return current_; }

  // Calls `read` with a handle; again with a fresh one that nobody else has where an error came up, because it may be
  // that of another thread's call. Returns the error of that second call: then it is the call's own. Throws
  // FILE_UNREADABLE when the slide cannot be opened again, and what `check` throws.
  using Read = std::function<void(Api::Osr*)>;
  [[nodiscard]] std::optional<std::string> try_read(const Read& read);

 private:
  [[nodiscard]] std::shared_ptr<const Handle> open() const;
  [[nodiscard]] std::shared_ptr<const Handle> reopen();
  [[nodiscard]] std::shared_ptr<const Handle> current();

  const Api& api_;
  const std::string path_;
  Api::Cache* const cache_;
  Check check_;
  std::mutex mutex_;        // of current_
  std::mutex again_mutex_;  // one thread at a time opens again
  std::shared_ptr<const Handle> current_;
  int failures_ = 0;  // in a row, to open again
  std::optional<Error> failure_;
};

}  // namespace microtome::openslide

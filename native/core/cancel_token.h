// A flag shared by everything that works for one job. Any thread may cancel; workers ask between two tiles.
// Callbacks registered here run on the cancelling thread (used to terminate a running inference).
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

#include "core/error.h"

namespace microtome {

class CancelToken {
 public:
  [[nodiscard]] bool cancelled() const noexcept { return flag_.load(std::memory_order_acquire); }

  // Throws CANCELLED once cancel() was called.
  void check(Stage stage) const {
    if (cancelled()) throw Error(Code::CANCELLED, stage, "the job was cancelled");
  }

  void cancel() {
    std::scoped_lock lock(mutex_);
    flag_.store(true, std::memory_order_release);
    for (auto& callback : callbacks_) callback();
  }

  // Runs `callback` on cancel() for as long as the returned guard lives; at once if cancelled already.
  class Registration {
   public:
    Registration(CancelToken& token, std::function<void()> callback) : token_(token) {
      std::scoped_lock lock(token_.mutex_);
      if (token_.cancelled()) callback();
      where_ = token_.callbacks_.insert(token_.callbacks_.end(), std::move(callback));
    }
    ~Registration() {
      std::scoped_lock lock(token_.mutex_);
      token_.callbacks_.erase(where_);
    }
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;

   private:
    CancelToken& token_;
    std::list<std::function<void()>>::iterator where_;
  };

 private:
  std::atomic<bool> flag_{false};
  std::mutex mutex_;
  std::list<std::function<void()>> callbacks_;
};

}  // namespace microtome

// Requests that are under way for one slide, one scorer or one opening, and can be given up together. Any thread.
#pragma once

#include <list>
#include <memory>
#include <mutex>

#include "core/cancel_token.h"
#include "slide/byte_source.h"

namespace microtome::addon {

class Calls {
 public:
  [[nodiscard]] CancelToken& token() noexcept { return token_; }

  // Waits for bytes on behalf of one of the requests; given up at once where they are cancelled already.
  void wait(const slide::BytesPending& pending, const std::shared_ptr<slide::Fetch>& fetch) {
    const slide::Fetch::Asking asking(fetch);
    {
      std::scoped_lock lock(mutex_);
      fetches_.remove_if([](const auto& earlier) { return earlier.expired(); });
      fetches_.push_back(fetch);
    }
    pending.source->fetch(pending.ranges, fetch);
    if (token_.cancelled()) fetch->abandon();
  }

  void cancel() {
    token_.cancel();
    std::list<std::weak_ptr<slide::Fetch>> fetches;
    {
      std::scoped_lock lock(mutex_);
      fetches.swap(fetches_);
    }
    for (const auto& known : fetches)
      if (const auto fetch = known.lock()) fetch->abandon();
  }

 private:
  CancelToken token_;
  std::mutex mutex_;
  std::list<std::weak_ptr<slide::Fetch>> fetches_;
};

}  // namespace microtome::addon

// Moves the clock of the fake driver on whenever nothing else can happen: when every other thread of the process sleeps
// in the kernel. Whoever is woken is ready to run from that moment on, so that threads that sleep twice in a row, and
// have not run in between, wait for each other or for the clock. So what is done at one time of the clock is all done
// before the next, however fast or slow the machine is.
#pragma once

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <thread>

#include "test/support/fake_driver.h"

namespace microtome::test {

class QuietClock {
 public:
  explicit QuietClock(const FakeDriver& fake) : fake_(fake), thread_([this] { drive(); }) {}
  ~QuietClock() {
    ending_ = true;
    thread_.join();
  }
  QuietClock(const QuietClock&) = delete;
  QuietClock& operator=(const QuietClock&) = delete;

 private:
  // How often each thread has gone to sleep. Nothing where one is awake.
  using Sleeps = std::map<std::string, std::string>;

  void drive() const {
    while (!ending_) {
      const auto before = all_asleep();
      if (before && all_asleep() == before)
        (void)fake_.advance();
      else
        std::this_thread::yield();
    }
  }

  [[nodiscard]] static std::optional<Sleeps> all_asleep() {
    const std::string self = std::to_string(::gettid());
    Sleeps sleeps;
    std::error_code gone;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task", gone)) {
      const std::string id = entry.path().filename();
      if (id == self) continue;
      std::ifstream status(entry.path() / "status");
      bool sleeps_now = false;
      for (std::string line; std::getline(status, line);) {
        if (line.rfind("State:", 0) == 0) sleeps_now = line.find("(sleeping)") != std::string::npos;
        if (line.rfind("voluntary_ctxt_switches:", 0) == 0) sleeps[id] = line;
      }
      if (!sleeps_now) return std::nullopt;
    }
    return sleeps;
  }

  const FakeDriver& fake_;
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

}  // namespace microtome::test

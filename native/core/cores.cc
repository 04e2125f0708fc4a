#include "core/cores.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace microtome {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

// A process in a container sees its own group at the root of the mount. Outside one the root has no such file.
int quota_cores() noexcept {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen("/sys/fs/cgroup/cpu.max", "re"));
  std::array<char, 64> text{};
  if (!file || std::fgets(text.data(), static_cast<int>(text.size()), file.get()) == nullptr) return 0;
  return cores_of_quota(text.data());
}

int affinity_cores() noexcept {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(CPU_COUNT(&set), 1);
}

}  // namespace

int cores_of_quota(const char* text) noexcept {
  char* end = nullptr;
  const long long quota_us = std::strtoll(text, &end, 10);
  if (end == text || quota_us <= 0) return 0;
  const char* rest = end;
  const long long period_us = std::strtoll(rest, &end, 10);
  if (end == rest || period_us <= 0) return 0;
  return static_cast<int>(std::clamp<long long>((quota_us - 1) / period_us + 1, 1, 1024));
}

int available_cores() noexcept {
  static const int quota = quota_cores();
  const int cores = affinity_cores();
  return quota > 0 ? std::min(cores, quota) : cores;
}

}  // namespace microtome

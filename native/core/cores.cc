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

using Line = std::array<char, 64>;

// False where there is no such file, or nothing in it.
bool read_line(const char* path, Line& line) noexcept {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path, "re"));
  return file && std::fgets(line.data(), static_cast<int>(line.size()), file.get()) != nullptr;
}

// A process in a container sees its own group at the root of the mount. Outside one the root has no such file. Machines
// with control groups of version 1 have the two numbers in two files.
int quota_cores() noexcept {
  Line quota{};
  if (read_line("/sys/fs/cgroup/cpu.max", quota)) return cores_of_quota(quota.data());
  Line period{};
  if (!read_line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", quota)) return 0;
  if (!read_line("/sys/fs/cgroup/cpu/cpu.cfs_period_us", period)) return 0;
  return cores_of_quota(quota.data(), period.data());
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
  std::strtoll(text, &end, 10);
  return end == text ? 0 : cores_of_quota(text, end);
}

int cores_of_quota(const char* quota, const char* period) noexcept {
  char* end = nullptr;
  const long long quota_us = std::strtoll(quota, &end, 10);
  if (end == quota || quota_us <= 0) return 0;
  const long long period_us = std::strtoll(period, &end, 10);
  if (end == period || period_us <= 0) return 0;
  return static_cast<int>(std::clamp<long long>((quota_us - 1) / period_us + 1, 1, 1024));
}

int available_cores() noexcept {
  static const int quota = quota_cores();
  const int cores = affinity_cores();
  return quota > 0 ? std::min(cores, quota) : cores;
}

}  // namespace microtome

// How much resident memory a piece of work needs at its peak. One test at a time: the peak is that of the process.
#pragma once

#include <cstdint>
#include <fstream>
#include <optional>
#include <string>

namespace microtome::test {

// KiB of a line of /proc/self/status; -1: there is none.
inline std::int64_t status_kib(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(name + ":")) return std::stoll(line.substr(name.size() + 1));
  return -1;
}

// Bytes beyond what was resident before. Not getrusage's ru_maxrss, which a process inherits and nothing sets back.
// Nothing under a sanitizer: its allocator keeps what was freed and its shadow counts too, so that the figure is not
// ours. Nothing either where the kernel does not let a process set its peak back.
template <typename Work>
[[nodiscard]] std::optional<std::int64_t> peak_growth_bytes(const Work& work) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  work();
  return std::nullopt;
#else
  const bool set_back = static_cast<bool>(std::ofstream("/proc/self/clear_refs") << '5' << std::flush);
  const std::int64_t before_kib = status_kib("VmRSS");
  work();
  if (!set_back) return std::nullopt;
  return 1024 * (status_kib("VmHWM") - before_kib);
#endif
}

}  // namespace microtome::test

// How many threads this process may run at once.
#pragma once

namespace microtome {

// Cores of the affinity mask, and no more than the CPU time that the control group (a container's limit) allows,
// rounded up. At least 1.
[[nodiscard]] int available_cores() noexcept;

// The number of cores that the text of a cgroup v2 `cpu.max` allows ("max 100000", "150000 100000"); 0 when it sets no
// limit or cannot be read.
[[nodiscard]] int cores_of_quota(const char* text) noexcept;

// The same of cgroup v1, which has the quota ("-1": no limit) and the period in two files.
[[nodiscard]] int cores_of_quota(const char* quota, const char* period) noexcept;

}  // namespace microtome

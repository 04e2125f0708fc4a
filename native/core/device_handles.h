// A device's memory and its queues of work as plain numbers, for the folders that pass them on and know no driver.
#pragma once

#include <cstdint>

namespace microtome {

using DevicePointer = std::uint64_t;  // an address in a device's memory; never read by the host
using StreamHandle = void*;           // work on one stream is done in the order in which it was put there

}  // namespace microtome

// The functions of NVIDIA's driver library that we call, declared by ourselves: all of them are in every driver since
// 470, the last one that knows the Tesla K80. Names end in _v2 where the driver has two of them; the table uses the
// names of the manual. Status 0 is success.
#pragma once

#include <cstddef>
#include <cstdint>

namespace microtome::gpu {

using CuResult = int;
using CuDevice = int;
using CuPointer = std::uint64_t;  // CUdeviceptr
struct CuContextObject;
struct CuStreamObject;
struct CuEventObject;
struct CuModuleObject;
struct CuFunctionObject;
using CuContext = CuContextObject*;
using CuStream = CuStreamObject*;
using CuEvent = CuEventObject*;
using CuModule = CuModuleObject*;
using CuFunction = CuFunctionObject*;
struct CuUuid {
  unsigned char bytes[16];
};

// The values of the driver's enumerations that we use.
namespace cu {
inline constexpr CuResult kSuccess = 0;
inline constexpr CuResult kOutOfMemory = 2;
inline constexpr CuResult kNoDevice = 100;
inline constexpr CuResult kNotReady = 600;

inline constexpr int kAttributeMultiprocessors = 16;
inline constexpr int kAttributeComputeMajor = 75;
inline constexpr int kAttributeComputeMinor = 76;

inline constexpr unsigned kStreamNonBlocking = 1;  // does not wait for the null stream, nor the null stream for it
inline constexpr unsigned kEventBlockingSync = 1;  // who waits sleeps; by default it spins on a core
inline constexpr unsigned kEventDisableTiming = 2;
inline constexpr unsigned kHostAllocPortable = 1;  // pinned for all devices

inline constexpr int kJitErrorLogBuffer = 5;
inline constexpr int kJitErrorLogBufferBytes = 6;
}  // namespace cu

// MICROTOME_CU(member, symbol, parameters)
#define MICROTOME_CU_FUNCTIONS(MICROTOME_CU)                                                                           \
  MICROTOME_CU(init, cuInit, (unsigned flags))                                                                         \
  MICROTOME_CU(driver_get_version, cuDriverGetVersion, (int* version))                                                 \
  MICROTOME_CU(device_get_count, cuDeviceGetCount, (int* count))                                                       \
  MICROTOME_CU(device_get, cuDeviceGet, (CuDevice * device, int ordinal))                                              \
  MICROTOME_CU(device_get_name, cuDeviceGetName, (char* name, int length, CuDevice device))                            \
  MICROTOME_CU(device_get_uuid, cuDeviceGetUuid, (CuUuid * uuid, CuDevice device))                                     \
  MICROTOME_CU(device_get_attribute, cuDeviceGetAttribute, (int* value, int attribute, CuDevice device))               \
  MICROTOME_CU(device_total_mem, cuDeviceTotalMem_v2, (std::size_t* bytes, CuDevice device))                           \
  MICROTOME_CU(device_primary_ctx_retain, cuDevicePrimaryCtxRetain, (CuContext * context, CuDevice device))            \
  MICROTOME_CU(device_primary_ctx_release, cuDevicePrimaryCtxRelease_v2, (CuDevice device))                            \
  MICROTOME_CU(ctx_push_current, cuCtxPushCurrent_v2, (CuContext context))                                             \
  MICROTOME_CU(ctx_pop_current, cuCtxPopCurrent_v2, (CuContext * context))                                             \
  MICROTOME_CU(mem_get_info, cuMemGetInfo_v2, (std::size_t* free, std::size_t* total))                                 \
  MICROTOME_CU(mem_alloc, cuMemAlloc_v2, (CuPointer * pointer, std::size_t bytes))                                     \
  MICROTOME_CU(mem_free, cuMemFree_v2, (CuPointer pointer))                                                            \
  MICROTOME_CU(mem_host_alloc, cuMemHostAlloc, (void** memory, std::size_t bytes, unsigned flags))                     \
  MICROTOME_CU(mem_free_host, cuMemFreeHost, (void* memory))                                                           \
  MICROTOME_CU(memcpy_to_device, cuMemcpyHtoDAsync_v2,                                                                 \
               (CuPointer to, const void* from, std::size_t bytes, CuStream stream))                                   \
  MICROTOME_CU(memcpy_to_host, cuMemcpyDtoHAsync_v2, (void* to, CuPointer from, std::size_t bytes, CuStream stream))   \
  MICROTOME_CU(memset_bytes, cuMemsetD8Async, (CuPointer to, unsigned char value, std::size_t bytes, CuStream stream)) \
  MICROTOME_CU(stream_create, cuStreamCreate, (CuStream * stream, unsigned flags))                                     \
  MICROTOME_CU(stream_destroy, cuStreamDestroy_v2, (CuStream stream))                                                  \
  MICROTOME_CU(stream_synchronize, cuStreamSynchronize, (CuStream stream))                                             \
  MICROTOME_CU(stream_wait_event, cuStreamWaitEvent, (CuStream stream, CuEvent event, unsigned flags))                 \
  MICROTOME_CU(event_create, cuEventCreate, (CuEvent * event, unsigned flags))                                         \
  MICROTOME_CU(event_destroy, cuEventDestroy_v2, (CuEvent event))                                                      \
  MICROTOME_CU(event_record, cuEventRecord, (CuEvent event, CuStream stream))                                          \
  MICROTOME_CU(event_synchronize, cuEventSynchronize, (CuEvent event))                                                 \
  MICROTOME_CU(event_elapsed_time, cuEventElapsedTime, (float* milliseconds, CuEvent first, CuEvent second))           \
  MICROTOME_CU(module_load_data, cuModuleLoadDataEx,                                                                   \
               (CuModule * module, const void* image, unsigned count, int* options, void** values))                    \
  MICROTOME_CU(module_unload, cuModuleUnload, (CuModule module))                                                       \
  MICROTOME_CU(module_get_function, cuModuleGetFunction, (CuFunction * function, CuModule module, const char* name))   \
  MICROTOME_CU(                                                                                                        \
      launch_kernel, cuLaunchKernel,                                                                                   \
      (CuFunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,     \
       unsigned block_z, unsigned shared_bytes, CuStream stream, void** parameters, void** extra))

struct DriverTable {
#define MICROTOME_CU(member, symbol, parameters) CuResult(*member) parameters = nullptr;
  MICROTOME_CU_FUNCTIONS(MICROTOME_CU)
#undef MICROTOME_CU
};

}  // namespace microtome::gpu

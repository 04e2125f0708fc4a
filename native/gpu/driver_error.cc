#include "gpu/driver_error.h"

#include <algorithm>
#include <array>

namespace microtome::gpu {
namespace {

struct Known {
  CuResult result;
  std::string_view name;
  Code code;
};

// A status that is not here is a wrong call of ours.
constexpr std::array kKnown{
    Known{1, "INVALID_VALUE", Code::INTERNAL},
    Known{2, "OUT_OF_MEMORY", Code::OUT_OF_MEMORY},
    Known{3, "NOT_INITIALIZED", Code::DEVICE_UNAVAILABLE},
    Known{4, "DEINITIALIZED", Code::DEVICE_LOST},  // the process is ending
    Known{34, "STUB_LIBRARY", Code::DEVICE_UNAVAILABLE},
    Known{46, "DEVICE_UNAVAILABLE", Code::DEVICE_UNAVAILABLE},  // another process has it for itself
    Known{100, "NO_DEVICE", Code::DEVICE_UNAVAILABLE},
    Known{101, "INVALID_DEVICE", Code::DEVICE_UNAVAILABLE},
    Known{102, "DEVICE_NOT_LICENSED", Code::DEVICE_UNAVAILABLE},
    Known{201, "INVALID_CONTEXT", Code::INTERNAL},
    Known{209, "NO_BINARY_FOR_GPU", Code::DEVICE_UNAVAILABLE},
    Known{214, "ECC_UNCORRECTABLE", Code::DEVICE_LOST},
    Known{218, "INVALID_PTX", Code::DEVICE_UNAVAILABLE},
    Known{220, "NVLINK_UNCORRECTABLE", Code::DEVICE_LOST},
    Known{221, "JIT_COMPILER_NOT_FOUND", Code::RUNTIME_MISSING},
    Known{222, "UNSUPPORTED_PTX_VERSION", Code::DEVICE_UNAVAILABLE},
    Known{223, "JIT_COMPILATION_DISABLED", Code::DEVICE_UNAVAILABLE},
    Known{304, "OPERATING_SYSTEM", Code::DEVICE_UNAVAILABLE},
    Known{400, "INVALID_HANDLE", Code::INTERNAL},
    Known{500, "NOT_FOUND", Code::INTERNAL},
    Known{600, "NOT_READY", Code::INTERNAL},
    Known{700, "ILLEGAL_ADDRESS", Code::DEVICE_LOST},
    Known{701, "LAUNCH_OUT_OF_RESOURCES", Code::INTERNAL},
    Known{702, "LAUNCH_TIMEOUT", Code::DEVICE_LOST},
    Known{709, "CONTEXT_IS_DESTROYED", Code::DEVICE_LOST},
    Known{710, "ASSERT", Code::DEVICE_LOST},
    Known{712, "HOST_MEMORY_ALREADY_REGISTERED", Code::INTERNAL},
    Known{714, "HARDWARE_STACK_ERROR", Code::DEVICE_LOST},
    Known{715, "ILLEGAL_INSTRUCTION", Code::DEVICE_LOST},
    Known{716, "MISALIGNED_ADDRESS", Code::DEVICE_LOST},
    Known{717, "INVALID_ADDRESS_SPACE", Code::DEVICE_LOST},
    Known{718, "INVALID_PC", Code::DEVICE_LOST},
    Known{719, "LAUNCH_FAILED", Code::DEVICE_LOST},
    Known{800, "NOT_PERMITTED", Code::DEVICE_UNAVAILABLE},
    Known{801, "NOT_SUPPORTED", Code::DEVICE_UNAVAILABLE},
    Known{802, "SYSTEM_NOT_READY", Code::DEVICE_UNAVAILABLE},
    Known{803, "SYSTEM_DRIVER_MISMATCH", Code::DEVICE_UNAVAILABLE},
    Known{804, "COMPAT_NOT_SUPPORTED_ON_DEVICE", Code::DEVICE_UNAVAILABLE},
    Known{805, "MPS_CONNECTION_FAILED", Code::DEVICE_UNAVAILABLE},
    Known{806, "MPS_RPC_FAILURE", Code::DEVICE_LOST},
    Known{807, "MPS_SERVER_NOT_READY", Code::DEVICE_UNAVAILABLE},
    Known{808, "MPS_MAX_CLIENTS_REACHED", Code::DEVICE_UNAVAILABLE},
    Known{809, "MPS_MAX_CONNECTIONS_REACHED", Code::DEVICE_UNAVAILABLE},
    Known{999, "UNKNOWN", Code::DEVICE_LOST},
};

const Known* find(CuResult result) noexcept {
  const auto* const found =
      std::find_if(kKnown.begin(), kKnown.end(), [result](const Known& one) { return one.result == result; });
  return found == kKnown.end() ? nullptr : found;
}

std::string_view advice_of(CuResult result) noexcept {
  switch (result) {
    case 2:
      return "lower [[batchSize]], or end what else uses the GPU's memory";
    case 34:
      return "this libcuda.so.1 is the one of a toolkit, not of a driver: install NVIDIA's driver, or remove it from "
             "where libraries are searched";
    case 46:
      return "end the process that uses this GPU alone, or choose another [[device]]";
    case 100:
      return "check that nvidia-smi lists a GPU, and in a container that it was given one";
    case 218:
    case 222:
      return "install a newer NVIDIA driver: 470 or newer is needed";
    case 221:
      return "install libnvidia-ptxjitcompiler.so.1, a file of NVIDIA's driver";
    case 223:
      return "do not set CUDA_DISABLE_PTX_JIT: our kernels are compiled by the driver";
    case 803:
    case 804:
      return "the driver's library and its kernel module are of different versions: restart the machine, or install "
             "the driver again";
    default: {
      const Known* const known = find(result);
      return code_advice(known == nullptr ? Code::INTERNAL : known->code);
    }
  }
}

}  // namespace

Code code_of(CuResult result) noexcept {
  const Known* const known = find(result);
  return known == nullptr ? Code::INTERNAL : known->code;
}

std::string name_of(CuResult result) {
  const Known* const known = find(result);
  return known == nullptr ? "status " + std::to_string(result) : std::string(known->name);
}

Error driver_error(CuResult result, std::string_view device, std::string_view what) {
  std::string found(device);
  found += " could not ";
  found += what;
  found += " (the driver says ";
  found += name_of(result) + ")";
  return {code_of(result), Stage::Infer, found, advice_of(result)};
}

}  // namespace microtome::gpu

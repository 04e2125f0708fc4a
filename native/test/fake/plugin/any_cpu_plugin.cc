// A provider plug-in in front of another one, MICROTOME_PLUGIN_PROVIDER: it passes everything on, but says that the
// processor is Intel's. OpenVINO's plug-in offers itself on these only, and runs on others as well.
#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <vector>

#include "infer/ort_api.h"

namespace {

namespace ort = microtome::infer::ort;

constexpr ort::Slot<std::uint32_t(const ort::HardwareDevice*)> kVendorId{308};
constexpr ort::Slot<const char*(const ort::HardwareDevice*)> kVendor{309};
constexpr std::size_t kMostFunctions = 1000;

const ort::ApiBase* runtime = nullptr;

std::uint32_t vendor_id(const ort::HardwareDevice*) { return 0x8086; }
const char* vendor(const ort::HardwareDevice*) { return "Intel"; }

// How much may be read behind `address` in the part of a library that it is in.
struct Readable {
  std::uintptr_t address = 0;
  std::size_t bytes = 0;
};
int find_part(dl_phdr_info* info, std::size_t, void* out) {
  auto& readable = *static_cast<Readable*>(out);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
    const auto end = begin + info->dlpi_phdr[i].p_memsz;
    if (info->dlpi_phdr[i].p_type != PT_LOAD || readable.address < begin || readable.address >= end) continue;
    readable.bytes = end - readable.address;
    return 1;
  }
  return 0;
}

// The table does not say how long it is: what lies behind it is copied too, and not used.
const void* get_api(std::uint32_t version) {
  static std::map<std::uint32_t, std::vector<void*>> tables;
  auto& table = tables[version];
  const auto* real = static_cast<void* const*>(runtime->get_api(version));
  if (real == nullptr || !table.empty()) return real == nullptr ? nullptr : table.data();
  Readable readable{.address = reinterpret_cast<std::uintptr_t>(real)};
  ::dl_iterate_phdr(find_part, &readable);
  table.assign(real, real + std::min(kMostFunctions, readable.bytes / sizeof(void*)));
  table.at(kVendorId.number) = reinterpret_cast<void*>(&vendor_id);
  table.at(kVendor.number) = reinterpret_cast<void*>(&vendor);
  return table.data();
}
const char* version_string() { return runtime->version_string(); }

void* library() {
  static void* one = ::dlopen(std::getenv("MICROTOME_PLUGIN_PROVIDER"), RTLD_NOW | RTLD_LOCAL);
  return one;
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) ort::Status* CreateEpFactories(const char* name, const ort::ApiBase* base,
                                                                      const void* logger, void** factories,
                                                                      std::size_t most, std::size_t* count) {
  runtime = base;
  static const ort::ApiBase ours{&get_api, &version_string};
  auto* create = reinterpret_cast<decltype(&CreateEpFactories)>(::dlsym(library(), "CreateEpFactories"));
  return create(name, &ours, logger, factories, most, count);
}

__attribute__((visibility("default"))) ort::Status* ReleaseEpFactory(void* factory) {
  return reinterpret_cast<decltype(&ReleaseEpFactory)>(::dlsym(library(), "ReleaseEpFactory"))(factory);
}

}  // extern "C"

// The entry point: the real runtime's table with our functions in it.
#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "test/fake/onnxruntime/real.h"

namespace microtome::test::fake {
namespace {

constexpr ort::Slot<ort::Status*(ort::ErrorCode, const char*)> kCreateStatus{0};
constexpr std::size_t kTableOf14 = 217;  // functions that every version since 1.14 has

struct Real {
  const ort::ApiBase* base = nullptr;
  ort::Api api;
};

const Real& opened() {
  static const Real one = [] {
    Real real;
    void* library = ::dlopen(state().real_library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return real;
    auto* get = reinterpret_cast<ort::GetApiBaseFunction*>(::dlsym(library, "OrtGetApiBase"));
    real.base = get();
    const int version = std::atoi(real.base->version_string() + 2);
    real.api = ort::Api(real.base->get_api(static_cast<std::uint32_t>(version)), version);
    return real;
  }();
  return one;
}

int version() { return state().table > 0 ? state().table : opened().api.version(); }

template <typename... Functions>
void copy(Table& table, const ort::Slot<Functions>&... slots) {
  const auto one = [&](const auto& slot) {
    if (opened().api.has(slot)) table[slot.number] = reinterpret_cast<void*>(opened().api.function(slot));
  };
  (one(slots), ...);
}

const void* get_api(std::uint32_t asked) {
  state().record("opened as " + own_path());
  state().record("GetApi " + std::to_string(asked));
  if (opened().base == nullptr || static_cast<int>(asked) > version()) return nullptr;
  static Table table = [] {
    Table all(512, nullptr);
    for (std::size_t i = 0; i < kTableOf14; ++i)
      all[i] = reinterpret_cast<void*>(real().function(ort::Slot<void()>{i}));
    copy(all, ort::kGetBuildInfoString, ort::kSetDeterministicCompute, ort::kAddExternalInitializersFromFilesInMemory,
         ort::kSessionOptionsSetLoadCancellationFlag);
    put_providers(all);
    put_runs(all);
    return all;
  }();
  return table.data();
}

const char* version_string() {
  static const std::string text = "1." + std::to_string(version()) + ".0";
  return text.c_str();
}

}  // namespace

// What the real one asks to know where its providers lie.
std::string own_path() {
  Dl_info info{};
  return ::dladdr(reinterpret_cast<void*>(&real), &info) != 0 ? info.dli_fname : "";
}

const ort::Api& real() { return opened().api; }

ort::Status* failed(ort::ErrorCode code, const std::string& text) { return real()(kCreateStatus, code, text.c_str()); }

}  // namespace microtome::test::fake

extern "C" __attribute__((visibility("default"))) const microtome::infer::ort::ApiBase* OrtGetApiBase() {
  static const microtome::infer::ort::ApiBase base{&microtome::test::fake::get_api,
                                                   &microtome::test::fake::version_string};
  return &base;
}

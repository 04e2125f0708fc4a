// Which of the kernels this processor and this system can run, asked of the processor itself: the compilers' own query
// needs a run-time library that not every toolchain has.
#include "core/simd.h"

#if defined(__x86_64__)
#include <cpuid.h>

#include <cstdint>
#endif

namespace microtome {

#if defined(__x86_64__)
namespace {

struct Registers {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(unsigned leaf) noexcept {
  Registers r;
  return __get_cpuid_count(leaf, 0, &r.eax, &r.ebx, &r.ecx, &r.edx) != 0 ? r : Registers{};
}

bool bit(unsigned value, unsigned index) noexcept { return ((value >> index) & 1U) != 0; }

// XCR0: the registers that the system saves for a thread. Without them the instructions fault, whatever cpuid says.
std::uint64_t saved_state() noexcept {
  unsigned low = 0;
  unsigned high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<std::uint64_t>(high) << 32) | low;
}

Simd detect() noexcept {
  constexpr unsigned kFma = 12, kOsSavesState = 27, kAvx = 28, kF16c = 29;  // leaf 1, ecx
  constexpr unsigned kAvx2 = 5, kBmi2 = 8, kAvx512f = 16, kAvx512bw = 30;   // leaf 7, ebx
  constexpr std::uint64_t kYmm = 0x06, kZmm = 0xe6;
  const Registers basic = cpuid(1);
  if (!bit(basic.ecx, kOsSavesState)) return Simd::Scalar;
  const std::uint64_t state = saved_state();
  const Registers extended = cpuid(7);
  const bool avx2 = bit(basic.ecx, kAvx) && bit(basic.ecx, kFma) && bit(basic.ecx, kF16c) && bit(extended.ebx, kAvx2) &&
                    bit(extended.ebx, kBmi2);
  if (!avx2 || (state & kYmm) != kYmm) return Simd::Scalar;
  const bool avx512 = bit(extended.ebx, kAvx512f) && bit(extended.ebx, kAvx512bw) && (state & kZmm) == kZmm;
  return avx512 ? Simd::Avx512 : Simd::Avx2;
}

// The vendor's name, four letters of it.
bool is_amd() noexcept {
  constexpr unsigned kAuth = 0x68747541, kHygo = 0x6f677948;  // AuthenticAMD; HygonGenuine makes the same design
  const unsigned name = cpuid(0).ebx;
  return name == kAuth || name == kHygo;
}

}  // namespace

Simd best_simd() noexcept {
  static const Simd best = detect();
  return best;
}

bool stores_past_caches_pay() noexcept {
  static const bool pay = best_simd() != Simd::Scalar && is_amd();
  return pay;
}
#else
Simd best_simd() noexcept { return Simd::Scalar; }
bool stores_past_caches_pay() noexcept { return false; }
#endif

}  // namespace microtome

// Vector instructions that this processor and this system can run.
#pragma once

#include <cstdint>

namespace microtome {

// Each has what the one before has. Avx2: with FMA, F16C and BMI2, as in every processor since 2013 that has AVX2.
// Avx512: F and BW.
enum class Simd : std::uint8_t { Scalar, Avx2, Avx512 };

[[nodiscard]] Simd best_simd() noexcept;

// Whether stores past the caches are the faster way to fill memory that nobody reads soon. AMD's processors: half
// the time of ordinary stores with AVX2, an eighth off decoding and normalising with AVX-512; on Intel's a quarter to a
// half more than ordinary ones.
[[nodiscard]] bool stores_past_caches_pay() noexcept;

}  // namespace microtome

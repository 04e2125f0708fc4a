// Vector instructions that this processor and this system can run.
#pragma once

#include <cstdint>

namespace microtome {

// Each has what the one before has. Avx2: with FMA, F16C and BMI2, as in every processor since 2013 that has AVX2.
// Avx512: F and BW.
enum class Simd : std::uint8_t { Scalar, Avx2, Avx512 };

[[nodiscard]] Simd best_simd() noexcept;

}  // namespace microtome

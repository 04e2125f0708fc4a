// TIFF's horizontal predictor (2) and byte orders: what the lossless codecs leave to be done to a decoded tile.
#pragma once

#include <cstdint>
#include <span>

namespace microtome::decode {

// Adds each sample to the one a pixel to its left, row by row, modulo 2^bits. `row_samples` is a multiple of
// `samples`; 16-bit samples are in the machine's order. `data` holds whole rows.
void undo_differences(std::span<std::uint8_t> data, std::int64_t row_samples, int samples, int bits) noexcept;

// 16-bit samples in the file's byte order to the machine's.
void to_machine_order(std::span<std::uint8_t> data, bool big_endian) noexcept;

// Bits of each byte, last to first: files with fill order 2.
void turn_bits(std::span<std::uint8_t> data) noexcept;

}  // namespace microtome::decode

// Differences, byte orders and turned bits against the plainest way to say them.
#include "decode/predictor.h"

#include <bit>
#include <random>

#include "test/decode/codec_support.h"

namespace {

using namespace microtome;
using namespace microtome::decode;
using namespace microtome::test;

Bytes noise(std::size_t bytes, unsigned seed) {
  std::mt19937 random(seed);
  Bytes out(bytes);
  for (auto& byte : out) byte = static_cast<std::uint8_t>(random());
  return out;
}

TEST(differences_are_added_up_along_each_row) {
  for (const std::size_t samples : {1u, 2u, 3u, 4u, 5u})
    for (const std::size_t pixels : {1u, 2u, 7u, 64u})
      for (const std::size_t bytes : {1u, 2u}) {
        constexpr std::size_t kRows = 3;
        const Bytes stored = noise(kRows * pixels * samples * bytes, static_cast<unsigned>(samples * pixels));
        Bytes out = stored;
        undo_differences(out, static_cast<std::int64_t>(pixels * samples), static_cast<int>(samples),
                         static_cast<int>(8 * bytes));
        const auto value = [&](const Bytes& from, std::size_t index) {
          return bytes == 1 ? unsigned{from[index]} : from[2 * index] | unsigned{from[2 * index + 1]} << 8;
        };
        int wrong = 0;
        for (std::size_t row = 0; row < kRows; ++row)
          for (std::size_t s = 0; s < samples; ++s) {
            unsigned sum = 0;
            for (std::size_t x = 0; x < pixels; ++x) {
              const std::size_t index = (row * pixels + x) * samples + s;
              sum = (sum + value(stored, index)) & (bytes == 1 ? 0xFFu : 0xFFFFu);
              wrong += value(out, index) != sum;
            }
          }
        CHECK_EQ(wrong, 0);
      }
}

TEST(only_the_other_byte_order_is_swapped) {
  static_assert(std::endian::native == std::endian::little);
  Bytes data{1, 2, 3, 4};
  to_machine_order(data, false);
  CHECK(data == Bytes({1, 2, 3, 4}));
  to_machine_order(data, true);
  CHECK(data == Bytes({2, 1, 4, 3}));
}

TEST(bits_are_turned) {
  Bytes data{0x01, 0x80, 0xF0, 0x12};
  turn_bits(data);
  CHECK(data == Bytes({0x80, 0x01, 0x0F, 0x48}));
}

}  // namespace

TEST_MAIN

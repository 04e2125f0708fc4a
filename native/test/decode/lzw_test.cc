// LZW as TIFF has it: streams of an encoder of the tests' own, in both orders of bits, and hostile ones.
#include "decode/lzw.h"

#include <random>

#include "decode/bad_tile.h"
#include "test/decode/encoders.h"

namespace {

using namespace microtome;
using namespace microtome::decode;
using namespace microtome::test;

Bytes decode(const Bytes& stored, std::size_t bytes) {
  LzwDecoder decoder;
  Bytes out(bytes, 0xEE);
  decoder.decode(stored, out);
  return out;
}

bool is_bad(const Bytes& stored, std::size_t bytes) {
  try {
    (void)decode(stored, bytes);
  } catch (const BadTile&) {
    return true;
  }
  return false;
}

// From noise to long runs: short strings and long ones, tables that fill and that do not.
std::vector<Bytes> inputs() {
  std::vector<Bytes> all{Bytes(1, 7), Bytes(2, 7), Bytes(3, 7), Bytes(100000, 0), picture(64, 48)};
  std::mt19937 random(3);
  for (const unsigned values : {2u, 5u, 40u, 256u})
    for (const std::size_t bytes : {10u, 1000u, 5000u, 60000u}) {
      Bytes one;
      while (one.size() < bytes) one.push_back(static_cast<std::uint8_t>(random() % values));
      all.push_back(std::move(one));
    }
  return all;
}

TEST(streams_come_back) {
  for (const Bytes& data : inputs())
    for (const bool old : {false, true})
      for (const std::uint32_t clear_at : {0u, 300u, 511u, 512u, 2000u, 4090u, 4500u})
        for (const bool end_code : {true, false}) {
          const Bytes stored = lzw_encode(data, {old, clear_at, end_code});
          CHECK(decode(stored, data.size()) == data);
        }
}

TEST(one_decoder_forgets_what_it_read_before) {
  LzwDecoder decoder;
  for (int round = 0; round < 2; ++round)
    for (const Bytes& data : inputs()) {
      Bytes out(data.size());
      const Bytes bad(50, 0xFF);
      try {
        decoder.decode(bad, out);
        CHECK(false);
      } catch (const BadTile&) {
      }
      decoder.decode(lzw_encode(data), out);
      CHECK(out == data);
    }
}

TEST(what_follows_the_pixels_is_ignored) {
  const Bytes data = picture(64, 48);
  Bytes stored = lzw_encode(data);
  const Bytes start(data.begin(), data.begin() + 1000);
  CHECK(decode(stored, 1000) == start);
  stored.insert(stored.end(), 500, 0xAB);
  CHECK(decode(stored, data.size()) == data);
}

TEST(too_few_bytes_are_damage_wherever_it_ends) {
  const Bytes data = picture(20, 12);
  const Bytes stored = lzw_encode(data, {false, 0, false});
  for (std::size_t bytes = 0; bytes + 1 < stored.size(); ++bytes)
    CHECK(is_bad(Bytes(stored.begin(), stored.begin() + static_cast<std::ptrdiff_t>(bytes)), data.size()));
  CHECK(is_bad(lzw_encode(data), data.size() + 1));
}

TEST(codes_that_mean_nothing_are_damage) {
  const auto stream = [](std::initializer_list<std::uint32_t> codes) {
    LzwWriter writer(false);
    for (const std::uint32_t code : codes) writer.put(code, 9);
    return writer.finish();
  };
  CHECK(decode(stream({256, 1, 258, 257}), 3) == Bytes({1, 1, 1}));
  CHECK(is_bad(stream({1, 2, 3, 4}), 3));      // no clear code first
  CHECK(is_bad(stream({256, 258, 1, 2}), 3));  // a string before there is any
  CHECK(is_bad(stream({256, 1, 259, 1}), 3));  // beyond the newest string
  CHECK(is_bad(stream({256, 1, 2, 300, 1}), 4));
  CHECK(is_bad(stream({256, 257, 1, 2, 3}), 3));  // ends at once
  CHECK(is_bad(stream({256, 256, 256, 256}), 1));
  CHECK(is_bad({}, 1));
}

// Any bytes give pixels or an error, and never touch what is not theirs (run with sanitizers).
TEST(noise_gives_pixels_or_an_error) {
  std::mt19937 random(11);
  LzwDecoder decoder;
  int good = 0, bad = 0;
  for (int round = 0; round < 4000; ++round) {
    Bytes stored = lzw_encode(picture(16, 16, round), {round % 2 == 0, 0, true});
    for (int flips = 1 + static_cast<int>(random() % 4); flips > 0; --flips)
      stored[2 + random() % (stored.size() - 2)] ^= static_cast<std::uint8_t>(1u << random() % 8);
    Bytes out(768);
    try {
      decoder.decode(stored, out);
      ++good;
    } catch (const BadTile&) {
      ++bad;
    }
  }
  CHECK(good > 0);
  CHECK(bad > 0);
}

}  // namespace

TEST_MAIN

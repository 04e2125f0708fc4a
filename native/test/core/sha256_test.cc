// The examples of FIPS 180-4, pieces of every length, and both ways of taking blocks against each other.
#include "core/sha256.h"

#include <string_view>
#include <vector>

#include "test/check.h"

using microtome::Sha256;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string hash(std::string_view text) {
  Sha256 one;
  one.add(bytes_of(text));
  return one.finish();
}

}  // namespace

TEST(known_messages) {
  CHECK_EQ(hash(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK_EQ(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK_EQ(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
           "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK_EQ(hash(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(pieces_of_any_length_give_the_same) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>(i * 7);
  for (std::size_t length = 0; length <= text.size(); ++length) {
    const auto whole = std::string_view(text).substr(0, length);
    for (const std::size_t piece : {1u, 63u, 64u, 65u}) {
      Sha256 one;
      for (std::size_t at = 0; at < length; at += piece) one.add(bytes_of(whole.substr(at, piece)));
      CHECK_EQ(one.finish(), hash(whole));
    }
  }
}

TEST(both_ways_of_taking_blocks_agree) {
  if (!microtome::sha256::has_instructions())
    return static_cast<void>(std::printf("skipped: both_ways_of_taking_blocks_agree (no such instructions here)\n"));
  std::vector<std::byte> data(64 * 37);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::byte>(i * i * 31 + i);
  microtome::sha256::State plain{1, 2, 3, 4, 5, 6, 7, 0xffffffff};
  auto quick = plain;
  microtome::sha256::take_plainly(plain, data.data(), 37);
  microtome::sha256::take_with_instructions(quick, data.data(), 37);
  CHECK(plain == quick);
}

TEST_MAIN

// Memory that grows while it is filled, and what is read from it.
#include "core/shared_bytes.h"

#include <array>
#include <cstdint>

#include "test/check.h"

namespace {

using microtome::SharedBytes;

TEST(holds_what_was_appended_whatever_was_expected) {
  for (const std::size_t expected : {std::size_t{0}, std::size_t{16}, std::size_t{1000}, std::size_t{1} << 20}) {
    SharedBytes memory(expected);
    for (std::uint32_t i = 0; i < 50'000; i += 2) {
      const std::array<std::uint32_t, 2> pair{i, i + 1};
      memory.append(std::as_bytes(std::span(pair)));
    }
    CHECK_EQ(memory.size(), std::size_t{200'000});
    const auto read = memory.as<std::uint32_t>();
    CHECK_EQ(read.size(), std::size_t{50'000});
    bool same = true;
    for (std::uint32_t i = 0; i < 50'000; ++i) same = same && read[i] == i;
    CHECK(same);
  }
}

TEST(a_rest_that_is_no_whole_value_is_left_out) {
  SharedBytes memory(0);
  CHECK(memory.as<double>().empty());
  const std::array<std::byte, 9> nine{};
  memory.append({});
  memory.append(nine);
  CHECK_EQ(memory.as<double>().size(), std::size_t{1});
}

TEST(more_than_there_is_throws_and_keeps_what_was_there) {
  SharedBytes memory(0);
  const std::array<std::uint8_t, 3> three{1, 2, 3};
  memory.append(std::as_bytes(std::span(three)));
  bool refused = false;
  try {
    SharedBytes huge(std::size_t{1} << 62);
  } catch (const std::bad_alloc&) {
    refused = true;
  }
  CHECK(refused);
  CHECK_EQ(memory.as<std::uint8_t>()[2], std::uint8_t{3});
}

}  // namespace

TEST_MAIN

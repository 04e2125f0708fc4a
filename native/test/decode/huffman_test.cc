// Huffman tables and the bits behind their codes.
#include "decode/huffman.h"

#include <vector>

#include "test/check.h"

namespace {

using namespace microtome::decode;
using Bytes = std::vector<std::uint8_t>;

struct Table {
  std::array<std::uint8_t, 16> counts{};
  Bytes symbols;

  [[nodiscard]] bool build(CoefficientKind kind, HuffmanTable& table) const {
    return table.build(kind, counts, symbols);
  }
};

// One code of each length from 1 to 15: 0, 10, 110, ...
Table one_of_each_length(const Bytes& symbols) {
  Table table;
  for (std::size_t i = 0; i < symbols.size(); ++i) table.counts[i] = 1;
  table.symbols = symbols;
  return table;
}

// `value` as the `count` bits from the top, behind `offset` others.
std::uint64_t at_top(std::uint64_t value, int count, int offset = 0) { return value << (64 - count - offset); }

int taken(Symbol symbol) { return static_cast<int>(symbol & 255); }
int step(Symbol symbol) { return static_cast<int>(symbol >> 8 & 255); }
int value(Symbol symbol) { return static_cast<std::int16_t>(symbol >> 16); }

TEST(places_follow_the_zigzag) {
  const auto places = zigzag_places();
  const std::vector<int> first{0, 1, 8, 16, 9, 2, 3, 10, 17, 24};
  for (std::size_t i = 0; i < first.size(); ++i) CHECK_EQ(static_cast<int>(places[i]), first[i]);
  CHECK_EQ(static_cast<int>(places[35]), 56);
  CHECK_EQ(static_cast<int>(places[62]), 62);
  CHECK_EQ(static_cast<int>(places[63]), 63);
  std::array<int, 64> seen{};
  for (const std::uint8_t place : places) ++seen[place];
  for (const int times : seen) CHECK_EQ(times, 1);
}

// Short and long codes, whose values lie inside the lookup's index, across its end, and behind it.
TEST(every_length_of_code_gives_its_value) {
  const Bytes sizes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1, 5, 11};
  HuffmanTable table;
  CHECK(one_of_each_length(sizes).build(CoefficientKind::Dc, table));
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const int length = static_cast<int>(i) + 1, size = sizes[i];
    const std::uint64_t code = at_top((1U << length) - 2, length);
    for (const bool ones : {false, true}) {
      const std::uint64_t noise = 0x5A5A5A5A5A5A5A5A >> (length + size);
      const std::uint64_t bits = code | (ones && size > 0 ? at_top((1U << size) - 1, size, length) : 0) | noise;
      const Symbol symbol = table.decode(bits);
      CHECK_EQ(taken(symbol), length + size);
      CHECK_EQ(value(symbol), size == 0 ? 0 : ones ? (1 << size) - 1 : 1 - (1 << size));
    }
  }
}

TEST(ac_symbols_say_how_far_they_go) {
  HuffmanTable table;
  CHECK(one_of_each_length({0x00, 0xF0, 0x35, 0x0A, 0x1B, 0x10, 0xEF}).build(CoefficientKind::Ac, table));
  const auto decode = [&table](int length) { return table.decode(at_top((1U << length) - 2, length) | 0xFFFF); };
  CHECK_EQ(step(decode(1)), static_cast<int>(kEndOfBlock));
  CHECK_EQ(taken(decode(1)), 1);
  CHECK_EQ(step(decode(2)), 16);
  CHECK_EQ(value(decode(2)), 0);
  CHECK_EQ(step(decode(3)), 4);
  CHECK_EQ(taken(decode(3)), 8);
  CHECK_EQ(value(decode(3)), -31);
  CHECK_EQ(taken(decode(4)), 14);  // the value reaches beyond the index
  CHECK_EQ(step(decode(4)), 1);
  CHECK_EQ(value(decode(4)), -1023);
  for (const int length : {5, 6, 7}) CHECK_EQ(decode(length), Symbol{0});  // category 11, EOB runs, category 15
  CHECK_EQ(table.decode(~std::uint64_t{0}), Symbol{0});                    // no such code
}

TEST(a_code_that_fits_the_index_without_its_value_is_found) {
  HuffmanTable table;
  Table nine;
  nine.counts[8] = 3;  // 0, 1, 2 in nine bits
  nine.symbols = {1, 2, 3};
  CHECK(nine.build(CoefficientKind::Dc, table));
  CHECK_EQ(taken(table.decode(at_top(0, 9) | at_top(1, 1, 9))), 10);
  CHECK_EQ(value(table.decode(at_top(1, 9) | at_top(3, 2, 9))), 3);
  CHECK_EQ(value(table.decode(at_top(2, 9) | at_top(1, 3, 9))), -6);
}

TEST(what_is_no_prefix_code_is_refused) {
  HuffmanTable table;
  Table bad;
  bad.counts[0] = 2;  // the second is all ones
  bad.symbols = {1, 2};
  CHECK(!bad.build(CoefficientKind::Ac, table));
  bad.counts = {1, 1, 2};  // 0, 10, 110, 111
  bad.symbols = {1, 2, 3, 4};
  CHECK(!bad.build(CoefficientKind::Ac, table));
  bad.counts = {0, 5};  // more than there are
  bad.symbols = {1, 2, 3, 4, 5};
  CHECK(!bad.build(CoefficientKind::Ac, table));
  bad.counts = {1, 1, 1};
  bad.symbols = {1, 2};  // one is missing
  CHECK(!bad.build(CoefficientKind::Ac, table));
  CHECK(!one_of_each_length({1, 12}).build(CoefficientKind::Dc, table));  // of 12-bit samples
  CHECK(one_of_each_length({1, 11}).build(CoefficientKind::Dc, table));
}

TEST(bits_are_taken_from_the_top_and_counted) {
  const Bytes bytes{0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC, 0xDE, 0xF0, 0x11, 0x22, 0x33, 0x44,
                    0x55, 0x66, 0x77, 0x88, 0,    0,    0,    0,    0,    0,    0,    0};
  BitReader reader{bytes.data()};
  std::uint64_t seen = 0;
  for (int i = 0; i < 8; ++i) {
    reader.refill();
    CHECK(reader.count >= BitReader::kRefilled);
    seen = seen << 7 | reader.bits >> 57;
    reader.take(7);
    CHECK_EQ(reader.bits_taken(bytes.data()), std::int64_t{7 * (i + 1)});
  }
  CHECK_EQ(seen, std::uint64_t{0x123456789ABCDE});
}

}  // namespace

TEST_MAIN

// The tokens of a tile to one row.
#include "aggregate/pool.h"

#include <vector>

#include "test/check.h"

namespace {

using namespace microtome;
using namespace microtome::aggregate;

// Two tiles of three tokens of two values.
const std::vector<double> kRows{1, 2, 10, 20, 100, 200, 3, 4, 30, 40, 300, 400};

TEST(the_class_token_is_the_first) {
  const Pool pool{.kind = Pool::Kind::First};
  CHECK_EQ(pooled_columns(pool, 6, 2), 2);
  CHECK(pooled(pool, kRows, 6, 2, "tokens") == (std::vector<double>{1, 2, 3, 4}));
}

TEST(a_mean_leaves_out_the_leading_tokens) {
  for (const std::int64_t skip : {0, 1, 2}) {
    const auto rows = pooled({.kind = Pool::Kind::Mean, .skip = skip}, kRows, 6, 2, "tokens");
    std::vector<double> expected;
    for (std::size_t tile = 0; tile < 2; ++tile)
      for (std::size_t column = 0; column < 2; ++column) {
        double sum = 0;
        for (auto token = static_cast<std::size_t>(skip); token < 3; ++token)
          sum += kRows[tile * 6 + token * 2 + column];
        expected.push_back(sum / static_cast<double>(3 - skip));
      }
    CHECK(rows == expected);
  }
}

TEST(no_pool_leaves_all_tokens) {
  CHECK_EQ(pooled_columns({}, 6, 2), 6);
  CHECK(pooled({}, kRows, 6, 2, "tokens") == kRows);
}

TEST(a_mean_of_no_token_is_refused) {
  CHECK_THROWS(OUTPUT_SHAPE, (void)pooled({.kind = Pool::Kind::Mean, .skip = 3}, kRows, 6, 2, "tokens"));
}

}  // namespace

TEST_MAIN

// A budget never gives out more than it has, and gets back what it gave.
#include "core/memory_budget.h"

#include <utility>
#include <vector>

#include "test/check.h"

using microtome::Code;
using microtome::Error;
using microtome::MemoryBudget;
using microtome::Stage;

TEST(gives_out_no_more_than_it_has) {
  MemoryBudget budget(100);
  auto first = budget.try_reserve(60);
  CHECK(first.has_value());
  CHECK(!budget.try_reserve(41).has_value());
  CHECK(!budget.try_reserve(-1).has_value());
  const auto second = budget.try_reserve(40);
  CHECK(second.has_value());
  CHECK_EQ(budget.available(), 0);
  first->shrink(10);
  CHECK_EQ(budget.available(), 50);
  first->shrink(20);  // no more than it holds: no effect
  CHECK_EQ(first->bytes(), 10);
  CHECK_EQ(budget.peak(), 100);
}

TEST(gets_back_what_moves_and_ends) {
  MemoryBudget budget(100);
  {
    std::vector<MemoryBudget::Reservation> kept;
    for (int i = 0; i < 10; ++i) kept.push_back(budget.reserve(10, "a test", Stage::Tiles));
    CHECK_EQ(budget.available(), 0);
    kept[3] = std::move(kept[4]);
    CHECK_EQ(budget.available(), 10);
  }
  CHECK_EQ(budget.available(), 100);
}

TEST(refuses_by_name) {
  MemoryBudget budget(100);
  try {
    (void)budget.reserve(101, "the plan", Stage::Tiles);
    CHECK(false);
  } catch (const Error& error) {
    CHECK(error.code() == Code::LIMIT_EXCEEDED);
    CHECK(error.message().find("the plan needs 101 bytes, [[memoryLimit]] of 100") != std::string::npos);
  }
}

TEST_MAIN

// How many threads a container's limit allows, from the text that the kernel gives.
#include "core/cores.h"

#include "test/check.h"

using namespace microtome;

TEST(a_quota_is_rounded_up_to_whole_cores) {
  CHECK_EQ(cores_of_quota("100000 100000\n"), 1);
  CHECK_EQ(cores_of_quota("150000 100000\n"), 2);
  CHECK_EQ(cores_of_quota("200000 100000\n"), 2);
  CHECK_EQ(cores_of_quota("1000 100000\n"), 1);
  CHECK_EQ(cores_of_quota("9223372036854775807 1\n"), 1024);
}

TEST(what_is_no_quota_is_no_limit) {
  for (const char* text :
       {"max 100000\n", "", "\n", "100000", "100000 ", "100000 0\n", "0 100000\n", "-1 100000\n", "x 1"})
    CHECK_EQ(cores_of_quota(text), 0);
}

TEST(a_quota_may_be_in_two_files) {
  CHECK_EQ(cores_of_quota("600000\n", "100000\n"), 6);
  CHECK_EQ(cores_of_quota("150000\n", "100000\n"), 2);
  CHECK_EQ(cores_of_quota("-1\n", "100000\n"), 0);
  CHECK_EQ(cores_of_quota("600000\n", "0\n"), 0);
  CHECK_EQ(cores_of_quota("", "100000\n"), 0);
  CHECK_EQ(cores_of_quota("600000\n", ""), 0);
}

TEST(there_is_always_a_core) { CHECK(available_cores() >= 1); }

TEST_MAIN

// The found text and the advice of an error stay apart, and the message is both.
#include "core/error.h"

#include <string>

#include "test/check.h"

using namespace microtome;

TEST(an_error_takes_the_advice_of_its_code) {
  const Error error(Code::FILE_NOT_FOUND, Stage::Slide, "a.tif is not there");
  CHECK_EQ(error.found(), std::string("a.tif is not there"));
  CHECK_EQ(error.advice(), std::string(code_advice(Code::FILE_NOT_FOUND)));
  CHECK_EQ(error.message(), error.found() + "; " + error.advice());
  CHECK_EQ(std::string(error.what()), error.message());
}

TEST(an_error_can_have_an_advice_of_its_own) {
  const Error error(Code::LIMIT_EXCEEDED, Stage::Decode, "one; two", "do three");
  CHECK_EQ(error.found(), std::string("one; two"));
  CHECK_EQ(error.advice(), std::string("do three"));
  CHECK_EQ(error.message(), std::string("one; two; do three"));
}

TEST_MAIN

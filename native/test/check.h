// The smallest test harness that does the job: CHECK_* count failures, TEST registers, run_tests() reports.
// One executable per <file>_test.cc, driven by ctest. Nothing to install.
#pragma once

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "core/error.h"

namespace microtome::test {

struct Case {
  const char* name;
  std::function<void()> body;
};

inline std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

inline int& failures() {
  static int count = 0;
  return count;
}

inline void fail(const char* file, int line, const std::string& what) {
  std::printf("%s:%d: %s\n", file, line, what.c_str());
  ++failures();
}

struct Register {
  Register(const char* name, std::function<void()> body) { cases().push_back({name, std::move(body)}); }
};

template <typename A, typename B>
void equal(const char* file, int line, const char* text, const A& a, const B& b) {
  if (a == b) return;
  std::ostringstream out;
  out << text << ": " << a << " != " << b;
  fail(file, line, out.str());
}

template <typename Body>
void throws(const char* file, int line, Code code, Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    if (error.code() != code)
      fail(file, line,
           "expected " + std::string(code_name(code)) + ", got " + std::string(code_name(error.code())) + ": " +
               error.message());
    return;
  }
  fail(file, line, "expected " + std::string(code_name(code)) + ", nothing was thrown");
}

// Data of other parties, by MICROTOME_TEST_DATA; empty when not set (tests that need it then say "skipped").
inline std::string data_dir() {
  const char* dir = std::getenv("MICROTOME_TEST_DATA");
  return dir == nullptr ? "" : dir;
}

inline int run_tests() {
  for (auto& one : cases()) {
    const int before = failures();
    try {
      one.body();
    } catch (const std::exception& error) {
      fail(one.name, 0, std::string("unexpected exception: ") + error.what());
    }
    std::printf("%s %s\n", failures() == before ? "ok  " : "FAIL", one.name);
  }
  return failures() == 0 ? 0 : 1;
}

}  // namespace microtome::test

#define TEST(name)                                                       \
  static void name();                                                    \
  static const ::microtome::test::Register register_##name{#name, name}; \
  static void name()
#define CHECK(condition) \
  ((condition) ? void() : ::microtome::test::fail(__FILE__, __LINE__, "CHECK failed: " #condition))
#define CHECK_EQ(a, b) ::microtome::test::equal(__FILE__, __LINE__, #a " == " #b, (a), (b))
#define CHECK_THROWS(code, ...) \
  ::microtome::test::throws(__FILE__, __LINE__, ::microtome::Code::code, [&] { __VA_ARGS__; })
#define TEST_MAIN \
  int main() { return ::microtome::test::run_tests(); }

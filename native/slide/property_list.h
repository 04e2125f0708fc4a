// What a file says about itself, collected within a bound.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "slide/slide.h"

namespace microtome::slide {

class PropertyList {
 public:
  // `most`: bytes of all names and values together.
  explicit PropertyList(std::uint64_t most) : left_(most) {}

  // Nothing for an empty name or value. A name that is there already stays as it is; what no longer fits is counted.
  void add(std::string name, std::string_view value);
  [[nodiscard]] std::uint64_t left_out() const noexcept { return left_out_; }
  [[nodiscard]] Properties take() noexcept { return std::move(properties_); }

 private:
  Properties properties_;
  std::set<std::string> names_;
  std::uint64_t left_;
  std::uint64_t left_out_ = 0;
};

}  // namespace microtome::slide

// The kernels that a PTX text declares, and how many bytes each of their parameters has: what the real driver knows of
// a launch. A parameter of 64 bits is taken for an address; ours are.
#pragma once

#include <map>
#include <memory>
#include <regex>
#include <string>

#include "test/fake/cuda/world.h"

namespace fake_cuda {

inline std::map<std::string, std::unique_ptr<Entry>> entries_of(const std::string& ptx) {
  static const std::regex kEntry(R"(\.entry\s+(\w+)\s*\(([^)]*)\))");
  static const std::regex kParameter(R"(\.param\s+(?:\.align\s+\d+\s+)?\.([a-z])(\d+)\s+\w+(?:\[(\d+)\])?)");
  std::map<std::string, std::unique_ptr<Entry>> entries;
  for (std::sregex_iterator it(ptx.begin(), ptx.end(), kEntry), end; it != end; ++it) {
    auto entry = std::make_unique<Entry>();
    entry->name = (*it)[1];
    const std::string parameters = (*it)[2];
    for (std::sregex_iterator one(parameters.begin(), parameters.end(), kParameter); one != end; ++one) {
      const std::size_t element = std::stoul((*one)[2]) / 8;
      const bool is_array = (*one)[3].matched;
      entry->parameter_bytes.push_back(is_array ? element * std::stoul((*one)[3]) : element);
      entry->is_address.push_back(!is_array && element == 8);
    }
    entries.emplace(entry->name, std::move(entry));
  }
  return entries;
}

}  // namespace fake_cuda

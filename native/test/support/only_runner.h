// The runners of an engine with one graph.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "engine/runner.h"

namespace microtome::test {

inline std::vector<std::unique_ptr<engine::Runner>> only(std::unique_ptr<engine::Runner> runner) {
  std::vector<std::unique_ptr<engine::Runner>> runners;
  runners.push_back(std::move(runner));
  return runners;
}

}  // namespace microtome::test

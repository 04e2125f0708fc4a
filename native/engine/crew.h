// The jobs of one scorer, or the one job of a stream of tiles: they share a limit on workers and a memory budget.
#pragma once

#include <cstdint>

#include "core/memory_budget.h"
#include "engine/worker_calibration.h"

namespace microtome::engine {

struct Crew {
  Crew(int threads, bool trial, std::int64_t memory_bytes, int most_taken_up_jobs) noexcept
      : calibration(threads, trial), memory(memory_bytes), most_taken_up(most_taken_up_jobs) {}

  // [pool] except limit()
  WorkerCalibration calibration;
  MemoryBudget memory;
  const int most_taken_up;  // jobs worked on at once; further ones wait
  // [pool]
  int taken_up = 0;
  int working = 0;   // workers in a step of Urgency::Work
  int planning = 0;  // jobs that hold memory and have no tile in work yet
  int running = 0;   // jobs that have all the memory they need
};

}  // namespace microtome::engine

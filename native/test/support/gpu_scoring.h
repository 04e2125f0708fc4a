// Slides scored on GPUs of the fake driver, and what their tiles must give.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "engine/device_group.h"
#include "engine/device_runner.h"
#include "test/support/fake_device_graph.h"
#include "test/support/only_runner.h"
#include "test/support/scored_slides.h"

namespace microtome::test {

// Destroyed from the last to the first: what is scored, the engine, then the driver.
struct GpuScene {
  FakeDriver fake;
  std::shared_ptr<FakeGraphs> graphs = std::make_shared<FakeGraphs>();

  GpuScene() { fake.set_kernels(run_twin); }

  [[nodiscard]] std::unique_ptr<engine::DeviceRunner> runner(std::int64_t rows, int ordinal = 0) const {
    return std::make_unique<engine::DeviceRunner>(gpu::Context::retain(fake.open(), ordinal), fake_graphs(graphs),
                                                  engine::DeviceRunner::Options{.rows = rows, .cancel = nullptr});
  }
  [[nodiscard]] std::unique_ptr<engine::Engine> engine(std::unique_ptr<engine::Runner> runner, int threads,
                                                       engine::EngineOptions options = {}) const {
    options.threads = threads;
    return std::make_unique<engine::Engine>(engine::WorkerPool::create(1), only(std::move(runner)), options);
  }
};

// Tiles whose values are not those of their colours. The score is looked at too.
inline int wrong_tiles(const engine::ScoreResult& result, int seed, std::int64_t side) {
  const auto& values = result.tables.at(0).outputs.at(0).values;
  if (std::ssize(values) != 3 * side * side) return -1;
  int wrong = 0;
  double reds = 0;
  for (std::int64_t tile = 0; tile < side * side; ++tile)
    for (int channel = 0; channel < 3; ++channel) {
      const double colour = colour_of(seed, tile % side, tile / side, channel);
      wrong += values[static_cast<std::size_t>(3 * tile + channel)] != colour;
      if (channel == 0) reds += colour;
    }
  const double score = result.slide_outputs.at(0).value;
  return std::abs(score - reds / static_cast<double>(side * side)) < 1e-9 ? wrong : wrong + 1;
}

inline engine::ScoreResult result_of(Scoring& scoring) {
  auto outcome = scoring.outcome.get();
  if (auto* const failure = std::get_if<std::exception_ptr>(&outcome)) std::rethrow_exception(*failure);
  return std::get<engine::ScoreResult>(std::move(outcome));
}

// The code that a slide failed with; nothing where it was scored.
inline std::optional<Code> failure_of(Scoring& scoring) {
  try {
    (void)result_of(scoring);
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

}  // namespace microtome::test

// An engine of runners that give the mean of each channel of a tile, and a slide of coloured tiles to score with it.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "engine/engine.h"
#include "test/support/heap_memory.h"
#include "test/support/scored_slides.h"

namespace microtome::test {

inline constexpr std::int64_t kSceneSide = 12;  // tiles

// The mean of each channel of [N, 3, S, S] float32, computed on the worker. Counts its rows.
class MeansRunner final : public engine::Runner {
 public:
  explicit MeansRunner(std::shared_ptr<std::atomic<std::int64_t>> rows) : rows_(std::move(rows)) {}
  [[nodiscard]] Traits traits() const noexcept override { return {}; }
  [[nodiscard]] std::int64_t rows_of_a_batch(std::int64_t wanted, std::size_t /*row_bytes*/) const noexcept override {
    return wanted;
  }
  [[nodiscard]] bool pads() const noexcept override { return false; }
  [[nodiscard]] std::int64_t columns_of(const std::string& /*output*/) const noexcept override { return 3; }
  [[nodiscard]] std::unique_ptr<engine::BatchMemory> make_memory(std::size_t bytes) override {
    return std::make_unique<HeapMemory>(bytes);
  }
  void submit(engine::Batch& batch, CancelToken& /*cancel*/, Done done) noexcept override {
    const auto pixels = static_cast<std::size_t>(batch.spec->format.size_px * batch.spec->format.size_px);
    batch.outputs.assign(1, {});
    for (std::int64_t row = 0; row < batch.rows; ++row) {
      const auto* values = reinterpret_cast<const float*>(batch.row(row));
      for (std::size_t channel = 0; channel < 3; ++channel) {
        double sum = 0;
        for (std::size_t i = 0; i < pixels; ++i) sum += values[channel * pixels + i];
        batch.outputs[0].push_back(sum / static_cast<double>(pixels));
      }
    }
    *rows_ += batch.rows;
    done();
  }

 private:
  const std::shared_ptr<std::atomic<std::int64_t>> rows_;
};

struct Scene {
  std::vector<std::shared_ptr<std::atomic<std::int64_t>>> rows;  // by graph
  std::unique_ptr<engine::Engine> engine;

  explicit Scene(std::size_t graphs, int threads = 2, std::vector<std::shared_ptr<infer::HeadGraph>> heads = {}) {
    std::vector<std::unique_ptr<engine::Runner>> runners;
    for (std::size_t i = 0; i < graphs; ++i) {
      rows.push_back(std::make_shared<std::atomic<std::int64_t>>(0));
      runners.push_back(std::make_unique<MeansRunner>(rows.back()));
    }
    engine = std::make_unique<engine::Engine>(engine::WorkerPool::create(2), std::move(runners),
                                              engine::EngineOptions{.threads = threads}, std::move(heads));
  }

  engine::ScoreResult score(const engine::ScoreRequest& request) {
    auto outcome = start_scoring(*engine, coloured_slide(7, kSceneSide), request).outcome.get();
    if (const auto* failure = std::get_if<std::exception_ptr>(&outcome)) std::rethrow_exception(*failure);
    return std::get<engine::ScoreResult>(std::move(outcome));
  }
};

}  // namespace microtome::test

// Slides made of tiles of one colour each, and requests to score them with a model that gives the means of channels.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "test/support/fake_slide.h"
#include "test/support/models.h"

namespace microtome::test {

inline constexpr std::int64_t kScoredTilePx = 32;

inline std::uint8_t colour_of(int seed, std::int64_t column, std::int64_t row, int channel) {
  return static_cast<std::uint8_t>((seed * 53 + column * 17 + row * 29 + channel * 71) % 256);
}

inline void add_tiles(FakeSlide& slide, int seed, std::int64_t side_tiles) {
  slide.add_level(side_tiles * kScoredTilePx, side_tiles * kScoredTilePx, kScoredTilePx);
  for (std::int64_t row = 0; row < side_tiles; ++row)
    for (std::int64_t column = 0; column < side_tiles; ++column) {
      std::vector<std::uint8_t> bytes(static_cast<std::size_t>(3 * kScoredTilePx * kScoredTilePx));
      for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = colour_of(seed, column, row, static_cast<int>(i % 3));
      slide.set_tile(0, column, row, bytes);
    }
}

inline std::shared_ptr<FakeSlide> coloured_slide(int seed, std::int64_t side_tiles) {
  auto slide = std::make_shared<FakeSlide>();
  add_tiles(*slide, seed, side_tiles);
  return slide;
}

// The score is the mean of the red means; the means of all channels are kept.
inline engine::ScoreRequest means_request() {
  engine::ScoreRequest request;
  engine::GridRequest grid;
  grid.level = 0;
  grid.mask = engine::Everywhere{};
  grid.grid.size_px = grid.grid.stride_px = kScoredTilePx;
  grid.grid.keep = tiles::KeepRule::All;
  request.tiles.push_back(std::move(grid));
  engine::EncoderRequest encoder{.name = "encoder", .outputs = {{.name = "means"}}};
  encoder.format.size_px = kScoredTilePx;
  encoder.format.scale = 1;
  request.encoders.push_back(std::move(encoder));
  request.heads = {{.name = "red", .how = engine::SimpleHead{}}};
  request.slide_outputs = {{.name = "red", .of = {{}}, .calibration = {}, .clip = {}}};
  request.keep_tiles = true;
  return request;
}

struct Scoring {
  std::shared_ptr<engine::ScoreJob> job;
  std::future<engine::ScoreOutcome> outcome;
};

inline Scoring start_scoring(engine::Engine& engine, std::shared_ptr<const slide::Slide> slide,
                             engine::ScoreRequest request, std::function<void(const engine::Progress&)> progress = {}) {
  auto promise = std::make_shared<std::promise<engine::ScoreOutcome>>();
  Scoring scoring;
  scoring.outcome = promise->get_future();
  scoring.job = engine.score(std::move(slide), std::move(request),
                             {.progress = std::move(progress), .done = [promise](engine::ScoreOutcome outcome) {
                                promise->set_value(std::move(outcome));
                              }});
  return scoring;
}

}  // namespace microtome::test

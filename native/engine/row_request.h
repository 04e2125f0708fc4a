// Rows of an encoder that are given away while a slide is encoded, and what is told of them. Plain data.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "aggregate/pool.h"
#include "core/large_memory.h"

namespace microtome::engine {

struct RowRequest {
  std::size_t encoder = 0;  // of the request
  std::size_t output = 0;   // of the encoder
  aggregate::Pool pool;
};

// The tiles that rows will come of; told before the first of them.
struct RowPlan {
  std::size_t row = 0;  // of ScoreRequest::rows
  std::int64_t tiles = 0;
  LargeDoubles x = {}, y = {};  // upper left corners, in pixels of the level; in the order of the plan
};

// Some rows, after pooling and activation. Their memory counts until the last owner of `values` lets go of it.
struct RowBlock {
  std::size_t row = 0;                       // of ScoreRequest::rows
  std::int64_t columns = 0;                  // of a row, all tokens together
  std::int64_t tokens = 1;                   // columns are those of so many tokens, one after another
  std::vector<std::uint32_t> items = {};     // tiles of the RowPlan; no one comes twice
  std::shared_ptr<LargeFloats> values = {};  // items * columns
};

// Called on worker threads; must return quickly and must not throw.
struct RowCallbacks {
  std::function<void(RowPlan)> plan;   // once for each of ScoreRequest::rows
  std::function<void(RowBlock)> rows;  // in any order
};

}  // namespace microtome::engine

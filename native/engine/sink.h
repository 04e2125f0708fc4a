// The fourth seam: who takes the rows of an encoder's outputs.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/range.h"

namespace microtome::engine {

// For each output that was asked for, row by row.
using OutputRows = std::vector<std::vector<double>>;

class Sink {
 public:
  virtual ~Sink() = default;
  // Rows of output `output`, in any order: row i is that of item items[i]. `values` may be changed. Any thread; no item
  // comes twice. Throws OUTPUT_NOT_FINITE, OUTPUT_SHAPE, LIMIT_EXCEEDED.
  virtual void rows(std::size_t output, std::span<const std::uint32_t> items, std::span<double> values) = 0;
};

// A job whose rows are in a batch that other jobs share.
class RowOwner {
 public:
  virtual ~RowOwner() = default;
  // The rows of `positions`, which begin at `first_row` of `rows_in_batch` rows. Any thread, without the pool's mutex.
  // Does not throw: what goes wrong is noted down and ends the job.
  virtual void take_rows(Range positions, OutputRows& outputs, std::int64_t first_row,
                         std::int64_t rows_in_batch) noexcept = 0;
  // Instead of take_rows(): the run has failed, or the batch was given up.
  virtual void lose_rows(Range positions, const std::exception_ptr& failure) noexcept = 0;
  // Before take_rows(): some of its rows took so much of a device's time, and its result should tell these warnings.
  virtual void told(std::int64_t rows, std::int64_t device_ns, const std::vector<std::string>& notes) noexcept = 0;
  // Before take_rows(): so many of its rows were decoded by the device, and so many that it would not.
  virtual void decoded(std::int64_t by_device, std::int64_t refused) noexcept = 0;
  // While the batch runs: the row of this position was JPEG and is damaged. It is white; the owner fails unless white
  // will do.
  virtual void bad_row(std::int64_t position, const std::string& why) noexcept = 0;
  // [pool] One of the two has been called for these positions, and has returned.
  virtual void rows_back(Range positions) noexcept = 0;
};

}  // namespace microtome::engine

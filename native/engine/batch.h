// The second seam: rows of one encoder's input in memory of a kind, and whose rows they are.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/large_memory.h"
#include "core/memory_budget.h"
#include "engine/coded_rows.h"
#include "engine/range.h"
#include "engine/sink.h"
#include "preprocess/preprocess.h"

namespace microtome::engine {

enum class MemoryKind : std::uint8_t { Host, Pinned, Device };

// Memory that a runner made for one batch. Workers write to it, so that even a device's is reached through `data`.
class BatchMemory {
 public:
  virtual ~BatchMemory() = default;
  [[nodiscard]] virtual std::uint8_t* data() noexcept = 0;
  [[nodiscard]] virtual std::size_t size() const noexcept = 0;
};

// What a row of a batch is, as workers write it.
enum class RowKind : std::uint8_t {
  Tensor,  // what the graph takes
  Pixels,  // 8-bit RGB, interleaved, format.size_px square: the runner makes the tensor
  Coded    // JPEG or pixels, see coded_rows.h: the runner decodes
};

// Who decoded a row.
enum class RowDecode : std::uint8_t {
  Cpu,
  Device,
  Refused  // the CPU, after the device would not
};

// What a run of a graph is asked for: how a row is made, and which outputs are read.
struct RunSpec {
  preprocess::TensorFormat format;
  std::vector<std::string> outputs;
  RowKind rows = RowKind::Tensor;

  [[nodiscard]] std::size_t row_bytes() const noexcept { return row_bytes_of(rows, format); }
  [[nodiscard]] static std::size_t row_bytes_of(RowKind rows, const preprocess::TensorFormat& format) noexcept {
    if (rows == RowKind::Tensor) return format.bytes_per_tile();
    const CodedRows coded(format.size_px);
    return rows == RowKind::Coded ? coded.row_bytes() : coded.room_bytes();
  }
  friend bool operator==(const RunSpec&, const RunSpec&) = default;
};

// Some rows of a batch: those of one job, in the order of its positions.
struct Segment {
  std::shared_ptr<RowOwner> owner;
  Range positions;
  std::int64_t first_row = 0;
};

struct Batch {
  std::mutex memory_mutex;  // while its memory is made: several workers may fill it
  std::unique_ptr<BatchMemory> memory;
  MemoryBudget::Reservation reserved;
  std::shared_ptr<const RunSpec> spec;
  std::int64_t rows = 0;  // that the run sees; those behind the segments are zero
  std::int64_t used = 0;  // rows before the end of the last segment; set when it is submitted to a device
  std::vector<Segment> segments;
  OutputRows outputs;              // of `rows` rows, once it has run
  std::exception_ptr failure;      // of the run
  std::int64_t device_ns = 0;      // that a device was at it
  std::vector<RowDecode> decodes;  // by row, once it has run; empty: all by the CPU
  std::vector<std::string> notes;  // what the owners of its rows should know: warnings of their results

  [[nodiscard]] std::uint8_t* row(std::int64_t index) noexcept {
    return memory->data() + static_cast<std::size_t>(index) * spec->row_bytes();
  }
};

}  // namespace microtome::engine

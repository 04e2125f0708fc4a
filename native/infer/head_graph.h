// A graph that runs once over a whole bag: the features of all tiles of a slide, their coordinates, clinical features,
// values of earlier heads. Several named inputs in, several named outputs out.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/cancel_token.h"
#include "infer/model.h"

namespace microtome::infer {

// A picture that is a tensor already: of a type and a shape of its own.
struct PictureTensor {
  std::span<const std::uint8_t> bytes;
  std::string type;  // as TensorInfo has it
  std::vector<std::int64_t> shape;
};

// The values of one input, row by row: `rows` x `columns` of them. What is one value for each column, such as clinical
// features, has one row. Rows and columns of a picture are not looked at.
struct HeadInput {
  std::string tensor;  // in the graph
  std::variant<std::span<const float>, std::span<const double>, PictureTensor> values;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
};

struct HeadOutput {
  std::string tensor;  // in the graph
  // True: one value for each tile, such as attention: [N], [1, N], [N, 1] or [1, N, 1]. False: one row: [C], [1, C] or
  // a scalar.
  bool per_tile = false;
  std::int64_t columns = 0;  // of that row; 0: as many as there are
};

struct HeadValues {
  std::vector<std::int64_t> shape;  // as the graph gave it
  std::vector<double> values;
};

// Thread-safe: any number of threads may run() at once. One inference uses the calling thread only, so that the same
// input bytes give the same output bytes on any thread.
class HeadGraph {
 public:
  // Checks and throws as Model::load does. options.intra_op_threads is not used: it is always 1.
  [[nodiscard]] static std::shared_ptr<HeadGraph> load(const ModelFiles& files, const SessionOptions& options);
  virtual ~HeadGraph() = default;

  [[nodiscard]] virtual const std::vector<TensorInfo>& inputs() const noexcept = 0;
  [[nodiscard]] virtual const std::vector<TensorInfo>& outputs() const noexcept = 0;

  // Every input of the graph is given once. It gets the element type that the graph declares (float32, float16,
  // float64, int64 or int32) and its rank: 1 as [C] or [N], 2 as [N, C], 3 as [1, N, C]; where the graph declares none,
  // 2. Values that have the type already and start at a multiple of kInputAlignment are used where they lie; others are
  // converted into, or copied to, memory of their own, see copied_bytes(). `tiles` is N, the length of the outputs that
  // are per_tile. The result is in the order of `outputs`.
  //
  // Throws MODEL_MISMATCH for inputs and outputs that the graph does not have, for a rank, a type or a fixed side that
  // differs, and for a value that the type cannot hold (no whole number for an integer, too large for float16);
  // OUTPUT_SHAPE where an output has another length; OUTPUT_NOT_FINITE; OUT_OF_MEMORY; CANCELLED; MODEL_INVALID when
  // the graph itself cannot be run.
  [[nodiscard]] virtual std::vector<HeadValues> run(std::span<const HeadInput> inputs,
                                                    std::span<const HeadOutput> outputs, std::int64_t tiles,
                                                    CancelToken& cancel) const = 0;

  // What run() allocates for inputs that cannot be used where they lie. Throws as run() does.
  [[nodiscard]] virtual std::int64_t copied_bytes(std::span<const HeadInput> inputs) const = 0;
};

}  // namespace microtome::infer

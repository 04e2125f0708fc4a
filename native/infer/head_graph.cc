#include "infer/head_graph.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <optional>
#include <utility>

#include "core/error.h"
#include "infer/graph_info.h"
#include "infer/head_input.h"
#include "infer/ort_graph.h"
#include "infer/tensor_values.h"

namespace microtome::infer {
namespace {

constexpr std::int64_t kMostColumns = 1'000'000;

Error wrong_shape(const HeadOutput& output, const std::vector<std::int64_t>& shape, std::int64_t tiles) {
  const std::string found = "the output " + output.tensor + " is " + shape_text(shape);
  if (output.per_tile)
    return {Code::OUTPUT_SHAPE, Stage::Infer,
            found + ", one value for each of " + std::to_string(tiles) + " tiles was expected",
            "export the head so that this output has one value for each tile"};
  const std::string columns = output.columns > 0 ? std::to_string(output.columns) : "1 to a million";
  return {Code::OUTPUT_SHAPE, Stage::Infer, found + ", one row of " + columns + " values was expected",
          "export the head so that this output has one row, or correct its columns in the model"};
}

// The length of a tensor that has one side, but for sides of 1. Absent: it has none, or more.
std::optional<std::int64_t> length_of(const std::vector<std::int64_t>& shape) {
  std::int64_t length = 1;
  for (const std::int64_t side : shape) {
    if (side == 1) continue;
    if (side < 1 || length != 1) return std::nullopt;
    length = side;
  }
  return length;
}

HeadValues values_of(const TensorView& view, const HeadOutput& output, std::int64_t tiles) {
  // [N], [1, N], [N, 1], [1, N, 1] per tile; [C], [1, C] and a scalar else.
  const auto length = length_of(view.shape);
  const std::int64_t wanted = output.per_tile ? tiles : output.columns;
  const bool is_row = view.shape.empty() || view.shape.back() == length;
  const bool fits = length && (output.per_tile ? !view.shape.empty() && *length == wanted
                                               : is_row && (wanted > 0 ? *length == wanted : *length <= kMostColumns));
  if (!fits || view.shape.size() > 3) throw wrong_shape(output, view.shape, tiles);
  HeadValues out{view.shape, {}};
  append_as_double(view.type, view.data, static_cast<std::size_t>(*length), out.values);
  const auto bad =
      std::find_if(out.values.begin(), out.values.end(), [](double value) { return !std::isfinite(value); });
  if (bad != out.values.end())
    throw Error(Code::OUTPUT_NOT_FINITE, Stage::Infer,
                "the output " + output.tensor + " of a head is " + (std::isnan(*bad) ? "NaN" : "infinity") + " at " +
                    (output.per_tile ? "tile " : "column ") + std::to_string(bad - out.values.begin()));
  return out;
}

class OrtHeadGraph final : public HeadGraph {
 public:
  explicit OrtHeadGraph(std::shared_ptr<const OrtGraph> graph) : graph_(std::move(graph)) {}

  [[nodiscard]] const std::vector<TensorInfo>& inputs() const noexcept override { return graph_->inputs(); }
  [[nodiscard]] const std::vector<TensorInfo>& outputs() const noexcept override { return graph_->outputs(); }

  [[nodiscard]] std::vector<HeadValues> run(std::span<const HeadInput> inputs, std::span<const HeadOutput> outputs,
                                            std::int64_t tiles, CancelToken& cancel) const override {
    const std::vector<BoundInput> bound = match_inputs(graph_->inputs(), inputs);
    require_outputs(outputs, tiles);
    cancel.check(Stage::Infer);
    try {
      return run_bound(bound, outputs, tiles, cancel);
    } catch (const std::bad_alloc&) {
      throw Error(Code::OUT_OF_MEMORY, Stage::Infer, "no memory for a head over " + std::to_string(tiles) + " tiles");
    }
  }

  [[nodiscard]] std::int64_t copied_bytes(std::span<const HeadInput> inputs) const override {
    std::int64_t bytes = 0;
    for (const BoundInput& input : match_inputs(graph_->inputs(), inputs))
      if (!input.in_place) bytes += static_cast<std::int64_t>(input.bytes);
    return bytes;
  }

 private:
  void require_outputs(std::span<const HeadOutput> outputs, std::int64_t tiles) const {
    if (tiles < 1) throw Error(Code::NO_TISSUE, Stage::Infer, "there is no tile for a head to run over");
    for (const HeadOutput& output : outputs) {
      (void)require_output_named(graph_->outputs(), output.tensor);
      const auto same = [&](const HeadOutput& other) { return other.tensor == output.tensor; };
      if (std::count_if(outputs.begin(), outputs.end(), same) > 1)
        throw Error(Code::MODEL_MISMATCH, Stage::Infer,
                    "the output " + output.tensor + " of a head is asked for twice");
    }
  }

  [[nodiscard]] std::vector<HeadValues> run_bound(const std::vector<BoundInput>& inputs,
                                                  std::span<const HeadOutput> outputs, std::int64_t tiles,
                                                  CancelToken& cancel) const {
    std::vector<AlignedBytes> copies;  // outlive the binding
    const auto binding = graph_->make_binding();
    OrtGraph::Bound bound(*graph_, binding.get());
    for (const BoundInput& input : inputs) {
      if (!input.in_place) copies.push_back(converted(input));
      const void* data = input.in_place ? input.data() : copies.back().get();
      bound.input(input.info->name, data, input.bytes, input.shape, input.type);
    }
    for (const HeadOutput& output : outputs) bound.output(output.tensor);
    bound.run(cancel);
    const OrtGraph::BoundOutputs values(graph_->runtime(), binding.get());
    if (values.size() != outputs.size()) throw Error(Code::INTERNAL, Stage::Infer, "an output is missing after a run");
    std::vector<HeadValues> all;
    for (std::size_t i = 0; i < outputs.size(); ++i)
      all.push_back(values_of(view_of(graph_->runtime(), values.at(i), outputs[i].tensor), outputs[i], tiles));
    return all;
  }

  std::shared_ptr<const OrtGraph> graph_;
};

}  // namespace

std::shared_ptr<HeadGraph> HeadGraph::load(const ModelFiles& files, const SessionOptions& options) {
  SessionOptions one_thread = options;
  one_thread.intra_op_threads = 1;
  return std::make_shared<OrtHeadGraph>(OrtGraph::load(files, one_thread));
}

}  // namespace microtome::infer

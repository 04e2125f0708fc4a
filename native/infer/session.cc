#include "infer/session.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <stdexcept>
#include <utility>

#include "infer/aligned_bytes.h"
#include "infer/graph_info.h"
#include "infer/input_check.h"
#include "infer/output_rows.h"
#include "infer/tensor_values.h"

namespace microtome::infer {
namespace {

std::vector<std::string> without_repeats(const std::vector<std::string>& names) {
  std::vector<std::string> once;
  for (const auto& name : names)
    if (std::find(once.begin(), once.end(), name) == once.end()) once.push_back(name);
  return once;
}

// Values of a tensor that has one row per tile.
std::size_t count_of(const TensorView& view, const std::string& name, std::int64_t tiles) {
  const std::int64_t length = row_length(view.shape, tiles);
  if (length == 0) throw wrong_shape(name, view.shape, tiles);
  return static_cast<std::size_t>(length * tiles);
}

}  // namespace

std::int64_t token_columns(const std::vector<std::int64_t>& shape) noexcept {
  return shape.size() == 3 && shape.back() > 1 ? shape.back() : 0;
}

// A binding of one thread, and a buffer for input that does not start where it should.
class OrtSession::Slot final : public RunSlot {
 public:
  Slot(std::shared_ptr<OrtSession> owner_session, ort::Handle<ort::IoBinding> io_binding)
      : owner(std::move(owner_session)), binding(std::move(io_binding)) {}

  // `input` itself where it is aligned, else a copy.
  const void* aligned(const void* input, std::size_t bytes) {
    if (is_aligned(input)) return input;
    if (bytes > capacity) {
      copy.reset();
      capacity = 0;
      copy = aligned_bytes(bytes);
      capacity = bytes;
    }
    std::memcpy(copy.get(), input, bytes);
    return copy.get();
  }

  std::shared_ptr<OrtSession> owner;  // first: the binding goes before the session
  ort::Handle<ort::IoBinding> binding;
  AlignedBytes copy;
  std::size_t capacity = 0;
};

OrtSession::OrtSession(std::shared_ptr<const OrtGraph> graph) : graph_(std::move(graph)) {}

std::unique_ptr<Model::RunSlot> OrtSession::make_slot() {
  return std::make_unique<Slot>(shared_from_this(), graph_->make_binding());
}

// What can be known before a run. The declared first side is not looked at: exporters often write the batch of their
// example there, and the real one is seen in collect().
void OrtSession::require_output(const std::string& name, std::int64_t tiles) const {
  const TensorInfo& info = require_output_named(graph_->outputs(), name);
  if (info.shape.empty()) return;  // a scalar, or not declared
  std::vector<std::int64_t> shape = info.shape;
  shape[0] = tiles;
  if (row_length(shape, tiles) == 0) throw wrong_shape(name, info.shape, tiles);
}

void OrtSession::run(RunSlot& slot, const void* input, std::int64_t tiles, const preprocess::TensorFormat& how,
                     const std::vector<std::string>& output_names, std::vector<std::vector<double>>& out,
                     CancelToken& cancel) {
  auto* own = dynamic_cast<Slot*>(&slot);
  if (own == nullptr || own->owner.get() != this)
    throw Error(Code::INTERNAL, Stage::Infer, "a slot was used with another model");
  const std::size_t bytes = require_input(graph_->inputs(), tiles, how);
  const std::vector<std::string> bound_names = without_repeats(output_names);
  for (const auto& name : bound_names) require_output(name, tiles);
  cancel.check(Stage::Infer);
  try {
    OrtGraph::Bound bound(*graph_, own->binding.get());
    bound.input(graph_->inputs().front().name, own->aligned(input, bytes), bytes, input_shape(tiles, how),
                input_type(how.type));
    for (const auto& name : bound_names) bound.output(name);
    bound.run(cancel);
    collect(*own, tiles, bound_names, output_names, out);
  } catch (const std::bad_alloc&) {
    throw Error(Code::OUT_OF_MEMORY, Stage::Infer, "no memory for a batch of " + std::to_string(tiles) + " tiles");
  } catch (const std::length_error&) {
    throw Error(Code::OUT_OF_MEMORY, Stage::Infer, "no memory for a batch of " + std::to_string(tiles) + " tiles");
  }
}

// Everything is checked before anything is appended. `bound` has each output once, in the order of binding.
void OrtSession::collect(Slot& slot, std::int64_t tiles, const std::vector<std::string>& bound,
                         const std::vector<std::string>& names, std::vector<std::vector<double>>& out) const {
  const OrtGraph::BoundOutputs values(graph_->runtime(), slot.binding.get());
  if (values.size() != bound.size()) throw Error(Code::INTERNAL, Stage::Infer, "an output is missing after a run");
  std::vector<TensorView> views;
  std::vector<std::size_t> counts;
  for (std::size_t i = 0; i < bound.size(); ++i) {
    views.push_back(view_of(graph_->runtime(), values.at(i), bound[i]));
    counts.push_back(count_of(views.back(), bound[i], tiles));
  }
  if (out.size() < names.size()) out.resize(names.size());
  slot.token_columns.assign(names.size(), 0);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto at = static_cast<std::size_t>(std::find(bound.begin(), bound.end(), names[i]) - bound.begin());
    slot.token_columns[i] = infer::token_columns(views[at].shape);
    append_as_double(views[at].type, views[at].data, counts[at], out[i]);
  }
}

}  // namespace microtome::infer

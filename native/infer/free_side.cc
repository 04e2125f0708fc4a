#include "infer/free_side.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace microtome::infer {
namespace {

using Bytes = std::span<const std::byte>;

// One field of a protocol-buffer message.
struct Field {
  std::uint64_t number = 0;
  bool is_bytes = false;
  Bytes bytes;
};

// Walks a message. Ends at what it does not understand.
class Reader {
 public:
  explicit Reader(Bytes message) : rest_(message) {}

  std::optional<Field> next() {
    const auto tag = varint();
    if (!tag) return std::nullopt;
    Field field{*tag >> 3, false, {}};
    switch (*tag & 7) {
      case 0:
        return varint() ? std::optional(field) : std::nullopt;
      case 1:
        return skip(8) ? std::optional(field) : std::nullopt;
      case 2: {
        const auto length = varint();
        if (!length || *length > rest_.size()) return std::nullopt;
        field.is_bytes = true;
        field.bytes = rest_.first(static_cast<std::size_t>(*length));
        rest_ = rest_.subspan(static_cast<std::size_t>(*length));
        return field;
      }
      case 5:
        return skip(4) ? std::optional(field) : std::nullopt;
      default:
        return std::nullopt;
    }
  }

 private:
  std::optional<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = std::to_integer<std::uint64_t>(rest_.front());
      rest_ = rest_.subspan(1);
      value |= (byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return std::nullopt;
  }
  bool skip(std::size_t count) {
    if (rest_.size() < count) return false;
    rest_ = rest_.subspan(count);
    return true;
  }

  Bytes rest_;
};

// The messages in the fields of this number.
std::vector<Bytes> fields(Bytes message, std::uint64_t number) {
  std::vector<Bytes> found;
  Reader reader(message);
  while (const auto field = reader.next())
    if (field->number == number && field->is_bytes) found.push_back(field->bytes);
  return found;
}

std::optional<Bytes> first(const std::optional<Bytes>& message, std::uint64_t number) {
  if (!message) return std::nullopt;
  const auto found = fields(*message, number);
  return found.empty() ? std::nullopt : std::optional(found.front());
}

std::string_view text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// Weights may be listed among the inputs, under the name of their values.
std::vector<Bytes> real_inputs(Bytes graph) {
  std::vector<std::string_view> weights;
  for (const Bytes tensor : fields(graph, 5))
    if (const auto name = first(tensor, 8)) weights.push_back(text(*name));
  std::vector<Bytes> inputs;
  for (const Bytes input : fields(graph, 11)) {
    const auto name = first(input, 1);
    bool is_weight = false;
    for (const auto weight : weights) is_weight = is_weight || (name && text(*name) == weight);
    if (!is_weight) inputs.push_back(input);
  }
  return inputs;
}

}  // namespace

std::string free_first_side(Bytes model) {
  const auto graph = first(model, 7);
  if (!graph) return {};
  const auto inputs = real_inputs(*graph);
  if (inputs.size() != 1) return {};
  // The input's type, of a tensor, its shape, the first side, the name of that side.
  const auto side = first(first(first(first(inputs.front(), 2), 1), 2), 1);
  const auto name = first(side, 2);
  return name ? std::string(text(*name)) : std::string();
}

}  // namespace microtome::infer

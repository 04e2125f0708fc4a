// Writes small ONNX models for tests: just enough of the protocol-buffer encoding for nodes, constant tensors and typed
// inputs and outputs. Field numbers are those of the ONNX message definitions.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace microtome::test::onnx {

enum class Type : int { Float = 1, Uint8 = 2, Int64 = 7, String = 8, Bool = 9, Float16 = 10, Double = 11 };

// A protocol-buffer message under construction.
class Message {
 public:
  Message& number(int field, std::int64_t value) {
    varint(static_cast<std::uint64_t>(field) << 3);
    varint(static_cast<std::uint64_t>(value));
    return *this;
  }
  Message& bytes(int field, std::string_view value) {
    varint((static_cast<std::uint64_t>(field) << 3) | 2);
    varint(value.size());
    data_.append(value);
    return *this;
  }
  Message& message(int field, const Message& value) { return bytes(field, value.data_); }
  Message& real(int field, float value) {
    varint((static_cast<std::uint64_t>(field) << 3) | 5);
    char raw[4];
    std::memcpy(raw, &value, 4);
    data_.append(raw, 4);
    return *this;
  }
  [[nodiscard]] const std::string& data() const { return data_; }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) data_.push_back(static_cast<char>(value | 0x80));
    data_.push_back(static_cast<char>(value));
  }
  std::string data_;
};

// A side of a shape: a number, or a name for a dynamic one.
struct Side {
  Side(int value) : size(value) {}
  Side(std::int64_t value) : size(value) {}
  Side(const char* symbol) : name(symbol) {}
  std::int64_t size = -1;
  std::string name;
};

// TensorProto from raw little-endian elements.
template <typename Element>
Message tensor(std::string_view name, Type type, const std::vector<std::int64_t>& shape,
               const std::vector<Element>& values) {
  Message out;
  for (const auto side : shape) out.number(1, side);
  out.number(2, static_cast<int>(type)).bytes(8, name);
  return out.bytes(9, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Element)});
}

// AttributeProto: type 1 float, 2 int, 4 tensor, 5 graph, 7 ints.
inline Message attribute(std::string_view name, std::int64_t value) {
  return Message().bytes(1, name).number(3, value).number(20, 2);
}
inline Message attribute(std::string_view name, const std::vector<std::int64_t>& values) {
  Message out;
  out.bytes(1, name);
  for (const auto value : values) out.number(8, value);
  return out.number(20, 7);
}
inline Message attribute(std::string_view name, int type, int field, const Message& value) {
  return Message().bytes(1, name).message(field, value).number(20, type);
}

class Graph {
 public:
  Graph& input(std::string_view name, Type type, const std::vector<Side>& shape) {
    graph_.message(11, value_info(name, type, shape));
    return *this;
  }
  Graph& output(std::string_view name, Type type, const std::vector<Side>& shape) {
    graph_.message(12, value_info(name, type, shape));
    return *this;
  }
  Graph& node(std::string_view op, const std::vector<std::string>& inputs, const std::vector<std::string>& outputs,
              const std::vector<Message>& attributes = {}) {
    Message node;
    for (const auto& name : inputs) node.bytes(1, name);
    for (const auto& name : outputs) node.bytes(2, name);
    node.bytes(3, std::string(op) + std::to_string(++nodes_)).bytes(4, op);
    for (const auto& one : attributes) node.message(5, one);
    graph_.message(1, node);
    return *this;
  }
  template <typename Element>
  Graph& constant(std::string_view name, Type type, const std::vector<std::int64_t>& shape,
                  const std::vector<Element>& values) {
    graph_.message(5, tensor(name, type, shape, values));
    return *this;
  }
  // A tensor of floats whose bytes are in another file, from its beginning.
  Graph& external(std::string_view name, const std::vector<std::int64_t>& shape, std::string_view file) {
    Message out;
    for (const auto side : shape) out.number(1, side);
    out.number(2, static_cast<int>(Type::Float)).bytes(8, name);
    out.message(13, Message().bytes(1, "location").bytes(2, file)).number(14, 1);
    graph_.message(5, out);
    return *this;
  }
  [[nodiscard]] Message message() const { return Message(graph_).bytes(2, "test"); }

  // A ModelProto of operator set 13.
  [[nodiscard]] std::string model() const {
    return Message().number(1, 8).message(7, message()).message(8, Message().bytes(1, "").number(2, 13)).data();
  }

 private:
  static Message value_info(std::string_view name, Type type, const std::vector<Side>& shape) {
    Message sides;
    for (const auto& side : shape)
      sides.message(1, side.name.empty() ? Message().number(1, side.size) : Message().bytes(2, side.name));
    const Message tensor_type = Message().number(1, static_cast<int>(type)).message(2, sides);
    return Message().bytes(1, name).message(2, Message().message(1, tensor_type));
  }
  Message graph_;
  int nodes_ = 0;
};

inline void write_file(const std::string& path, std::string_view content) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return;
  std::fwrite(content.data(), 1, content.size(), file);
  std::fclose(file);
}

}  // namespace microtome::test::onnx

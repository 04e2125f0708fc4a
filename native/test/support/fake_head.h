// A head graph that needs no runtime: a function of what it is given.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "infer/head_graph.h"
#include "test/check.h"

namespace microtome::test {

struct Given {
  std::vector<double> values;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::vector<std::int64_t> shape;  // of a picture
};
using Inputs = std::map<std::string, Given>;
// What a graph gives, by output.
using Compute = std::function<std::vector<std::vector<double>>(const Inputs& inputs, std::int64_t tiles)>;

class FakeHead final : public infer::HeadGraph {
 public:
  explicit FakeHead(Compute compute) : compute_(std::move(compute)) {}
  [[nodiscard]] const std::vector<infer::TensorInfo>& inputs() const noexcept override { return infos_; }
  [[nodiscard]] const std::vector<infer::TensorInfo>& outputs() const noexcept override { return infos_; }
  [[nodiscard]] std::int64_t copied_bytes(std::span<const infer::HeadInput> /*inputs*/) const override { return 0; }
  [[nodiscard]] std::vector<infer::HeadValues> run(std::span<const infer::HeadInput> inputs,
                                                   std::span<const infer::HeadOutput> outputs, std::int64_t tiles,
                                                   CancelToken& /*cancel*/) const override {
    Inputs given;
    for (const infer::HeadInput& input : inputs) {
      Given& one = given[input.tensor];
      one.rows = input.rows;
      one.columns = input.columns;
      if (const auto* floats = std::get_if<std::span<const float>>(&input.values)) {
        one.values.assign(floats->begin(), floats->end());
      } else if (const auto* doubles = std::get_if<std::span<const double>>(&input.values)) {
        one.values.assign(doubles->begin(), doubles->end());
      } else {
        const auto& picture = std::get<infer::PictureTensor>(input.values);
        one.shape = picture.shape;
        const auto* pixels = reinterpret_cast<const float*>(picture.bytes.data());
        one.values.assign(pixels, pixels + picture.bytes.size() / sizeof(float));
      }
    }
    std::vector<infer::HeadValues> all;
    for (auto& values : compute_(given, tiles)) all.push_back({{std::ssize(values)}, std::move(values)});
    CHECK_EQ(all.size(), outputs.size());
    return all;
  }

 private:
  const Compute compute_;
  const std::vector<infer::TensorInfo> infos_;
};

inline std::shared_ptr<infer::HeadGraph> head(Compute compute) {
  return std::make_shared<FakeHead>(std::move(compute));
}

}  // namespace microtome::test

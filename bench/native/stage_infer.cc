// Inference alone: one session shared by the workers, each with one thread, run again and again on a tensor that is
// ready. `batch` tiles a run, as many as the pipeline hands over in one call.
#include <cstdint>
#include <cstring>
#include <memory>

#include "core/large_memory.h"
#include "infer/model.h"
#include "preprocess/preprocess.h"
#include "protocol.h"

namespace {

struct Worker {
  std::unique_ptr<microtome::infer::Model::RunSlot> slot;
  microtome::LargeBytes tensor;
  std::vector<std::vector<double>> out;
};

void fill(Worker& worker, std::size_t values) {
  worker.tensor.resize(values * sizeof(float));
  for (std::size_t i = 0; i < values; ++i) {
    // Spread over [-1, 1): the cost of inference does not depend on the values, as long as they are ordinary numbers.
    const std::uint32_t hash = static_cast<std::uint32_t>(i) * 2654435761u >> 8;
    const float value = static_cast<float>(hash) / static_cast<float>(1 << 23) - 1.0f;
    std::memcpy(worker.tensor.data() + i * sizeof(float), &value, sizeof value);
  }
}

bench::Contender make(const bench::Workload& workload) {
  microtome::infer::set_runtime_path(workload.text("runtime"));
  std::shared_ptr<microtome::infer::Model> model = microtome::infer::Model::load(workload.text("model"), {});
  const std::int64_t batch = workload.number("batch");
  const std::int64_t threads = workload.number("threads");
  const std::int64_t count = workload.number("columns") * workload.number("rows");
  microtome::preprocess::TensorFormat how;
  how.size_px = workload.number("size");
  const std::vector<std::string> names{model->outputs().at(0).name};
  auto workers = std::make_shared<std::vector<Worker>>(static_cast<std::size_t>(threads));
  for (Worker& worker : *workers) {
    worker.slot = model->make_slot();
    fill(worker, static_cast<std::size_t>(3 * how.size_px * how.size_px * batch));
    worker.out.resize(1);
  }
  bench::Contender contender;
  contender.version = "ONNX Runtime " + microtome::infer::runtime_report().version;
  contender.pass = [=] {
    const std::int64_t runs = (count + batch - 1) / batch;
    bench::in_parallel(runs, threads, [&](std::int64_t thread, std::int64_t) {
      Worker& worker = (*workers)[static_cast<std::size_t>(thread)];
      microtome::CancelToken cancel;
      worker.out.front().clear();
      model->run(*worker.slot, worker.tensor.data(), batch, how, names, worker.out, cancel);
    });
    return runs * batch;
  };
  return contender;
}

}  // namespace

int main(int argc, char** argv) { return bench::serve(argc, argv, make); }

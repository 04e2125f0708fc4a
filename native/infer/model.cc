#include "infer/model.h"

#include <list>
#include <utility>
#include <vector>

#include "core/error.h"
#include "infer/model_file.h"
#include "infer/ort_runtime.h"
#include "infer/session.h"

namespace microtome::infer {

std::shared_ptr<Model> Model::load(const ModelFiles& files, const SessionOptions& options) {
  if (options.device != "cpu")
    throw Error(Code::DEVICE_UNAVAILABLE, Stage::Infer, "the device " + options.device + " is not there; it has: cpu");
  if (options.cancel != nullptr) options.cancel->check(Stage::Infer);
  const OpenModelFile opened(files.graph.path);
  auto graph = read_graph(opened, files.graph, options.cancel);
  std::list<OpenModelFile> weights;
  std::vector<NamedBytes> given;
  for (const auto& file : files.weights) {
    const OpenModelFile& one = weights.emplace_back(file.path);
    if (file.location.empty())
      require_weights(one, file, options.cancel);
    else
      given.push_back({file.location, read_weights(one, file, options.cancel)});
  }

  OrtRuntime& runtime = OrtRuntime::get();
  const bool by_path = !OrtSession::finds_weights_of_bytes(runtime);
  auto model = std::make_shared<OrtSession>(runtime, files.graph.path, by_path ? GraphBytes{} : std::move(graph),
                                            std::move(given), options);
  if (by_path && !opened.is_unchanged()) throw changed(files.graph.path);
  auto file = files.weights.begin();
  for (const auto& one : weights)
    if (!one.is_unchanged())
      throw changed(file->path);
    else
      ++file;
  return model;
}

std::shared_ptr<Model> Model::load(const std::string& path, const SessionOptions& options) {
  return load(ModelFiles{.graph = {.path = path, .sha256 = ""}, .weights = {}}, options);
}

}  // namespace microtome::infer

#include "infer/model.h"

#include "infer/session.h"

namespace microtome::infer {

std::shared_ptr<Model> Model::load(const ModelFiles& files, const SessionOptions& options) {
  return std::make_shared<OrtSession>(OrtGraph::load(files, options));
}

std::shared_ptr<Model> Model::load(const std::string& path, const SessionOptions& options) {
  return load(ModelFiles{.graph = {.path = path, .sha256 = ""}, .weights = {}}, options);
}

}  // namespace microtome::infer

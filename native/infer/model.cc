#include "infer/model.h"

#include "core/error.h"
#include "infer/model_file.h"
#include "infer/ort_runtime.h"
#include "infer/session.h"

namespace microtome::infer {

std::shared_ptr<Model> Model::load(const std::string& path, const SessionOptions& options) {
  if (options.device != "cpu")
    throw Error(Code::DEVICE_UNAVAILABLE, Stage::Infer, "the device " + options.device + " is not there; it has: cpu");
  if (options.cancel != nullptr) options.cancel->check(Stage::Infer);
  require_onnx_file(path);
  return std::make_shared<OrtSession>(OrtRuntime::get(), path, options);
}

}  // namespace microtome::infer

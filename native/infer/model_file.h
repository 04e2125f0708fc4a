// A look at a model file before the runtime reads it, so that common mistakes get their own words.
#pragma once

#include <string>

namespace microtome::infer {

// Throws FILE_NOT_FOUND, FILE_UNREADABLE, or MODEL_INVALID for what cannot be an ONNX model: a folder, an empty file, a
// git-LFS pointer, a file that does not begin like one.
void require_onnx_file(const std::string& path);

}  // namespace microtome::infer

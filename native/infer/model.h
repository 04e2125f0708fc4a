// ONNX graphs through ONNX Runtime's C API, opened at run time. The one folder that knows ONNX Runtime.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/cancel_token.h"
#include "preprocess/preprocess.h"

namespace microtome::infer {

struct RuntimeReport {
  bool loaded = false;
  std::string path;
  std::string version;                 // "1.30.0"
  std::string build;                   // what it says of how it was built; empty before 1.15
  int api = 0;                         // C API table in use
  std::vector<std::string> providers;  // what the library was built with
  std::string error;
  bool is_private = false;
};

// Remembers where the library is; the first path given wins for the process. Opens nothing.
void set_runtime_path(const std::string& path);
[[nodiscard]] RuntimeReport runtime_report();  // opens it if needed; never throws

// Lines of the runtime's log at warning level and above, for the session that caused them. Any thread.
using LogSink = std::function<void(const std::string& line)>;

struct TensorInfo {
  std::string name;
  std::string type;                 // "float32", "float16", "uint8", "int64", ...
  std::vector<std::int64_t> shape;  // -1: dynamic
};

// Values of one token of an output [tiles, tokens, values]. 0 where it has another number of dimensions, or the last
// one is dynamic or 1.
[[nodiscard]] std::int64_t token_columns(const std::vector<std::int64_t>& shape) noexcept;

// A file of a model: where it is, and the SHA-256 (lower-case hex) that it had when the model was read.
struct ModelFile {
  std::string path;
  std::string sha256;  // of the graph, may be empty: any bytes are taken
  // Of weights that are not where the runtime would look for them, such as in a cache of links: what the graph calls
  // them. Empty: they are in the folder of the graph, or below.
  std::string location = {};
};

struct ModelFiles {
  ModelFile graph;                 // the .onnx
  std::vector<ModelFile> weights;  // what the graph names beside itself
};

// A provider that is a library of its own, registered by its path (ONNX Runtime 1.22 and newer).
struct PluginProvider {
  std::string path;      // absolute
  std::string name;      // of the provider, "OpenVINOExecutionProvider", or "OpenVINO" for short
  std::string hardware;  // "cpu", "gpu", "npu"; empty: the first that the provider lists
  std::vector<std::pair<std::string, std::string>> options;  // in the provider's own words
};

struct SessionOptions {
  std::string device = "cpu";  // "cpu", or "plugin" with `plugin`; any other is refused with DEVICE_UNAVAILABLE
  PluginProvider plugin = {};
  int intra_op_threads = 1;  // 1: runs on the calling thread
  LogSink log;
  // Ends the load when it is cancelled. It must outlive the load, and is not kept. With a runtime older than 1.22,
  // which cannot be stopped, the load runs to its end and fails then.
  CancelToken* cancel = nullptr;
};

// Input that starts at a multiple of this many bytes is used where it lies; other input is copied once more.
inline constexpr std::size_t kInputAlignment = 64;

// One input tensor's worth of tiles in, one row per tile out. Thread-safe: any number of threads may run() at once,
// each with its own RunSlot.
class Model {
 public:
  // The graph is read into memory once, hashed there, and given to the runtime from there. Weights are hashed through
  // one opened file; the runtime opens them itself, and that nobody changed them meanwhile is asked after it has.
  // Weights with a location are read into memory too, all of them at once, and given to the runtime, which copies them.
  // Throws MODEL_INVALID (with the runtime's reason, or when a file is not what it was when the model was read),
  // RUNTIME_MISSING, DEVICE_UNAVAILABLE, OUT_OF_MEMORY, and CANCELLED soon after options.cancel was cancelled.
  [[nodiscard]] static std::shared_ptr<Model> load(const ModelFiles& files, const SessionOptions& options);
  // Whatever graph is at `path`.
  [[nodiscard]] static std::shared_ptr<Model> load(const std::string& path, const SessionOptions& options);
  virtual ~Model() = default;

  [[nodiscard]] virtual const std::vector<TensorInfo>& inputs() const noexcept = 0;
  [[nodiscard]] virtual const std::vector<TensorInfo>& outputs() const noexcept = 0;

  // Reusable per-thread state: an IO binding and run options.
  class RunSlot {
   public:
    virtual ~RunSlot() = default;
    std::vector<std::int64_t> token_columns;  // of each output of the last run; see token_columns()
  };
  [[nodiscard]] virtual std::unique_ptr<RunSlot> make_slot() = 0;

  // Binds `input` (`tiles` tiles, contiguous, `how` says type, layout and size) to the graph's only image input and
  // runs. Each output in `output_names` is appended to `out[i]` as doubles, row by row: tiles * row_length[i] values.
  // A running inference is terminated when `cancel` is cancelled. The same input bytes give the same output bytes on
  // any thread and in any slot; one tile in another row of the input may differ in its last bits. Nothing is appended
  // when it throws: OUTPUT_SHAPE when an output is not [tiles, ...] or a row is longer than a million values,
  // OUT_OF_MEMORY, CANCELLED, MODEL_MISMATCH (also when the graph's fixed sides, a fixed batch included, are not those
  // of the input), MODEL_INVALID when the graph itself cannot be run.
  virtual void run(RunSlot& slot, const void* input, std::int64_t tiles, const preprocess::TensorFormat& how,
                   const std::vector<std::string>& output_names, std::vector<std::vector<double>>& out,
                   CancelToken& cancel) = 0;
};

}  // namespace microtome::infer

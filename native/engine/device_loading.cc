#include "engine/device_loading.h"

#include <algorithm>
#include <utility>

#include "engine/device_group.h"
#include "engine/model_runner.h"

namespace microtome::engine {
namespace {

// What an engine of TensorRT is good for, beside its version and the model.
std::string key_of(const gpu::Context& context) {
  const gpu::DeviceFacts& device = context.device();
  return device.name + " " + device.compute_capability() + " driver " + context.driver().version_text();
}

void note_once(std::vector<std::string>& notes, const std::string& note) {
  if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
}

std::vector<std::string> notes_of(const infer::DeviceReport& report) {
  std::vector<std::string> notes = report.left_out;
  if (!report.engine_cache.empty()) notes.push_back("engines of TensorRT are kept in " + report.engine_cache);
  return notes;
}

std::string left_out(const std::string& gpu, const std::string& why) { return gpu + " was left out: " + why; }

}  // namespace

DeviceLoading::DeviceLoading(DeviceRequest request) : request_(std::move(request)) {
  if (!is_gpu()) return;
  if (request_.ordinals.empty())
    throw Error(Code::DEVICE_UNAVAILABLE, Stage::Infer, std::string(name_of(request_.kind)) + " was given no GPU");
  const auto driver = request_.driver.empty() ? gpu::Driver::open() : gpu::Driver::open(request_.driver);
  std::exception_ptr first;
  for (const int ordinal : request_.ordinals) {
    try {
      contexts_.push_back(gpu::Context::retain(driver, ordinal));
    } catch (const Error& error) {
      if (!first) first = std::current_exception();
      left_out_.push_back(left_out("GPU " + std::to_string(ordinal), error.found()));
    }
  }
  if (contexts_.empty()) std::rethrow_exception(first);
}

PlacedGraph DeviceLoading::load(const infer::ModelFiles& files, CancelToken& cancel) const {
  if (!is_gpu()) return load_on_workers(files, cancel);
  PlacedGraph placed;
  std::vector<std::unique_ptr<DeviceRunner>> members;
  std::vector<std::shared_ptr<const gpu::Context>> used;
  std::vector<std::string> absent = left_out_;
  std::exception_ptr first;
  for (const auto& context : contexts_) {
    LoadDeviceGraph load = [files, settings = settings_for(*context)](StreamHandle stream, std::int64_t rows,
                                                                      CancelToken& ends) {
      infer::DeviceSettings with = settings;
      with.stream = stream;
      with.rows = rows;
      infer::SessionOptions options;
      options.cancel = &ends;
      return infer::DeviceGraph::load(files, options, with);
    };
    try {
      members.push_back(std::make_unique<DeviceRunner>(context, std::move(load),
                                                       DeviceRunner::Options{.rows = 0, .cancel = &cancel}));
    } catch (const Error& error) {
      if (error.code() == Code::CANCELLED) throw;
      if (!first) first = std::current_exception();
      absent.push_back(left_out(context->label(), error.found()));
      continue;
    }
    used.push_back(context);
  }
  if (members.empty()) std::rethrow_exception(first);
  for (const auto& member : members) {
    for (const std::string& one : absent) member->tell_owners(one);
    for (const std::string& one : notes_of(member->report())) note_once(placed.notes, one);
  }
  choose_decoder(members, used, placed);
  placed.inputs = members.front()->inputs();
  placed.outputs = members.front()->outputs();
  if (members.size() == 1)
    placed.runner = std::move(members.front());
  else
    placed.runner = std::make_unique<DeviceGroup>(std::move(members));
  return placed;
}

void DeviceLoading::choose_decoder(std::span<const std::unique_ptr<DeviceRunner>> members,
                                   std::span<const std::shared_ptr<const gpu::Context>> contexts,
                                   PlacedGraph& placed) const {
  std::int64_t rows = members.front()->rows();
  for (const auto& member : members) rows = std::min(rows, member->rows());
  const int under_way = DeviceRunner::kInFlight * static_cast<int>(members.size());
  const auto decodes = choose_decode(request_.decode, request_.nvjpeg, contexts, rows, under_way);
  for (std::size_t i = 0; i < members.size(); ++i) members[i]->decode_with(decodes[i]);
  const DeviceDecode& first = decodes.front();
  placed.notes.push_back(first.trial ? first.trial->report().text()
                                     : "JPEG tiles are decoded by the CPU, for " + first.reason);
}

PlacedGraph DeviceLoading::load_on_workers(const infer::ModelFiles& files, CancelToken& cancel) const {
  infer::SessionOptions options;
  options.device = name_of(request_.kind);
  if (request_.kind == DeviceKind::Plugin) {
    options.plugin.path = request_.plugin_path;
    options.plugin.name = request_.plugin_name;
  }
  options.intra_op_threads = 1;
  options.cancel = &cancel;
  const auto model = infer::Model::load(files, options);
  PlacedGraph placed;
  placed.inputs = model->inputs();
  placed.outputs = model->outputs();
  placed.runner = std::make_unique<ModelRunner>(model);
  return placed;
}

infer::DeviceSettings DeviceLoading::settings_for(const gpu::Context& context) const {
  infer::DeviceSettings settings;
  settings.runtime = {.core = request_.runtime, .providers = request_.provider_files, .preload = request_.preload};
  settings.provider = name_of(request_.kind);
  settings.ordinal = context.device().ordinal;
  settings.memory_limit_bytes = request_.memory_limit_bytes;
  settings.reproducible = request_.reproducible;
  settings.tf32 = request_.tf32;
  settings.fp16 = request_.fp16;
  settings.cuda_graph = request_.cuda_graph;
  settings.engine_cache = request_.engine_cache;
  settings.device_key = key_of(context);
  return settings;
}

}  // namespace microtome::engine

// Options in, results out: one function per struct of lib/native/contract.ts. JavaScript thread only.
#pragma once

#include "addon/fields.h"
#include "addon/napi_setup.h"
#include "core/large_memory.h"
#include "decode/region.h"
#include "engine/device_request.h"
#include "engine/engine.h"
#include "engine/image_list.h"
#include "engine/mask.h"
#include "engine/plan_report.h"
#include "engine/score_request.h"
#include "engine/stream_job.h"
#include "infer/model.h"
#include "slide/slide.h"
#include "tissue/tissue_mask.h"

namespace microtome::addon {

[[nodiscard]] slide::OpenOptions read_open_options(const Fields& fields);
[[nodiscard]] engine::MaskSource read_mask(const Fields& fields);
[[nodiscard]] tissue::TissueOptions read_tissue_options(const Fields& fields);
[[nodiscard]] engine::GridRequest read_grid(const Fields& fields);
// INVALID_OPTION also when a tensor is asked for of another size than the grid's tiles.
[[nodiscard]] engine::StreamOptions read_stream_options(const Fields& fields, const engine::GridRequest& grid);
[[nodiscard]] engine::ScoreRequest read_score_request(const Fields& fields);
[[nodiscard]] engine::ImageRequest read_image_request(const Fields& batch, const Fields& program);
[[nodiscard]] engine::PlanRequest read_plan_request(const Fields& fields);
[[nodiscard]] engine::EngineOptions read_engine_options(const Fields& fields);
struct ModelRequest {
  std::vector<infer::ModelFiles> graphs;
  std::vector<infer::ModelFiles> head_graphs;
  engine::DeviceRequest device;
};
[[nodiscard]] engine::DeviceRequest read_device_request(const Fields& fields);
[[nodiscard]] ModelRequest read_model_request(const Fields& fields);
[[nodiscard]] decode::BadTilePolicy read_bad_tile_policy(const Fields& fields);

// Bytes are handed over without a copy where the host allows it; the array's memory is freed with the array.
[[nodiscard]] Napi::Uint8Array to_js(Napi::Env env, LargeBytes&& bytes);
[[nodiscard]] Napi::Float64Array to_js(Napi::Env env, LargeDoubles&& values);
[[nodiscard]] Napi::Float64Array to_js(Napi::Env env, const std::vector<double>& values);
[[nodiscard]] Napi::Uint8Array to_js(Napi::Env env, const std::vector<std::uint8_t>& bytes);
[[nodiscard]] Napi::Array to_js(Napi::Env env, const std::vector<std::string>& lines);
[[nodiscard]] Napi::Value to_js(Napi::Env env, const std::optional<double>& value);

[[nodiscard]] Napi::Object slide_info(Napi::Env env, const slide::Slide& slide);
[[nodiscard]] Napi::Object region_object(Napi::Env env, decode::Region&& region);
[[nodiscard]] Napi::Object mask_object(Napi::Env env, engine::FoundMask&& found);
[[nodiscard]] Napi::Object plan_object(Napi::Env env, const engine::PlanReport& plan);
// Its `buffer` shares the batch's memory where the host allows it, else is a copy; `release(buffer)` takes the memory
// back from it (the buffer is then empty), after which the stream uses it again.
[[nodiscard]] Napi::Object batch_object(Napi::Env env, engine::TileBatch&& batch);
[[nodiscard]] Napi::Object model_info(Napi::Env env, const std::vector<infer::TensorInfo>& inputs,
                                      const std::vector<infer::TensorInfo>& outputs);
[[nodiscard]] Napi::Object progress_object(Napi::Env env, const engine::Progress& progress);
[[nodiscard]] Napi::Object score_object(Napi::Env env, engine::ScoreResult&& result);

}  // namespace microtome::addon

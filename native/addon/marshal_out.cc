#include <cstring>
#include <memory>

#include "addon/marshal.h"

namespace microtome::addon {
namespace {

Napi::Number number(Napi::Env env, std::int64_t value) { return Napi::Number::New(env, static_cast<double>(value)); }

Napi::Object level_object(Napi::Env env, const slide::Level& level) {
  auto out = Napi::Object::New(env);
  const auto& storage = level.storage;
  out.Set("index", number(env, level.index));
  out.Set("width", number(env, storage.width_px));
  out.Set("height", number(env, storage.height_px));
  out.Set("downsample", Napi::Number::New(env, level.downsample));
  out.Set("tileWidth", number(env, storage.tile_width_px));
  out.Set("tileHeight", number(env, storage.tile_height_px));
  out.Set("compression", Napi::String::New(env, slide::compression_name(storage.compression)));
  out.Set("photometric", Napi::String::New(env, slide::photometric_name(storage.photometric)));
  out.Set("tiled", Napi::Boolean::New(env, storage.tiled));
  return out;
}

Napi::Array times_array(Napi::Env env, const std::vector<StageTimes>& times) {
  auto out = Napi::Array::New(env);
  for (const auto& one : times) {
    auto row = Napi::Object::New(env);
    row.Set("stage", Napi::String::New(env, std::string(stage_name(one.stage))));
    row.Set("busyMs", Napi::Number::New(env, one.busy_ms));
    row.Set("waitingMs", Napi::Number::New(env, one.waiting_ms));
    row.Set("items", number(env, one.items));
    row.Set("bytes", number(env, one.bytes));
    out.Set(out.Length(), row);
  }
  return out;
}

void set_plan(Napi::Env env, Napi::Object& out, const tiles::TilePlan& plan) {
  out.Set("level", number(env, plan.policy.level));
  out.Set("scale", Napi::Number::New(env, plan.policy.scale));
  out.Set("mpp", to_js(env, plan.policy.mpp));
  out.Set("policy", Napi::String::New(env, plan.policy.name));
  out.Set("level0PerPxX", Napi::Number::New(env, plan.level0_per_px_x));
  out.Set("level0PerPxY", Napi::Number::New(env, plan.level0_per_px_y));
  out.Set("footprintPx", number(env, plan.footprint_px * plan.stored.reduction));
  out.Set("jpegReduction", number(env, plan.policy.jpeg_reduction));
  out.Set("keptTiles", number(env, plan.kept_tiles));
}

Napi::Array tensors(Napi::Env env, const std::vector<infer::TensorInfo>& infos) {
  auto out = Napi::Array::New(env, infos.size());
  for (std::uint32_t i = 0; i < infos.size(); ++i) {
    auto info = Napi::Object::New(env);
    info.Set("name", Napi::String::New(env, infos[i].name));
    info.Set("type", Napi::String::New(env, infos[i].type));
    auto shape = Napi::Array::New(env, infos[i].shape.size());
    for (std::uint32_t k = 0; k < infos[i].shape.size(); ++k) shape.Set(k, number(env, infos[i].shape[k]));
    info.Set("shape", shape);
    out.Set(i, info);
  }
  return out;
}

Napi::Array heads_array(Napi::Env env, const std::vector<engine::HeadResult>& heads) {
  auto out = Napi::Array::New(env, heads.size());
  for (std::uint32_t i = 0; i < heads.size(); ++i) {
    auto item = Napi::Object::New(env);
    item.Set("name", Napi::String::New(env, heads[i].name));
    auto outputs = Napi::Array::New(env, heads[i].outputs.size());
    for (std::uint32_t k = 0; k < heads[i].outputs.size(); ++k) outputs.Set(k, to_js(env, heads[i].outputs[k]));
    item.Set("outputs", outputs);
    out.Set(i, item);
  }
  return out;
}

// null where no rule of selection reads it.
Napi::Value quality_object(Napi::Env env, const std::vector<preprocess::Quality>& tiles) {
  using preprocess::Quality;
  if (tiles.empty()) return env.Null();
  constexpr std::pair<const char*, double Quality::*> kMeasures[] = {{"sharpness", &Quality::sharpness},
                                                                     {"white", &Quality::white},
                                                                     {"black", &Quality::black},
                                                                     {"grey", &Quality::grey},
                                                                     {"pen", &Quality::pen}};
  auto out = Napi::Object::New(env);
  for (const auto& [name, measure] : kMeasures) {
    auto column = Napi::Float64Array::New(env, tiles.size());
    for (std::size_t i = 0; i < tiles.size(); ++i) column[i] = tiles[i].*measure;
    out.Set(name, column);
  }
  return out;
}

Napi::Array slide_values(Napi::Env env, const std::vector<engine::SlideValue>& values) {
  auto out = Napi::Array::New(env, values.size());
  for (std::uint32_t i = 0; i < values.size(); ++i) {
    auto item = Napi::Object::New(env);
    item.Set("name", Napi::String::New(env, values[i].name));
    item.Set("value", Napi::Number::New(env, values[i].value));
    item.Set("unclipped", Napi::Number::New(env, values[i].unclipped));
    out.Set(i, item);
  }
  return out;
}

// A typed array over the vector's own memory where the host allows it, else over a copy.
template <typename Array, typename Vector>
Array array_of(Napi::Env env, Vector&& values) {
  using Held = std::remove_reference_t<Vector>;
  auto held = std::make_unique<Held>(std::forward<Vector>(values));
  const std::size_t bytes = held->size() * sizeof(typename Held::value_type);
  napi_value buffer = nullptr;
  const auto free = [](napi_env, void*, void* hint) { const std::unique_ptr<Held> owner(static_cast<Held*>(hint)); };
  const auto status = held->empty()
                          ? napi_no_external_buffers_allowed
                          : napi_create_external_arraybuffer(env, held->data(), bytes, free, held.get(), &buffer);
  if (status == napi_ok) {
    const std::size_t size = held.release()->size();
    return Array::New(env, size, Napi::ArrayBuffer(env, buffer), 0);
  }
  auto copy = Array::New(env, held->size());
  if (!held->empty()) std::memcpy(copy.Data(), held->data(), bytes);
  return copy;
}

}  // namespace

Napi::Uint8Array to_js(Napi::Env env, LargeBytes&& bytes) { return array_of<Napi::Uint8Array>(env, std::move(bytes)); }

Napi::Float64Array to_js(Napi::Env env, LargeDoubles&& values) {
  return array_of<Napi::Float64Array>(env, std::move(values));
}

Napi::Float64Array to_js(Napi::Env env, const std::vector<double>& values) {
  auto out = Napi::Float64Array::New(env, values.size());
  if (!values.empty()) std::memcpy(out.Data(), values.data(), values.size() * sizeof(double));
  return out;
}

Napi::Uint8Array to_js(Napi::Env env, const std::vector<std::uint8_t>& bytes) {
  auto out = Napi::Uint8Array::New(env, bytes.size());
  if (!bytes.empty()) std::memcpy(out.Data(), bytes.data(), bytes.size());
  return out;
}

Napi::Array to_js(Napi::Env env, const std::vector<std::string>& lines) {
  auto out = Napi::Array::New(env, lines.size());
  for (std::uint32_t i = 0; i < lines.size(); ++i) out.Set(i, Napi::String::New(env, lines[i]));
  return out;
}

Napi::Value to_js(Napi::Env env, const std::optional<double>& value) {
  if (!value) return env.Null();
  return Napi::Number::New(env, *value);
}

Napi::Object slide_info(Napi::Env env, const slide::Slide& slide) {
  auto out = Napi::Object::New(env);
  auto levels = Napi::Array::New(env);
  for (const auto& level : slide.levels()) levels.Set(levels.Length(), level_object(env, level));
  out.Set("levels", levels);
  auto associated = Napi::Array::New(env);
  for (const auto& image : slide.associated()) {
    auto item = Napi::Object::New(env);
    item.Set("name", Napi::String::New(env, image.name));
    item.Set("width", number(env, image.width_px));
    item.Set("height", number(env, image.height_px));
    associated.Set(associated.Length(), item);
  }
  out.Set("associated", associated);
  out.Set("mpp", env.Null());
  if (const auto& mpp = slide.mpp()) {
    auto item = Napi::Object::New(env);
    item.Set("x", Napi::Number::New(env, mpp->x));
    item.Set("y", Napi::Number::New(env, mpp->y));
    item.Set("source", Napi::String::New(env, mpp->source));
    item.Set("trusted", Napi::Boolean::New(env, mpp->trusted));
    out.Set("mpp", item);
  }
  out.Set("orientation", number(env, slide.orientation()));
  out.Set("warnings", to_js(env, slide.warnings()));
  auto driver = Napi::Object::New(env);
  driver.Set("name", Napi::String::New(env, slide.driver().name));
  driver.Set("why", Napi::String::New(env, slide.driver().why));
  out.Set("driver", driver);
  auto properties = Napi::Object::New(env);
  for (const auto& [name, value] : slide.properties()) properties.Set(name, Napi::String::New(env, value));
  out.Set("properties", properties);
  out.Set("fileBytes", number(env, static_cast<std::int64_t>(slide.source().size())));
  return out;
}

Napi::Object region_object(Napi::Env env, decode::Region&& region) {
  auto out = Napi::Object::New(env);
  out.Set("width", number(env, region.image.width_px));
  out.Set("height", number(env, region.image.height_px));
  out.Set("badTiles", number(env, region.bad_tiles));
  out.Set("missingTiles", number(env, region.missing_tiles));
  out.Set("outsidePx", number(env, region.outside_px));
  out.Set("data", to_js(env, std::move(region.image.data)));
  return out;
}

Napi::Object mask_object(Napi::Env env, engine::FoundMask&& found) {
  auto out = Napi::Object::New(env);
  tissue::TissueMask& mask = *found.mask;
  out.Set("width", number(env, mask.width_px));
  out.Set("height", number(env, mask.height_px));
  out.Set("level0PerPxX", Napi::Number::New(env, mask.level0_per_px_x));
  out.Set("level0PerPxY", Napi::Number::New(env, mask.level0_per_px_y));
  out.Set("badTiles", number(env, found.tiles.bad + found.tiles.missing));
  out.Set("missingTiles", number(env, found.tiles.missing));
  out.Set("madeTiles", number(env, found.tiles.made));
  out.Set("data", to_js(env, std::move(mask.data)));
  return out;
}

Napi::Object plan_object(Napi::Env env, const engine::PlanReport& plan) {
  auto out = Napi::Object::New(env);
  auto inputs = Napi::Array::New(env, plan.inputs.size());
  for (std::uint32_t i = 0; i < plan.inputs.size(); ++i) {
    const engine::PlannedInput& input = plan.inputs[i];
    auto item = Napi::Object::New(env);
    item.Set("level", number(env, input.policy.level));
    item.Set("scale", Napi::Number::New(env, input.policy.scale));
    item.Set("jpegReduction", number(env, input.policy.jpeg_reduction));
    item.Set("mpp", to_js(env, input.policy.mpp));
    item.Set("policy", Napi::String::New(env, input.policy.name));
    item.Set("tiles", number(env, input.tiles));
    item.Set("keptTiles", number(env, input.kept_tiles));
    item.Set("gridTiles", number(env, input.grid_tiles));
    inputs.Set(i, item);
  }
  out.Set("inputs", inputs);
  out.Set("storedTiles", number(env, plan.cost.stored_tiles));
  out.Set("storedBytes", number(env, plan.cost.stored_bytes));
  out.Set("tissueFraction", to_js(env, plan.tissue_fraction));
  out.Set("memoryBytes", number(env, plan.memory_bytes));
  return out;
}

Napi::Object batch_object(Napi::Env env, engine::TileBatch&& batch) {
  auto out = Napi::Object::New(env);
  out.Set("tiles", number(env, static_cast<std::int64_t>(batch.x.size())));
  out.Set("total", number(env, batch.total_tiles));
  out.Set("first", number(env, batch.first_tile));
  out.Set("sizePx", number(env, batch.size_px));
  out.Set("footprintPx", number(env, batch.footprint_px));
  out.Set("level", number(env, batch.level));
  out.Set("badTiles", number(env, batch.bad_tiles));
  out.Set("level0PerPxX", Napi::Number::New(env, batch.level0_per_px_x));
  out.Set("level0PerPxY", Napi::Number::New(env, batch.level0_per_px_y));
  out.Set("x", to_js(env, batch.x));
  out.Set("y", to_js(env, batch.y));
  // Two owners, the array and release(): whoever comes first gives the memory back to the stream.
  auto slot = std::make_shared<std::shared_ptr<LargeBytes>>(std::move(batch.data));
  napi_value buffer = nullptr;
  auto held = std::make_unique<decltype(slot)>(slot);
  const auto free = [](napi_env, void*, void* hint) {
    const std::unique_ptr<decltype(slot)> owner(static_cast<decltype(slot)*>(hint));
    (*owner)->reset();
  };
  const auto status = napi_create_external_arraybuffer(env, (*slot)->data(), batch.bytes, free, held.get(), &buffer);
  if (status == napi_ok) {
    held.release();
  } else {
    auto copy = Napi::ArrayBuffer::New(env, batch.bytes);
    std::memcpy(copy.Data(), (*slot)->data(), batch.bytes);
    slot->reset();
    buffer = copy;
  }
  out.Set("buffer", Napi::Value(env, buffer));
  out.Set("release", Napi::Function::New(env, [slot](const Napi::CallbackInfo& call) {
            if (!*slot || !call[0].IsArrayBuffer()) return;
            auto owned = call[0].As<Napi::ArrayBuffer>();
            // A buffer that was passed to another thread is in use there; it comes back when that one lets go of it.
            if (owned.IsDetached() || owned.Data() != (*slot)->data()) return;
            owned.Detach();
            slot->reset();
          }));
  return out;
}

Napi::Object model_info(Napi::Env env, const std::vector<infer::TensorInfo>& inputs,
                        const std::vector<infer::TensorInfo>& outputs) {
  auto out = Napi::Object::New(env);
  out.Set("inputs", tensors(env, inputs));
  out.Set("outputs", tensors(env, outputs));
  return out;
}

Napi::Object progress_object(Napi::Env env, const engine::Progress& progress) {
  auto out = Napi::Object::New(env);
  out.Set("stage", Napi::String::New(env, std::string(stage_name(progress.stage))));
  out.Set("tilesDone", number(env, progress.tiles_done));
  out.Set("tilesTotal", number(env, progress.tiles_total));
  out.Set("elapsedMs", Napi::Number::New(env, progress.elapsed_ms));
  return out;
}

Napi::Object table_object(Napi::Env env, engine::TileTable&& table) {
  auto out = Napi::Object::New(env);
  set_plan(env, out, table.plan);
  out.Set("tiles", number(env, table.tile_count));
  out.Set("x", to_js(env, std::move(table.places.x)));
  out.Set("y", to_js(env, std::move(table.places.y)));
  out.Set("level0X", to_js(env, std::move(table.places.level0_x)));
  out.Set("level0Y", to_js(env, std::move(table.places.level0_y)));
  auto outputs = Napi::Array::New(env, table.outputs.size());
  for (std::uint32_t i = 0; i < table.outputs.size(); ++i) {
    auto item = Napi::Object::New(env);
    item.Set("encoder", number(env, static_cast<std::int64_t>(table.outputs[i].encoder)));
    item.Set("name", Napi::String::New(env, table.outputs[i].name));
    item.Set("columns", number(env, table.outputs[i].columns));
    item.Set("values", to_js(env, std::move(table.outputs[i].values)));
    outputs.Set(i, item);
  }
  out.Set("outputs", outputs);
  auto heads = Napi::Array::New(env, table.heads.size());
  for (std::uint32_t i = 0; i < table.heads.size(); ++i) {
    auto item = Napi::Object::New(env);
    item.Set("head", number(env, static_cast<std::int64_t>(table.heads[i].head)));
    item.Set("name", Napi::String::New(env, table.heads[i].name));
    item.Set("values", to_js(env, std::move(table.heads[i].values)));
    heads.Set(i, item);
  }
  out.Set("heads", heads);
  out.Set("quality", quality_object(env, table.quality));
  auto left = Napi::Array::New(env, table.left_by_rule.size());
  for (std::uint32_t i = 0; i < table.left_by_rule.size(); ++i) left.Set(i, number(env, table.left_by_rule[i]));
  out.Set("leftByRule", left);
  return out;
}

Napi::Object score_object(Napi::Env env, engine::ScoreResult&& result) {
  auto out = Napi::Object::New(env);
  auto tables = Napi::Array::New(env, result.tables.size());
  for (std::uint32_t i = 0; i < result.tables.size(); ++i)
    tables.Set(i, table_object(env, std::move(result.tables[i])));
  out.Set("tables", tables);
  out.Set("heads", heads_array(env, result.heads));
  out.Set("outputs", slide_values(env, result.slide_outputs));
  out.Set("stopping", env.Null());
  if (result.stopping) {
    auto stopping = Napi::Object::New(env);
    stopping.Set("plannedTiles", number(env, result.stopping->planned_tiles));
    stopping.Set("halfWidth", Napi::Number::New(env, result.stopping->half_width));
    out.Set("stopping", stopping);
  }
  out.Set("badTiles", number(env, result.stored.bad));
  out.Set("missingTiles", number(env, result.stored.missing));
  out.Set("decodedTiles", number(env, result.stored.decoded));
  out.Set("tissueFraction", to_js(env, result.tissue_fraction));
  out.Set("times", times_array(env, result.times));
  out.Set("elapsedMs", Napi::Number::New(env, result.elapsed_ms));
  out.Set("warnings", to_js(env, result.warnings));
  return out;
}

}  // namespace microtome::addon

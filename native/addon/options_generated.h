// Readers of the options that reach C++, one for each, with the bounds of the table. INVALID_OPTION names the option.
// Made from lib/options/table by scripts/generate-options.mjs; do not edit.
// clang-format off
#pragma once

#include "addon/option_reading.h"
#include "aggregate/aggregate.h"
#include "core/option_bounds.h"
#include "decode/region.h"
#include "engine/device_request.h"
#include "preprocess/preprocess.h"
#include "tiles/tile_plan.h"

namespace microtome::addon::options {

// Order of the axes of the input.
[[nodiscard]] inline preprocess::Layout input_layout(const Fields& fields) {
  return read_choice<preprocess::Layout>(fields, {"layout", "input.layout"}, {{"NCHW", preprocess::Layout::Nchw}, {"NHWC", preprocess::Layout::Nhwc}});
}

// Order of the colour channels of the input.
[[nodiscard]] inline preprocess::ChannelOrder input_channels(const Fields& fields) {
  return read_choice<preprocess::ChannelOrder>(fields, {"channels", "input.channels"}, {{"RGB", preprocess::ChannelOrder::Rgb}, {"BGR", preprocess::ChannelOrder::Bgr}});
}

// Factor for the samples of 0 to 255: the model gets (sample * scale - mean) / std.
[[nodiscard]] inline double input_scale(const Fields& fields) {
  return read_number(fields, {"scale", "input.scale"}, {.above = option_bounds::kInputScaleAbove, .max = option_bounds::kInputScaleMax}, "a number above 0");
}

// One number for each channel, subtracted from the scaled samples.
[[nodiscard]] inline std::array<double, 3> input_mean(const Fields& fields) {
  return read_per_channel(fields, {"mean", "input.mean"}, {.min = option_bounds::kInputMeanMin, .max = option_bounds::kInputMeanMax});
}

// One number for each channel; the samples are divided by it after the mean is subtracted.
[[nodiscard]] inline std::array<double, 3> input_std(const Fields& fields) {
  return read_per_channel(fields, {"std", "input.std"}, {.above = option_bounds::kInputStdAbove, .max = option_bounds::kInputStdMax});
}

// Function applied to the output of the .onnx file for each tile: sigmoid for one column of logits, softmax for the logits of classes.
[[nodiscard]] inline aggregate::Activation activation(const Fields& fields) {
  return read_choice<aggregate::Activation>(fields, {"activation", "activation"}, {{"none", aggregate::Activation::None}, {"sigmoid", aggregate::Activation::Sigmoid}, {"softmax", aggregate::Activation::Softmax}});
}

// How the values of the tiles become one value for the slide.
[[nodiscard]] inline aggregate::Method head_method(const Fields& fields) {
  return read_choice<aggregate::Method>(fields, {"method", "head.method"}, {{"mean", aggregate::Method::Mean}, {"max", aggregate::Method::Max}, {"topK", aggregate::Method::TopK}, {"quantile", aggregate::Method::Quantile}, {"noisyOr", aggregate::Method::NoisyOr}});
}

// For topK: take the mean of this many tiles, the highest.
[[nodiscard]] inline std::int64_t head_k(const Fields& fields) {
  return read_integer_or_zero(fields, {"k", "head.k"}, {.min = option_bounds::kHeadKMin, .max = option_bounds::kHeadKMax}, "a positive integer");
}

// For topK: take the mean of this share of the tiles, the highest (at least one tile).
[[nodiscard]] inline double head_fraction(const Fields& fields) {
  return read_number_or_zero(fields, {"fraction", "head.fraction"}, {.above = option_bounds::kHeadFractionAbove, .max = option_bounds::kHeadFractionMax}, "a number above 0, at most 1");
}

// For quantile: which one, from 0 to 1 (0.5 is the median); between two tiles it is interpolated.
[[nodiscard]] inline double head_quantile(const Fields& fields) {
  return read_number(fields, {"quantile", "head.quantile"}, {.min = option_bounds::kHeadQuantileMin, .max = option_bounds::kHeadQuantileMax}, "a number from 0 to 1");
}

// Resolution that tiles are read at.
[[nodiscard]] inline std::optional<double> mpp(const Fields& fields) {
  return read_optional_number(fields, {"mpp", "mpp"}, {.min = option_bounds::kMppMin, .max = option_bounds::kMppMax}, "a number from 0.000001 to 1000000 microns per pixel");
}

// Pyramid level that tiles are read from (0 is full resolution), instead of `mpp`.
[[nodiscard]] inline std::optional<std::int64_t> level(const Fields& fields) {
  return read_optional_integer(fields, {"level", "level"}, {.min = option_bounds::kLevelMin, .max = option_bounds::kLevelMax}, "an integer from 0 to 1000000");
}

// Resolution of level 0 of the slide, instead of what its file says.
[[nodiscard]] inline std::optional<double> slide_mpp(const Fields& fields) {
  return read_optional_number(fields, {"slideMpp", "slideMpp"}, {.min = option_bounds::kSlideMppMin, .max = option_bounds::kSlideMppMax}, "a number from 0.000001 to 1000000 microns per pixel");
}

// Side of a tile, in model pixels.
[[nodiscard]] inline std::int64_t tile_size(const Fields& fields) {
  return read_integer(fields, {"sizePx", "tile.size"}, {.min = option_bounds::kTileSizeMin, .max = option_bounds::kTileSizeMax}, "an integer from 1 to 16384 pixels");
}

// Distance from one tile to the next, in model pixels.
[[nodiscard]] inline std::int64_t tile_stride(const Fields& fields) {
  return read_integer(fields, {"stridePx", "tile.stride"}, {.min = option_bounds::kTileStrideMin, .max = option_bounds::kTileStrideMax}, "an integer from 1 to 16384 pixels");
}

// Where tiles are: at the multiples of the stride, each rounded to a pixel (scaled), or where WSInfer has them (wsinfer).
[[nodiscard]] inline tiles::Placement tile_grid(const Fields& fields) {
  return read_choice<tiles::Placement>(fields, {"placement", "tile.grid"}, {{"scaled", tiles::Placement::Scaled}, {"wsinfer", tiles::Placement::Wsinfer}});
}

// Which tiles are scored: those with enough tissue (fraction), those with tissue at their centre (centre), or all.
[[nodiscard]] inline tiles::KeepRule keep(const Fields& fields) {
  return read_choice<tiles::KeepRule>(fields, {"keep", "keep"}, {{"fraction", tiles::KeepRule::Fraction}, {"centre", tiles::KeepRule::Centre}, {"all", tiles::KeepRule::All}});
}

// With `keep` fraction: a tile is scored if at least this share of it is tissue.
[[nodiscard]] inline double min_tissue_fraction(const Fields& fields) {
  return read_number(fields, {"minTissueFraction", "minTissueFraction"}, {.min = option_bounds::kMinTissueFractionMin, .max = option_bounds::kMinTissueFractionMax}, "a number from 0 to 1");
}

// How tissue is told from glass: by its colour relative to the slide's own white (default), or as WSInfer does it (wsinfer).
[[nodiscard]] inline tissue::Method tissue_method(const Fields& fields) {
  return read_choice<tissue::Method>(fields, {"method", "tissue.method"}, {{"default", tissue::Method::Default}, {"wsinfer", tissue::Method::Wsinfer}});
}

// Longer side of the overview image that tissue is found in.
[[nodiscard]] inline std::int64_t tissue_overview_side(const Fields& fields) {
  return read_integer(fields, {"overviewSidePx", "tissue.overviewSide"}, {.min = option_bounds::kTissueOverviewSideMin, .max = option_bounds::kTissueOverviewSideMax}, "an integer from 64 to 16384 pixels");
}

// Pieces smaller than this share of the overview do not count as tissue.
[[nodiscard]] inline double tissue_min_area_fraction(const Fields& fields) {
  return read_number(fields, {"minAreaFraction", "tissue.minAreaFraction"}, {.min = option_bounds::kTissueMinAreaFractionMin, .max = option_bounds::kTissueMinAreaFractionMax}, "a number from 0 to 1");
}

// Score at most this many tiles of a slide, chosen at random and spread evenly over the tissue.
[[nodiscard]] inline std::int64_t tiles_per_slide(const Fields& fields) {
  return read_integer_or_zero(fields, {"maxTiles", "tilesPerSlide"}, {.min = option_bounds::kTilesPerSlideMin, .max = option_bounds::kTilesPerSlideMax}, "a positive integer");
}

// Random seed for `tilesPerSlide` and `stopping.halfWidth`.
[[nodiscard]] inline std::int64_t seed(const Fields& fields) {
  return read_integer(fields, {"seed", "seed"}, {.min = option_bounds::kSeedMin, .max = option_bounds::kSeedMax}, "a non-negative integer");
}

// Decode JPEG tiles at 1/2, 1/4 or 1/8 of their sides where the wanted resolution is that much coarser than the level.
[[nodiscard]] inline bool scaled_decode(const Fields& fields) { return fields.boolean("scaledDecode"); }

// Stop a slide once its score is known to ± this; only for models whose slide score is the mean over tiles.
[[nodiscard]] inline double stopping_half_width(const Fields& fields) {
  return read_number(fields, {"halfWidth", "stopping.halfWidth"}, {.above = option_bounds::kStoppingHalfWidthAbove, .max = option_bounds::kStoppingHalfWidthMax}, "a number above 0");
}

// Confidence level of `stopping.halfWidth`.
[[nodiscard]] inline double stopping_confidence(const Fields& fields) {
  return read_number(fields, {"confidence", "stopping.confidence"}, {.above = option_bounds::kStoppingConfidenceAbove, .below = option_bounds::kStoppingConfidenceBelow}, "a number above 0 and below 1");
}

// Score at least this many tiles before checking whether to stop.
[[nodiscard]] inline std::int64_t stopping_min_tiles(const Fields& fields) {
  return read_integer(fields, {"minTiles", "stopping.minTiles"}, {.min = option_bounds::kStoppingMinTilesMin, .max = option_bounds::kStoppingMinTilesMax}, "a positive integer");
}

// Tiles in one round; after each round it is checked whether to stop.
[[nodiscard]] inline std::int64_t stopping_every_tiles(const Fields& fields) {
  return read_integer(fields, {"everyTiles", "stopping.everyTiles"}, {.min = option_bounds::kStoppingEveryTilesMin, .max = option_bounds::kStoppingEveryTilesMax}, "an integer from 2 to 65536 tiles");
}

// What to do with a stored tile that cannot be decoded: fail the slide, or read it as white and count it.
[[nodiscard]] inline decode::BadTilePolicy on_bad_tile(const Fields& fields) {
  return read_choice<decode::BadTilePolicy>(fields, {"onBadTile", "onBadTile"}, {{"error", decode::BadTilePolicy::Error}, {"fill", decode::BadTilePolicy::Fill}});
}

// Tiles, or lesion images, that a worker decodes and gives to the model together.
[[nodiscard]] inline std::int64_t batch_size(const Fields& fields) {
  return read_integer(fields, {"batchSize", "batchSize"}, {.min = option_bounds::kBatchSizeMin, .max = option_bounds::kBatchSizeMax}, "an integer from 1 to 65536 tiles");
}

// Give the same score, to the last bit, for any batch size, any number of threads and whatever else runs.
[[nodiscard]] inline bool reproducible(const Fields& fields) { return fields.boolean("reproducible"); }

// Keep the place and the outputs of every tile in the result.
[[nodiscard]] inline bool tiles(const Fields& fields) { return fields.boolean("keepTiles"); }

// Number of worker threads; scores are the same with any number.
[[nodiscard]] inline std::int64_t threads(const Fields& fields) {
  return read_integer_or_zero(fields, {"threads", "threads"}, {.min = option_bounds::kThreadsMin, .max = option_bounds::kThreadsMax}, "an integer from 1 to 1024");
}

// Memory limit for everything but the model; at least 64 MiB.
[[nodiscard]] inline std::int64_t memory_limit(const Fields& fields) {
  return read_integer(fields, {"memoryBytes", "memoryLimit"}, {.min = option_bounds::kMemoryLimitMin, .max = option_bounds::kMemoryLimitMax}, "a number of bytes from 67108864 (64 MiB) to 70368744177664 (64 TiB)");
}

// Who decodes JPEG tiles for a GPU.
[[nodiscard]] inline engine::GpuDecode gpu_decode(const Fields& fields) {
  return read_choice<engine::GpuDecode>(fields, {"decode", "gpu.decode"}, {{"auto", engine::GpuDecode::Auto}, {"cpu", engine::GpuDecode::Cpu}, {"nvjpeg", engine::GpuDecode::Nvjpeg}});
}

// Most memory that ONNX Runtime takes of each GPU.
[[nodiscard]] inline std::int64_t gpu_memory_limit(const Fields& fields) {
  return read_integer_or_zero(fields, {"memoryLimitBytes", "gpu.memoryLimit"}, {.min = option_bounds::kGpuMemoryLimitMin, .max = option_bounds::kGpuMemoryLimitMax}, "a number of bytes from 67108864 (64 MiB) to 70368744177664 (64 TiB)");
}

// Largest stored tile or strip, decoded.
[[nodiscard]] inline std::int64_t limits_decoded_tile_bytes(const Fields& fields) {
  return read_integer(fields, {"decodedTileBytes", "limits.decodedTileBytes"}, {.min = option_bounds::kLimitsDecodedTileBytesMin, .max = option_bounds::kLimitsDecodedTileBytesMax}, "a positive integer");
}

// Largest stored tile or strip, compressed.
[[nodiscard]] inline std::int64_t limits_stored_tile_bytes(const Fields& fields) {
  return read_integer(fields, {"storedTileBytes", "limits.storedTileBytes"}, {.min = option_bounds::kLimitsStoredTileBytesMin, .max = option_bounds::kLimitsStoredTileBytesMax}, "a positive integer");
}

// Most pages and SubIFDs of a file; a file with more is refused (LIMIT_EXCEEDED).
[[nodiscard]] inline std::int64_t limits_directories(const Fields& fields) {
  return read_integer(fields, {"directories", "limits.directories"}, {.min = option_bounds::kLimitsDirectoriesMin, .max = option_bounds::kLimitsDirectoriesMax}, "a positive integer");
}

// Largest table of tile offsets or sizes.
[[nodiscard]] inline std::int64_t limits_table_bytes(const Fields& fields) {
  return read_integer(fields, {"tableBytes", "limits.tableBytes"}, {.min = option_bounds::kLimitsTableBytesMin, .max = option_bounds::kLimitsTableBytesMax}, "a positive integer");
}

// Largest TIFF tag of text or numbers.
[[nodiscard]] inline std::int64_t limits_metadata_bytes(const Fields& fields) {
  return read_integer(fields, {"metadataBytes", "limits.metadataBytes"}, {.min = option_bounds::kLimitsMetadataBytesMin, .max = option_bounds::kLimitsMetadataBytesMax}, "a positive integer");
}

// Largest region or batch of tiles that one call returns.
[[nodiscard]] inline std::int64_t limits_request_bytes(const Fields& fields) {
  return read_integer(fields, {"requestBytes", "limits.requestBytes"}, {.min = option_bounds::kLimitsRequestBytesMin, .max = option_bounds::kLimitsRequestBytesMax}, "a positive integer");
}

// Type of the values; uint8 gives the samples as they are.
[[nodiscard]] inline preprocess::ElementType type(const Fields& fields) {
  return read_choice<preprocess::ElementType>(fields, {"type", "type"}, {{"float32", preprocess::ElementType::Float32}, {"float16", preprocess::ElementType::Float16}, {"uint8", preprocess::ElementType::Uint8}});
}

}  // namespace microtome::addon::options

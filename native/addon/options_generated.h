// Readers of the options that reach C++, one for each, with the bounds of the table. INVALID_OPTION names the option.
// Made from lib/options/table by scripts/generate-options.mjs; do not edit.
// clang-format off
#pragma once

#include "addon/option_reading.h"
#include "aggregate/aggregate.h"
#include "core/option_bounds.h"
#include "decode/region.h"
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

// Factor of each sample; the input is (sample * scale - mean) / std.
[[nodiscard]] inline double input_scale(const Fields& fields) {
  return read_number(fields, {"scale", "input.scale"}, {.above = option_bounds::kInputScaleAbove, .max = option_bounds::kInputScaleMax}, "a number above 0");
}

// Subtracted from each scaled sample, by channel.
[[nodiscard]] inline std::array<double, 3> input_mean(const Fields& fields) {
  return read_per_channel(fields, {"mean", "input.mean"}, {.min = option_bounds::kInputMeanMin, .max = option_bounds::kInputMeanMax});
}

// Divides each sample after the mean is subtracted, by channel.
[[nodiscard]] inline std::array<double, 3> input_std(const Fields& fields) {
  return read_per_channel(fields, {"std", "input.std"}, {.above = option_bounds::kInputStdAbove, .max = option_bounds::kInputStdMax});
}

// What becomes of the output of a bare .onnx, tile by tile: sigmoid for a single column of logits, softmax for the logits of classes.
[[nodiscard]] inline aggregate::Activation activation(const Fields& fields) {
  return read_choice<aggregate::Activation>(fields, {"activation", "activation"}, {{"none", aggregate::Activation::None}, {"sigmoid", aggregate::Activation::Sigmoid}, {"softmax", aggregate::Activation::Softmax}});
}

// How the values of the tiles become one value for the slide.
[[nodiscard]] inline aggregate::Method head_method(const Fields& fields) {
  return read_choice<aggregate::Method>(fields, {"method", "head.method"}, {{"mean", aggregate::Method::Mean}, {"max", aggregate::Method::Max}, {"topK", aggregate::Method::TopK}, {"quantile", aggregate::Method::Quantile}, {"noisyOr", aggregate::Method::NoisyOr}});
}

// Number of the highest tiles that topK takes the mean of.
[[nodiscard]] inline std::int64_t head_k(const Fields& fields) {
  return read_integer_or_zero(fields, {"k", "head.k"}, {.min = option_bounds::kHeadKMin, .max = option_bounds::kHeadKMax}, "a positive integer");
}

// Share of the tiles that topK takes the mean of, the highest ones, at least one.
[[nodiscard]] inline double head_fraction(const Fields& fields) {
  return read_number_or_zero(fields, {"fraction", "head.fraction"}, {.above = option_bounds::kHeadFractionAbove, .max = option_bounds::kHeadFractionMax}, "a number above 0, at most 1");
}

// Which quantile the method quantile takes, from 0 to 1, linear between ranks.
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

// Distance of neighbouring tiles, in model pixels.
[[nodiscard]] inline std::int64_t tile_stride(const Fields& fields) {
  return read_integer(fields, {"stridePx", "tile.stride"}, {.min = option_bounds::kTileStrideMin, .max = option_bounds::kTileStrideMax}, "an integer from 1 to 16384 pixels");
}

// Which tiles of the grid are scored: by their share of tissue, by tissue at their centre, or all.
[[nodiscard]] inline tiles::KeepRule keep(const Fields& fields) {
  return read_choice<tiles::KeepRule>(fields, {"keep", "keep"}, {{"fraction", tiles::KeepRule::Fraction}, {"centre", tiles::KeepRule::Centre}, {"all", tiles::KeepRule::All}});
}

// Smallest share of tissue of a tile that is scored, with `keep` fraction.
[[nodiscard]] inline double min_tissue_fraction(const Fields& fields) {
  return read_number(fields, {"minTissueFraction", "minTissueFraction"}, {.min = option_bounds::kMinTissueFractionMin, .max = option_bounds::kMinTissueFractionMax}, "a number from 0 to 1");
}

// Longer side of the overview image that tissue is found in.
[[nodiscard]] inline std::int64_t tissue_overview_side(const Fields& fields) {
  return read_integer(fields, {"overviewSidePx", "tissue.overviewSide"}, {.min = option_bounds::kTissueOverviewSideMin, .max = option_bounds::kTissueOverviewSideMax}, "an integer from 64 to 16384 pixels");
}

// Smallest part that counts as tissue, as a share of the overview.
[[nodiscard]] inline double tissue_min_area_fraction(const Fields& fields) {
  return read_number(fields, {"minAreaFraction", "tissue.minAreaFraction"}, {.min = option_bounds::kTissueMinAreaFractionMin, .max = option_bounds::kTissueMinAreaFractionMax}, "a number from 0 to 1");
}

// Most tiles of a slide; where tissue has more, a random choice spread evenly over it is scored.
[[nodiscard]] inline std::int64_t tiles_per_slide(const Fields& fields) {
  return read_integer_or_zero(fields, {"maxTiles", "tilesPerSlide"}, {.min = option_bounds::kTilesPerSlideMin, .max = option_bounds::kTilesPerSlideMax}, "a positive integer");
}

// Random seed for `tilesPerSlide` and `stopping.halfWidth`.
[[nodiscard]] inline std::int64_t seed(const Fields& fields) {
  return read_integer(fields, {"seed", "seed"}, {.min = option_bounds::kSeedMin, .max = option_bounds::kSeedMax}, "a non-negative integer");
}

// Decode JPEG tiles at 1/2, 1/4 or 1/8 of their sides where the resolution is that much coarser than the level.
[[nodiscard]] inline bool scaled_decode(const Fields& fields) { return fields.boolean("scaledDecode"); }

// Stop a slide once its score is known to ± this; only for models whose slide score is the mean over tiles.
[[nodiscard]] inline double stopping_half_width(const Fields& fields) {
  return read_number(fields, {"halfWidth", "stopping.halfWidth"}, {.above = option_bounds::kStoppingHalfWidthAbove, .max = option_bounds::kStoppingHalfWidthMax}, "a number above 0");
}

// Confidence level of `stopping.halfWidth`: how often the interval holds the score of all tiles.
[[nodiscard]] inline double stopping_confidence(const Fields& fields) {
  return read_number(fields, {"confidence", "stopping.confidence"}, {.above = option_bounds::kStoppingConfidenceAbove, .below = option_bounds::kStoppingConfidenceBelow}, "a number above 0 and below 1");
}

// Tiles that are scored before the first look at the interval.
[[nodiscard]] inline std::int64_t stopping_min_tiles(const Fields& fields) {
  return read_integer(fields, {"minTiles", "stopping.minTiles"}, {.min = option_bounds::kStoppingMinTilesMin, .max = option_bounds::kStoppingMinTilesMax}, "a positive integer");
}

// Tiles of one round; after each round is a look at the interval.
[[nodiscard]] inline std::int64_t stopping_every_tiles(const Fields& fields) {
  return read_integer(fields, {"everyTiles", "stopping.everyTiles"}, {.min = option_bounds::kStoppingEveryTilesMin, .max = option_bounds::kStoppingEveryTilesMax}, "an integer from 2 to 65536 tiles");
}

// What a stored tile that cannot be decoded does: fail the slide, or read as white and be counted.
[[nodiscard]] inline decode::BadTilePolicy on_bad_tile(const Fields& fields) {
  return read_choice<decode::BadTilePolicy>(fields, {"onBadTile", "onBadTile"}, {{"error", decode::BadTilePolicy::Error}, {"fill", decode::BadTilePolicy::Fill}});
}

// Tiles that are decoded and handed to the model as one piece of work.
[[nodiscard]] inline std::int64_t batch_size(const Fields& fields) {
  return read_integer(fields, {"batchSize", "batchSize"}, {.min = option_bounds::kBatchSizeMin, .max = option_bounds::kBatchSizeMax}, "an integer from 1 to 65536 tiles");
}

// Give the same bits for any batch size, number of threads and company of other slides.
[[nodiscard]] inline bool reproducible(const Fields& fields) { return fields.boolean("reproducible"); }

// Keep the outputs of every tile in the result.
[[nodiscard]] inline bool tiles(const Fields& fields) { return fields.boolean("keepTiles"); }

// Worker threads; scores do not depend on it.
[[nodiscard]] inline std::int64_t threads(const Fields& fields) {
  return read_integer_or_zero(fields, {"threads", "threads"}, {.min = option_bounds::kThreadsMin, .max = option_bounds::kThreadsMax}, "an integer from 1 to 1024");
}

// Most memory that is used, not counting the model.
[[nodiscard]] inline std::int64_t memory_limit(const Fields& fields) {
  return read_integer(fields, {"memoryBytes", "memoryLimit"}, {.min = option_bounds::kMemoryLimitMin, .max = option_bounds::kMemoryLimitMax}, "a number of bytes from 67108864 (64 MiB) to 70368744177664 (64 TiB)");
}

// Largest stored tile or strip, decoded.
[[nodiscard]] inline std::int64_t limits_decoded_tile_bytes(const Fields& fields) {
  return read_integer(fields, {"decodedTileBytes", "limits.decodedTileBytes"}, {.min = option_bounds::kLimitsDecodedTileBytesMin, .max = option_bounds::kLimitsDecodedTileBytesMax}, "a positive integer");
}

// Largest stored tile or strip, compressed.
[[nodiscard]] inline std::int64_t limits_stored_tile_bytes(const Fields& fields) {
  return read_integer(fields, {"storedTileBytes", "limits.storedTileBytes"}, {.min = option_bounds::kLimitsStoredTileBytesMin, .max = option_bounds::kLimitsStoredTileBytesMax}, "a positive integer");
}

// Most pages and SubIFDs together; a file that has more is LIMIT_EXCEEDED.
[[nodiscard]] inline std::int64_t limits_directories(const Fields& fields) {
  return read_integer(fields, {"directories", "limits.directories"}, {.min = option_bounds::kLimitsDirectoriesMin, .max = option_bounds::kLimitsDirectoriesMax}, "a positive integer");
}

// Largest table of tile offsets or sizes.
[[nodiscard]] inline std::int64_t limits_table_bytes(const Fields& fields) {
  return read_integer(fields, {"tableBytes", "limits.tableBytes"}, {.min = option_bounds::kLimitsTableBytesMin, .max = option_bounds::kLimitsTableBytesMax}, "a positive integer");
}

// Largest text or small-number tag.
[[nodiscard]] inline std::int64_t limits_metadata_bytes(const Fields& fields) {
  return read_integer(fields, {"metadataBytes", "limits.metadataBytes"}, {.min = option_bounds::kLimitsMetadataBytesMin, .max = option_bounds::kLimitsMetadataBytesMax}, "a positive integer");
}

// Largest region or batch of tiles that is handed out.
[[nodiscard]] inline std::int64_t limits_request_bytes(const Fields& fields) {
  return read_integer(fields, {"requestBytes", "limits.requestBytes"}, {.min = option_bounds::kLimitsRequestBytesMin, .max = option_bounds::kLimitsRequestBytesMax}, "a positive integer");
}

// Type of the values; uint8 takes the samples as they are.
[[nodiscard]] inline preprocess::ElementType type(const Fields& fields) {
  return read_choice<preprocess::ElementType>(fields, {"type", "type"}, {{"float32", preprocess::ElementType::Float32}, {"float16", preprocess::ElementType::Float16}, {"uint8", preprocess::ElementType::Uint8}});
}

}  // namespace microtome::addon::options

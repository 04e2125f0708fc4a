// Bounds and defaults of the options that reach C++.
// Made from lib/options/table by scripts/generate-options.mjs; do not edit.
// clang-format off
#pragma once

#include <cstdint>

namespace microtome::option_bounds {

inline constexpr double kInputScaleAbove = 0.0;
inline constexpr double kInputScaleMax = 1000000000.0;
inline constexpr double kInputScaleDefault = 0.00392156862745098;
inline constexpr double kInputMeanMin = -1e+30;
inline constexpr double kInputMeanMax = 1e+30;
inline constexpr double kInputStdAbove = 0.0;
inline constexpr double kInputStdMax = 1000000000.0;
inline constexpr std::int64_t kHeadKMin = 1;
inline constexpr std::int64_t kHeadKMax = 9007199254740991;
inline constexpr double kHeadFractionAbove = 0.0;
inline constexpr double kHeadFractionMax = 1.0;
inline constexpr double kHeadFractionDefault = 0.1;
inline constexpr double kHeadQuantileMin = 0.0;
inline constexpr double kHeadQuantileMax = 1.0;
inline constexpr double kMppMin = 0.000001;
inline constexpr double kMppMax = 1000000.0;
inline constexpr std::int64_t kLevelMin = 0;
inline constexpr std::int64_t kLevelMax = 1000000;
inline constexpr double kSlideMppMin = 0.000001;
inline constexpr double kSlideMppMax = 1000000.0;
inline constexpr std::int64_t kTileSizeMin = 1;
inline constexpr std::int64_t kTileSizeMax = 16384;
inline constexpr std::int64_t kTileStrideMin = 1;
inline constexpr std::int64_t kTileStrideMax = 16384;
inline constexpr double kMinTissueFractionMin = 0.0;
inline constexpr double kMinTissueFractionMax = 1.0;
inline constexpr double kMinTissueFractionDefault = 0.25;
inline constexpr std::int64_t kTissueOverviewSideMin = 64;
inline constexpr std::int64_t kTissueOverviewSideMax = 16384;
inline constexpr std::int64_t kTissueOverviewSideDefault = 2048;
inline constexpr double kTissueMinAreaFractionMin = 0.0;
inline constexpr double kTissueMinAreaFractionMax = 1.0;
inline constexpr double kTissueMinAreaFractionDefault = 0.00001;
inline constexpr std::int64_t kTilesPerSlideMin = 1;
inline constexpr std::int64_t kTilesPerSlideMax = 9007199254740991;
inline constexpr std::int64_t kSeedMin = 0;
inline constexpr std::int64_t kSeedMax = 9007199254740991;
inline constexpr std::int64_t kSeedDefault = 0;
inline constexpr double kStoppingHalfWidthAbove = 0.0;
inline constexpr double kStoppingHalfWidthMax = 1e+300;
inline constexpr double kStoppingConfidenceAbove = 0.0;
inline constexpr double kStoppingConfidenceBelow = 1.0;
inline constexpr double kStoppingConfidenceDefault = 0.95;
inline constexpr std::int64_t kStoppingMinTilesMin = 1;
inline constexpr std::int64_t kStoppingMinTilesMax = 9007199254740991;
inline constexpr std::int64_t kStoppingMinTilesDefault = 256;
inline constexpr std::int64_t kStoppingEveryTilesMin = 2;
inline constexpr std::int64_t kStoppingEveryTilesMax = 65536;
inline constexpr std::int64_t kStoppingEveryTilesDefault = 128;
inline constexpr std::int64_t kBatchSizeMin = 1;
inline constexpr std::int64_t kBatchSizeMax = 65536;
inline constexpr std::int64_t kBatchSizeDefault = 16;
inline constexpr std::int64_t kThreadsMin = 1;
inline constexpr std::int64_t kThreadsMax = 1024;
inline constexpr std::int64_t kMemoryLimitMin = 67108864;
inline constexpr std::int64_t kMemoryLimitMax = 70368744177664;
inline constexpr std::int64_t kMemoryLimitDefault = 1073741824;
inline constexpr std::int64_t kGpuMemoryLimitMin = 67108864;
inline constexpr std::int64_t kGpuMemoryLimitMax = 70368744177664;
inline constexpr std::int64_t kLimitsDecodedTileBytesMin = 1;
inline constexpr std::int64_t kLimitsDecodedTileBytesMax = 9007199254740991;
inline constexpr std::int64_t kLimitsDecodedTileBytesDefault = 134217728;
inline constexpr std::int64_t kLimitsStoredTileBytesMin = 1;
inline constexpr std::int64_t kLimitsStoredTileBytesMax = 9007199254740991;
inline constexpr std::int64_t kLimitsStoredTileBytesDefault = 67108864;
inline constexpr std::int64_t kLimitsDirectoriesMin = 1;
inline constexpr std::int64_t kLimitsDirectoriesMax = 9007199254740991;
inline constexpr std::int64_t kLimitsDirectoriesDefault = 512;
inline constexpr std::int64_t kLimitsTableBytesMin = 1;
inline constexpr std::int64_t kLimitsTableBytesMax = 9007199254740991;
inline constexpr std::int64_t kLimitsTableBytesDefault = 268435456;
inline constexpr std::int64_t kLimitsMetadataBytesMin = 1;
inline constexpr std::int64_t kLimitsMetadataBytesMax = 9007199254740991;
inline constexpr std::int64_t kLimitsMetadataBytesDefault = 16777216;
inline constexpr std::int64_t kLimitsRequestBytesMin = 1;
inline constexpr std::int64_t kLimitsRequestBytesMax = 9007199254740991;
inline constexpr std::int64_t kLimitsRequestBytesDefault = 1073741824;

}  // namespace microtome::option_bounds

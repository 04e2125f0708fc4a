// How many items of a job one worker claims at a time.
#pragma once

#include <cstdint>

namespace microtome::engine {

inline constexpr std::int64_t kClaimTiles = 32;  // at most; enough neighbours for one read of their compressed bytes
// Claims whose bytes are under way at once, where they come later: enough to hide tens of milliseconds a read.
inline constexpr int kClaimsAhead = 16;
// Asked for with the claim that is first to miss its bytes, at most; half of what is claimed ahead, so that the block
// is claimed before it is needed.
inline constexpr std::int64_t kBlockTiles = kClaimsAhead * kClaimTiles / 2;
inline constexpr std::int64_t kClaimsAtLeast = 4;  // of each worker, so that the last claims end at about the same time
// Of one batch of a device: with large claims so many batches would be filled at once that none is left to be run.
inline constexpr std::int64_t kClaimsOfBatch = 8;
inline constexpr std::int64_t kLeastClaim = 4;

}  // namespace microtome::engine

// Damaged stored tiles: what codecs throw, which errors are meant by it, and what the caller may choose to do.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "core/error.h"

namespace microtome::decode {

// What the codecs throw for a stored tile that cannot be decoded. They do not know which tile it is; TileDecoder turns
// this into CORRUPT_TILE with the path and the address.
class BadTile : public std::runtime_error {
 public:
  explicit BadTile(const std::string& why) : std::runtime_error(why) {}
};

// A JPEG of a process that nobody here decodes, which its frame header names. Whether the tile is damaged or the whole
// level is stored so, TileDecoder finds out.
class UnknownJpegProcess : public BadTile {
 public:
  using BadTile::BadTile;
};

// The JPEG tables that the slide keeps for all tiles of a level are damaged: no tile is to blame.
class BadJpegTables : public BadTile {
 public:
  using BadTile::BadTile;
};

// What to do about a stored tile that is damaged (see is_bad_tile): stop, or leave it white and count it.
enum class BadTilePolicy : std::uint8_t { Error, Fill };

// Whether an error says that one stored tile is damaged: CORRUPT_TILE or TRUNCATED, with the tile's address. Anything
// else (memory, limits, a missing library, a disk that fails) concerns more than the tile and is never filled over.
[[nodiscard]] inline bool is_bad_tile(const Error& error) noexcept {
  return error.tile().has_value() && (error.code() == Code::CORRUPT_TILE || error.code() == Code::TRUNCATED);
}

}  // namespace microtome::decode

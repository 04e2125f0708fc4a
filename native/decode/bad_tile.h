// What the codecs throw for a stored tile that cannot be decoded. They do not know which tile it is; TileDecoder turns
// this into CORRUPT_TILE with the path and the address.
#pragma once

#include <stdexcept>
#include <string>

namespace microtome::decode {

class BadTile : public std::runtime_error {
 public:
  explicit BadTile(const std::string& why) : std::runtime_error(why) {}
};

}  // namespace microtome::decode

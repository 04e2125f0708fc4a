#include "decode/tile_errors.h"

#include <new>
#include <string>
#include <utility>

#include "decode/bad_tile.h"
#include "decode/jpeg_process.h"

namespace microtome::decode {
namespace {

std::string tile_name(TileAddress address) {
  const std::string where = "column " + std::to_string(address.column) + ", row " + std::to_string(address.row);
  return address.level < 0 ? "the tile of an associated image at " + where
                           : "the tile at level " + std::to_string(address.level) + ", " + where;
}

std::string level_name(TileAddress address) {
  return address.level < 0 ? "the associated image" : "level " + std::to_string(address.level);
}

Error unknown_process(const TilePlace& place, const UnknownJpegProcess& process) {
  const std::string& path = place.slide.source().name();
  if (another_jpeg_decodes(place.slide, place.storage, place.directory, place.address))
    return Error(Code::CORRUPT_TILE, Stage::Decode,
                 tile_name(place.address) + " cannot be decoded: its header says " + process.what() +
                     ", other tiles are baseline, extended or progressive JPEG")
        .with_path(path)
        .with_tile(place.address);
  return Error(Code::UNSUPPORTED_COMPRESSION, Stage::Decode,
               level_name(place.address) + " is stored as " + process.what() +
                   ", expected baseline, extended or progressive JPEG of 8 bits with Huffman codes",
               "convert the slide, for example to baseline JPEG")
      .with_path(path)
      .with_tile(place.address);
}

}  // namespace

void rethrow_at(const TilePlace& place) {
  const std::string& path = place.slide.source().name();
  const TileAddress address = place.address;
  try {
    throw;
  } catch (const UnknownJpegProcess& process) {
    throw unknown_process(place, process);
  } catch (const BadJpegTables& tables) {
    // No tile is to blame, and none is named.
    throw Error(Code::NOT_A_SLIDE, Stage::Decode,
                "the JPEG tables of " + level_name(address) + " (tag JPEGTables) are damaged: " + tables.what(),
                "the file is damaged: restore it")
        .with_path(path);
  } catch (const BadTile& bad) {
    throw Error(Code::CORRUPT_TILE, Stage::Decode, tile_name(address) + " cannot be decoded: " + bad.what())
        .with_path(path)
        .with_tile(address);
  } catch (const Error& error) {
    // Damaged tables, found below a tile that is put together of several: still no tile to blame.
    const bool has_place = error.code() == Code::NOT_A_SLIDE && !error.path().empty();
    if (error.tile() || has_place) throw;
    throw Error(error.code(), error.stage(), tile_name(address) + ": " + error.found(), error.advice())
        .with_path(path)
        .with_tile(address);
  } catch (const std::bad_alloc&) {
    throw Error(Code::OUT_OF_MEMORY, Stage::Decode, "no memory is left to decode " + tile_name(address))
        .with_path(path)
        .with_tile(address);
  }
}

slide::StoredTile find_tile(const slide::Slide& slide, std::size_t directory, TileAddress address, int part) {
  try {
    return slide.stored_tile(directory, address.column, address.row, part);
  } catch (Error& error) {
    throw std::move(error).with_path(slide.source().name()).with_tile(address);
  }
}

}  // namespace microtome::decode

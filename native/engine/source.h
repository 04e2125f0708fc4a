// The first seam: a list of items of one kind, and how an item becomes a row of an encoder's input. A position counts
// in the order in which the items are best worked on; index_of() says which item of the list it is.
#pragma once

#include <cstdint>
#include <memory>

#include "core/cancel_token.h"
#include "engine/coded_rows.h"
#include "engine/range.h"
#include "engine/tile_reader.h"
#include "preprocess/preprocess.h"

namespace microtome::engine {

// Where the rows of a range go, one after another.
struct Destination {
  std::uint8_t* rows = nullptr;
  // How a row is made of pixels. Null: rows are RGB pixels, 8 bit, interleaved (what a device takes that preprocesses).
  const preprocess::TensorFormat* tensor = nullptr;
  // Not null: rows are of this kind, for a device that decodes. `tensor` is null then.
  const CodedRows* coded = nullptr;
  // With `coded`: whether rows may be JPEG. False: all are pixels.
  bool may_be_jpeg = true;
};

class Source {
 public:
  virtual ~Source() = default;

  [[nodiscard]] virtual std::int64_t size() const noexcept = 0;
  [[nodiscard]] virtual std::size_t index_of(std::int64_t position) const noexcept = 0;

  // Makes the bytes ready that fill() needs for these positions. A file's are read where that saves calls. Where they
  // come later it throws BytesPending, and is called again when they are here; they stay here until release().
  virtual void fetch(TileReader& reader, Range range) const = 0;
  // What fetch() made ready is no longer needed.
  virtual void release(TileReader& reader) const noexcept = 0;

  // Decodes and preprocesses. Between fetch() and release() of a range that holds this one; any part of it, once.
  // Throws CANCELLED, and what the items' decoders throw.
  virtual void fill(TileReader& reader, const CancelToken& cancel, Range range, const Destination& to) = 0;
};

}  // namespace microtome::engine

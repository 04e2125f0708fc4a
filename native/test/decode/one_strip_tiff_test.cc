// The small files given to libvips, read back with the slide reader.
#include "decode/one_strip_tiff.h"

#include "test/decode/codec_support.h"

namespace {

using namespace microtome;
using namespace microtome::decode;
using namespace microtome::test;
using slide::Compression;

TEST(what_was_declared_is_read_back) {
  for (const bool big_endian : {false, true})
    for (const Compression compression : {Compression::None, Compression::Lzw, Compression::Deflate})
      for (const int samples : {1, 2, 3, 4, 5})
        for (const int bits : {8, 16}) {
          slide::Storage from;
          from.big_endian = big_endian;
          from.compression = compression;
          from.predictor = 2;
          const StripShape shape{33, 21, samples, bits};
          const std::size_t tile_bytes = 33 * 21 * 10;  // enough for every shape
          Bytes file = one_strip_header(shape, from, tile_bytes);
          const std::size_t header = file.size();
          file.resize(header + tile_bytes);
          const auto opened = slide::Slide::open(std::make_shared<MemorySource>(file, "one strip"));
          const auto& storage = opened->levels().at(0).storage;
          CHECK_EQ(storage.width_px, 33);
          CHECK_EQ(storage.height_px, 21);
          CHECK_EQ(storage.tile_width_px, 33);
          CHECK_EQ(storage.tile_height_px, 21);
          CHECK(!storage.tiled);
          CHECK_EQ(storage.samples, samples);
          CHECK_EQ(storage.bits, bits);
          CHECK_EQ(storage.big_endian, big_endian);
          CHECK(storage.compression == compression);
          CHECK(storage.alpha == slide::Alpha::None);
          CHECK_EQ(storage.predictor, compression == Compression::Lzw || compression == Compression::Deflate ? 2 : 1);
          const slide::StoredTile tile = opened->stored_tile(opened->levels()[0].directory, 0, 0, 0);
          CHECK_EQ(tile.offset, header);
          CHECK_EQ(tile.bytes, tile_bytes);
        }
}

}  // namespace

TEST_MAIN

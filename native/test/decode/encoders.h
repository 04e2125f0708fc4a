// Encoders for the tests of the codecs: LZW by ourselves, the others by the libraries that are compiled in.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include "test/decode/codec_support.h"
#ifdef MICROTOME_WITH_DEFLATE
#include <libdeflate.h>
#endif
#ifdef MICROTOME_WITH_ZSTD
#include <zstd.h>
#endif
#ifdef MICROTOME_WITH_WEBP
#include <webp/encode.h>
#endif
#ifdef MICROTOME_WITH_JPEG2000
#include <openjpeg.h>
#endif

namespace microtome::test {

// What an LZW stream is made of, before it is packed into bits.
class LzwWriter {
 public:
  explicit LzwWriter(bool old_style) : old_(old_style) {}

  void put(std::uint32_t code, int width) {
    if (old_) {
      bits_ |= static_cast<std::uint64_t>(code) << held_;
      for (held_ += width; held_ >= 8; held_ -= 8, bits_ >>= 8) out_.push_back(static_cast<std::uint8_t>(bits_));
      return;
    }
    bits_ = bits_ << width | code;
    for (held_ += width; held_ >= 8; held_ -= 8) out_.push_back(static_cast<std::uint8_t>(bits_ >> (held_ - 8)));
  }
  Bytes finish() {
    if (held_ > 0) out_.push_back(static_cast<std::uint8_t>(old_ ? bits_ : bits_ << (8 - held_)));
    return std::move(out_);
  }

 private:
  bool old_;
  std::uint64_t bits_ = 0;
  int held_ = 0;
  Bytes out_;
};

struct LzwOptions {
  bool old_style = false;      // bits from the low end, widths change one code later
  std::uint32_t clear_at = 0;  // entries before a clear code; 0: when the next code would not fit
  bool end_code = true;
};

// The textbook encoder with a table of strings.
inline Bytes lzw_encode(const Bytes& data, LzwOptions options = {}) {
  constexpr std::uint32_t kClear = 256, kEnd = 257, kFirst = 258;
  const std::uint32_t early = options.old_style ? 0 : 1;
  const std::uint32_t clear_at = options.clear_at != 0 ? options.clear_at : 4095 - early;
  LzwWriter writer(options.old_style);
  std::map<std::pair<std::uint32_t, std::uint8_t>, std::uint32_t> table;  // string and next byte to code
  std::uint32_t next = kFirst;
  int width = 9;
  writer.put(kClear, width);
  // The decoder adds its entry one code later than the encoder.
  const auto grow = [&] {
    const std::uint32_t decoder_next = next;
    width = 9;
    while (width < 12 && decoder_next + early > (1u << width)) ++width;
  };
  std::uint32_t string = 0;
  bool has_string = false;
  for (const std::uint8_t byte : data) {
    if (!has_string) {
      string = byte;
      has_string = true;
      continue;
    }
    const auto found = table.find({string, byte});
    if (found != table.end()) {
      string = found->second;
      continue;
    }
    writer.put(string, width);
    if (next <= 4095) table[{string, byte}] = next;
    ++next;
    grow();
    string = byte;
    if (next > clear_at) {
      writer.put(string, width);
      has_string = false;
      ++next;
      grow();
      writer.put(kClear, width);
      table.clear();
      next = kFirst;
      width = 9;
    }
  }
  if (has_string) {
    writer.put(string, width);
    ++next;
    grow();
  }
  if (options.end_code) writer.put(kEnd, width);
  return writer.finish();
}

// zlib's wrapping; without libdeflate its blocks are stored.
inline Bytes deflate_encode(const Bytes& data) {
#ifdef MICROTOME_WITH_DEFLATE
  libdeflate_compressor* compressor = libdeflate_alloc_compressor(6);
  Bytes out(libdeflate_zlib_compress_bound(compressor, data.size()));
  out.resize(libdeflate_zlib_compress(compressor, data.data(), data.size(), out.data(), out.size()));
  libdeflate_free_compressor(compressor);
  return out;
#else
  return deflate_stored(data);
#endif
}

#ifdef MICROTOME_WITH_ZSTD
// With the content's size in the frame's header, or without it, as writers do that stream.
inline Bytes zstd_encode(const Bytes& data, bool with_size = true) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  Bytes out(ZSTD_compressBound(data.size()));
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, with_size ? 1 : 0);
  const std::size_t bytes = ZSTD_compress2(context, out.data(), out.size(), data.data(), data.size());
  ZSTD_freeCCtx(context);
  if (ZSTD_isError(bytes)) throw std::runtime_error("the test's ZSTD frame could not be made");
  out.resize(bytes);
  return out;
}
#endif

#ifdef MICROTOME_WITH_WEBP
// `samples` 3 or 4. A quality below 0 is lossless and keeps the colours of transparent pixels.
inline Bytes webp_encode(const Bytes& pixels, int width, int height, int samples, float quality = -1) {
  WebPConfig config;
  WebPPicture picture;
  if (WebPConfigInit(&config) == 0 || WebPPictureInit(&picture) == 0) throw std::runtime_error("libwebp");
  if (quality < 0) {
    config.lossless = 1;
    config.exact = 1;
  } else {
    config.quality = quality;
  }
  picture.width = width;
  picture.height = height;
  picture.use_argb = 1;
  WebPMemoryWriter writer;
  WebPMemoryWriterInit(&writer);
  picture.writer = WebPMemoryWrite;
  picture.custom_ptr = &writer;
  const int imported = samples == 4 ? WebPPictureImportRGBA(&picture, pixels.data(), 4 * width)
                                    : WebPPictureImportRGB(&picture, pixels.data(), 3 * width);
  const bool made = imported != 0 && WebPEncode(&config, &picture) != 0;
  Bytes out;
  if (made) out.assign(writer.mem, writer.mem + writer.size);
  WebPPictureFree(&picture);
  WebPMemoryWriterClear(&writer);
  if (!made) throw std::runtime_error("the test's WebP picture could not be made");
  return out;
}
#endif

#ifdef MICROTOME_WITH_JPEG2000
struct Jpeg2000Options {
  int bits = 8;
  bool is_signed = false;
  bool component_transform = false;
  int chroma_dx = 1;  // of the second and third component
  int chroma_dy = 1;
  int tile_px = 0;  // tiles inside the codestream; 0: one
  bool boxes = false;
};

// Reversible, from one plane per component (the smaller ones already subsampled).
inline Bytes jpeg2000_encode(const std::vector<std::vector<int>>& planes, int width, int height,
                             Jpeg2000Options options = {}) {
  std::vector<opj_image_cmptparm_t> parameters(planes.size());
  for (std::size_t c = 0; c < planes.size(); ++c) {
    auto& one = parameters[c];
    std::memset(&one, 0, sizeof one);
    const bool chroma = c == 1 || c == 2;
    one.dx = static_cast<OPJ_UINT32>(chroma ? options.chroma_dx : 1);
    one.dy = static_cast<OPJ_UINT32>(chroma ? options.chroma_dy : 1);
    one.w = (static_cast<OPJ_UINT32>(width) + one.dx - 1) / one.dx;
    one.h = (static_cast<OPJ_UINT32>(height) + one.dy - 1) / one.dy;
    one.prec = static_cast<OPJ_UINT32>(options.bits);
    one.sgnd = options.is_signed ? 1 : 0;
  }
  opj_image_t* image = opj_image_create(static_cast<OPJ_UINT32>(planes.size()), parameters.data(),
                                        planes.size() >= 3 ? OPJ_CLRSPC_SRGB : OPJ_CLRSPC_GRAY);
  image->x1 = static_cast<OPJ_UINT32>(width);
  image->y1 = static_cast<OPJ_UINT32>(height);
  for (std::size_t c = 0; c < planes.size(); ++c) std::copy(planes[c].begin(), planes[c].end(), image->comps[c].data);
  opj_cparameters_t settings;
  opj_set_default_encoder_parameters(&settings);
  settings.tcp_numlayers = 1;
  settings.cp_disto_alloc = 1;
  settings.tcp_mct = options.component_transform ? 1 : 0;
  settings.numresolution = 3;
  if (options.tile_px != 0) {
    settings.tile_size_on = OPJ_TRUE;
    settings.cp_tdx = settings.cp_tdy = options.tile_px;
  }
  opj_codec_t* codec = opj_create_compress(options.boxes ? OPJ_CODEC_JP2 : OPJ_CODEC_J2K);
  std::pair<Bytes, std::size_t> file{{}, 0};
  opj_stream_t* stream = opj_stream_create(1 << 16, OPJ_FALSE);
  opj_stream_set_user_data(stream, &file, nullptr);
  opj_stream_set_write_function(stream, [](void* from, OPJ_SIZE_T bytes, void* self) -> OPJ_SIZE_T {
    auto& [data, at] = *static_cast<std::pair<Bytes, std::size_t>*>(self);
    data.resize(std::max(data.size(), at + bytes));
    std::memcpy(data.data() + at, from, bytes);
    at += bytes;
    return bytes;
  });
  opj_stream_set_seek_function(stream, [](OPJ_OFF_T to, void* self) -> OPJ_BOOL {
    static_cast<std::pair<Bytes, std::size_t>*>(self)->second = static_cast<std::size_t>(to);
    return OPJ_TRUE;
  });
  opj_stream_set_skip_function(stream, [](OPJ_OFF_T bytes, void* self) -> OPJ_OFF_T {
    static_cast<std::pair<Bytes, std::size_t>*>(self)->second += static_cast<std::size_t>(bytes);
    return bytes;
  });
  const bool made = opj_setup_encoder(codec, &settings, image) && opj_start_compress(codec, image, stream) &&
                    opj_encode(codec, stream) && opj_end_compress(codec, stream);
  opj_stream_destroy(stream);
  opj_destroy_codec(codec);
  opj_image_destroy(image);
  if (!made) throw std::runtime_error("the test's JPEG 2000 stream could not be made");
  return file.first;
}

// Interleaved 8-bit samples as planes.
inline std::vector<std::vector<int>> planes_of(const Bytes& pixels, std::size_t samples) {
  std::vector<std::vector<int>> planes(samples);
  for (std::size_t i = 0; i < pixels.size(); ++i) planes[i % samples].push_back(pixels[i]);
  return planes;
}
#endif

}  // namespace microtome::test

#include "decode/codecs.h"

#include <array>
#include <mutex>
#include <utility>

#include "core/error.h"
#include "decode/bad_tile.h"
#include "decode/built_in_codecs.h"
#include "decode/codec_libraries.h"
#include "decode/codec_probes.h"
#include "decode/one_strip_tiff.h"
#include "decode/tile_codecs.h"
#include "decode/vips_decoder.h"
#include "decode/vips_library.h"

namespace microtome::decode {
namespace {

using slide::Compression;
using slide::Photometric;
using slide::Storage;

bool try_probe(const Vips& api, Compression compression) {
  const CodecProbe probe = codec_probe(compression);
  if (probe.tile.empty()) return false;
  Storage storage;
  storage.compression = compression;
  const StripShape shape{probe.side_px, probe.side_px, 3, 8};
  std::vector<std::uint8_t> file = one_strip_header(shape, storage, probe.tile.size());
  file.insert(file.end(), probe.tile.begin(), probe.tile.end());
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(3 * probe.side_px * probe.side_px));
  try {
    decode_with_vips(api, file, shape, pixels);
  } catch (const BadTile&) {
    return false;
  }
  for (std::size_t i = 0; i < pixels.size(); ++i)
    if (pixels[i] != 10 * (i % 3 + 1)) return false;
  return true;
}

[[noreturn]] void refuse_pixels(const std::string& what, const std::string& path) {
  throw Error(Code::UNSUPPORTED_PIXELS, Stage::Decode, what).with_path(path);
}

// Combinations that are legal TIFF but for which no decoder here gives the right colours.
void require_pixels(const Storage& storage, const std::string& path) {
  const auto found = [&](const char* what) {
    return std::string(what) + " (" + codec_title(storage.compression) + ", " + std::to_string(storage.samples) +
           " samples of " + std::to_string(storage.bits) + " bits" + (storage.planar ? ", planar)" : ")");
  };
  const bool color = storage.photometric == Photometric::Rgb || storage.photometric == Photometric::YCbCr;
  if (storage.bits != 8 && storage.bits != 16) refuse_pixels(found("found samples that are not 8 or 16 bits"), path);
  if (storage.samples < (color ? 3 : 1)) refuse_pixels(found("found fewer samples than the colours need"), path);
  const bool jpeg = storage.compression == Compression::Jpeg;
  if (jpeg && storage.bits != 8) refuse_pixels(found("found JPEG tiles that are not 8-bit"), path);
  if (jpeg && !storage.planar && storage.samples != 1 && !(color && storage.samples == 3))
    refuse_pixels(found("expected JPEG tiles of one grey or three colour samples"), path);
  if (storage.photometric == Photometric::YCbCr && !(jpeg && !storage.planar) &&
      !slide::is_jpeg2000(storage.compression))
    refuse_pixels(found("YCbCr is read from tiles of JPEG and JPEG 2000 only"), path);
  const bool webp_fits = storage.bits == 8 && !storage.planar && (storage.samples == 3 || storage.samples == 4);
  if (storage.compression == Compression::WebP && !webp_fits)
    refuse_pixels(found("expected WebP tiles of three or four 8-bit samples"), path);
}

}  // namespace

const char* codec_title(Compression compression) noexcept {
  switch (compression) {
    case Compression::None:
      return "uncompressed";
    case Compression::Jpeg:
      return "JPEG";
    case Compression::Lzw:
      return "LZW";
    case Compression::Deflate:
      return "Deflate";
    case Compression::Zstd:
      return "ZSTD";
    case Compression::WebP:
      return "WebP";
    case Compression::Jpeg2000YCbCr:
    case Compression::Jpeg2000Lossy:
    case Compression::Jpeg2000Rgb:
    case Compression::Jpeg2000:
      return "JPEG 2000";
    case Compression::Rendered:
      return "pixels of a driver";
  }
  return "unknown";
}

bool vips_decodes(Compression compression) {
  constexpr std::size_t kCompressions = static_cast<std::size_t>(Compression::Rendered) + 1;
  static std::array<std::once_flag, kCompressions> tried;
  static std::array<bool, kCompressions> works{};
  const Vips& api = vips();  // before the flag: a missing library is not an answer
  // Where it has OpenJPEG it takes every colour for YCbCr.
  if (slide::is_jpeg2000(compression)) return false;
  const auto index = static_cast<std::size_t>(compression);
  std::call_once(tried[index], [&] { works[index] = try_probe(api, compression); });
  return works[index];
}

std::vector<CodecSource> available_codecs() {
  std::vector<CodecSource> all{{"none", "microtome", "", true}};
  const CodecReport jpeg = jpeg_report();
  all.push_back({"jpeg", jpeg.loaded ? "libjpeg-turbo" : "", jpeg.version, false});
  const std::array<std::pair<Compression, const char*>, 5> others{{{Compression::Lzw, "lzw"},
                                                                   {Compression::Deflate, "deflate"},
                                                                   {Compression::Zstd, "zstd"},
                                                                   {Compression::WebP, "webp"},
                                                                   {Compression::Jpeg2000, "jpeg2000"}}};
  for (const auto& [compression, name] : others) {
    if (const BuiltInCodec* const own = built_in_codec(compression)) {
      all.push_back({name, own->library, own->version, true});
      continue;
    }
    const CodecReport vips_found = vips_report();
    const bool decodes = vips_found.loaded && vips_decodes(compression);
    all.push_back({name, decodes ? "libvips" : "", decodes ? vips_found.version : "", false});
  }
  return all;
}

void require_codec(const slide::Slide& slide, const Storage& storage, std::size_t directory) {
  require_codec(storage, slide.source().name());
  for (const slide::LaidPage& page : slide.laid_pages(directory)) require_codec(page.storage, slide.source().name());
}

void require_codec(const Storage& storage, const std::string& path) {
  if (storage.compression == Compression::Rendered) return;  // by the slide's driver
  require_pixels(storage, path);
  if (TileCodecs::decodes(storage.compression)) return;
  try {
    if (storage.compression == Compression::Jpeg) {
      (void)turbojpeg();
      return;
    }
    if (vips_decodes(storage.compression)) return;
  } catch (Error& error) {
    throw std::move(error).with_path(path);
  }
  throw Error(Code::UNSUPPORTED_COMPRESSION, Stage::Decode,
              std::string("the tiles are compressed with ") + codec_title(storage.compression) +
                  ", which neither this build of the addon nor libvips " + vips().version + " (" + vips().path +
                  ") decodes")
      .with_path(path);
}

}  // namespace microtome::decode

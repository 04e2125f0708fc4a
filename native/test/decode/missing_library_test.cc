// What happens without the codec libraries. Its own process, since a library once opened stays.
#include "decode/built_in_codecs.h"
#include "test/decode/codec_support.h"

namespace {

using namespace microtome;
using namespace microtome::decode;
using namespace microtome::test;
using slide::Compression;

bool message_names(const slide::Storage& storage, const char* part) {
  try {
    require_codec(storage, "slide.tif");
  } catch (const Error& error) {
    return error.code() == Code::RUNTIME_MISSING && error.path() == "slide.tif" &&
           error.message().find(part) != std::string::npos;
  }
  return false;
}

// What is not compiled in needs libvips; what is needs nothing.
bool is_decoded_or_names(Compression compression, const char* part) {
  if (built_in_codec(compression) == nullptr) return message_names(storage_of(4, 4, 4, 4, compression), part);
  require_codec(storage_of(4, 4, 4, 4, compression), "slide.tif");
  return true;
}

constexpr Compression kOptional[] = {Compression::Deflate, Compression::Zstd, Compression::WebP, Compression::Jpeg2000};

TEST(missing_libraries_are_named_and_the_rest_works) {
  auto rgb = storage_of(4, 4, 4, 4, Compression::None);
  CHECK(decode_single(rgb, {picture(4, 4)}) == picture(4, 4));
  CHECK(message_names(storage_of(4, 4, 4, 4, Compression::Jpeg), "libturbojpeg"));
  CHECK(decode_single(storage_of(4, 4, 4, 4, Compression::Lzw), {lzw_literals(picture(4, 4))}) == picture(4, 4));
  for (const Compression one : kOptional) CHECK(is_decoded_or_names(one, "libvips"));

  set_codec_paths({"/nonexistent/libturbojpeg.so.0", "/nonexistent/libvips-cpp.so"});
  set_codec_paths({"/other", "/other"});  // the first ones stand
  CHECK(message_names(storage_of(4, 4, 4, 4, Compression::Jpeg), "/nonexistent/libturbojpeg.so.0"));
  for (int round = 0; round < 2; ++round)
    for (const Compression one : kOptional) CHECK(is_decoded_or_names(one, "/nonexistent/libvips-cpp.so"));
  CHECK_THROWS(RUNTIME_MISSING, decode_single(storage_of(4, 4, 4, 4, Compression::Jpeg), {Bytes(10)}));

  const CodecReport report = jpeg_report();
  CHECK(!report.loaded);
  CHECK_EQ(report.path, "/nonexistent/libturbojpeg.so.0");
  CHECK(!report.error.empty());
  for (const CodecSource& one : available_codecs()) {
    CHECK_EQ(one.library.empty(), !one.built_in);
    CHECK(one.codec != "jpeg" || one.library.empty());
    CHECK(one.codec != "none" || one.built_in);
  }
  leave_thread();
  CHECK(decode_single(rgb, {picture(4, 4)}) == picture(4, 4));
}

}  // namespace

TEST_MAIN

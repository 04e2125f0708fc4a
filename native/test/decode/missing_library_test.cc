// What happens without the codec libraries. Its own process, since a library once opened stays.
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

TEST(missing_libraries_are_named_and_the_rest_works) {
  auto rgb = storage_of(4, 4, 4, 4, Compression::None);
  CHECK(decode_single(rgb, {picture(4, 4)}) == picture(4, 4));
  CHECK(message_names(storage_of(4, 4, 4, 4, Compression::Jpeg), "libturbojpeg"));
  CHECK(message_names(storage_of(4, 4, 4, 4, Compression::Lzw), "libvips"));

  set_codec_paths({"/nonexistent/libturbojpeg.so.0", "/nonexistent/libvips-cpp.so"});
  set_codec_paths({"/other", "/other"});  // the first ones stand
  CHECK(message_names(storage_of(4, 4, 4, 4, Compression::Jpeg), "/nonexistent/libturbojpeg.so.0"));
  CHECK(message_names(storage_of(4, 4, 4, 4, Compression::Deflate), "/nonexistent/libvips-cpp.so"));
  CHECK(message_names(storage_of(4, 4, 4, 4, Compression::Deflate), "/nonexistent/libvips-cpp.so"));
  CHECK_THROWS(RUNTIME_MISSING, decode_single(storage_of(4, 4, 4, 4, Compression::Jpeg), {Bytes(10)}));

  const CodecReport report = jpeg_report();
  CHECK(!report.loaded);
  CHECK_EQ(report.path, "/nonexistent/libturbojpeg.so.0");
  CHECK(!report.error.empty());
  CHECK(available_codecs() == std::vector<std::string>{"none"});
  leave_thread();
  CHECK(decode_single(rgb, {picture(4, 4)}) == picture(4, 4));
}

}  // namespace

TEST_MAIN

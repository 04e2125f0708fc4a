// icc_tool SLIDE BEFORE AFTER: writes level 0 of a slide as raw RGB, as it is and with the slide's ICC profile applied.
// MICROTOME_JPEG_LIBRARY and MICROTOME_VIPS_LIBRARY name the libraries.
#include "decode/codec_libraries.h"
#include "decode/icc.h"
#include "decode/region.h"
#include "slide/slide.h"
#include "test/tools/raw_rgb.h"

using namespace microtome;

namespace {

std::string path_in(const char* variable) {
  const char* path = std::getenv(variable);
  return path == nullptr ? "" : path;
}

}  // namespace

int main(int count, char** words) {
  return test::run_tool([&] {
    if (count != 4) throw Error(Code::INVALID_OPTION, Stage::Options, "expected a slide and two outputs");
    decode::set_codec_paths({path_in("MICROTOME_JPEG_LIBRARY"), path_in("MICROTOME_VIPS_LIBRARY")});
    const auto slide = slide::Slide::open(slide::open_file(words[1]));
    const auto& storage = slide->levels().front().storage;
    decode::TileDecoder decoder;
    decode::RegionReader reader(*slide, decode::picture_of_level(*slide, 0),
                                {0, 0, storage.width_px, storage.height_px});
    decode::Region region = reader.read(decoder, nullptr);
    test::write_bytes(words[2], region.image.data);
    decode::IccTransform(slide->icc_profile()).apply(region.image.view());
    test::write_bytes(words[3], region.image.data);
  });
}

// OpenJPEG's archive prints, reads the environment and ends the process where one of its assertions fails. The build
// renames those symbols inside a copy of the archive (cmake/Codecs.cmake) to the ones of codec_jpeg2000.cc, which do
// not.
#pragma once

namespace microtome::decode {

// Thrown through OpenJPEG's frames when it finds its own state wrong. What it has allocated must then be left alone.
struct OpenJpegAssertion {};

}  // namespace microtome::decode

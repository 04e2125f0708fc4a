// Who can read a slide. TIFFs are read here, by the dialects of slide/dialects; files that are no TIFF, and TIFFs that a
// dialect knows and would read wrong, by drivers that the caller of Slide::open brings.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slide/slide.h"

namespace microtome::slide {

struct TiffDialect;

// What a driver may keep of decoded pixels of one slide. The engine counts it as part of its memory.
inline constexpr std::int64_t kDriverCacheBytes = std::int64_t{32} << 20;

// Reads files of a kind that is no TIFF. Safe to use from any thread.
class Driver {
 public:
  virtual ~Driver() = default;
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;  // "openslide": what OpenOptions::driver says
  // What makes the file one of this driver's, as half a sentence ("the file begins as a DICOM"); nothing where it is
  // none. Asked only of files that are no TIFF. Throws what reading the source throws.
  [[nodiscard]] virtual std::optional<std::string> detect(const ByteSource& source) const = 0;
  // Opens the file. `why` is what Slide::driver() is to say. Called without detect() where the caller chose the driver
  // by its name, and where a dialect leaves a TIFF to it.
  [[nodiscard]] virtual std::shared_ptr<const Slide> open(std::shared_ptr<const ByteSource> source,
                                                          const OpenOptions& options, const std::string& why) const = 0;
};

// The dialects of TIFF, in the order in which a file is shown to them; the last one takes every TIFF.
[[nodiscard]] const std::vector<const TiffDialect*>& tiff_dialects();

// Who is asked: a TIFF is opened by the first dialect that knows it, any other file by the first driver that does.
struct DriverTable {
  std::vector<const TiffDialect*> dialects = tiff_dialects();
  std::vector<std::shared_ptr<const Driver>> others;
};

}  // namespace microtome::slide

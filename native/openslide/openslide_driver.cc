#include "openslide/openslide_driver.h"

#include <utility>

#include "core/error.h"
#include "openslide/openslide_library.h"
#include "openslide/openslide_slide.h"
#include "openslide/vendor_marks.h"

namespace microtome::openslide {
namespace {

// `why` is empty where the caller chose the driver.
const Api& library_for(const slide::ByteSource& source, const std::string& why) {
  try {
    return library();
  } catch (const Error& error) {
    const auto mark = vendor_mark(source);
    const std::string kind = mark          ? "the file is " + mark->kind + ", which OpenSlide reads; "
                             : why.empty() ? ""
                                           : "OpenSlide would read the file (" + why + "); ";
    throw Error(error.code(), error.stage(), kind + error.found(), error.advice()).with_path(source.name());
  }
}

class OpenslideDriver final : public slide::Driver {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "openslide"; }

  [[nodiscard]] std::optional<std::string> detect(const slide::ByteSource& source) const override {
    const auto mark = vendor_mark(source);
    if (!mark) return std::nullopt;
    return mark->why;
  }

  [[nodiscard]] std::shared_ptr<const slide::Slide> open(std::shared_ptr<const slide::ByteSource> source,
                                                         const slide::OpenOptions& options,
                                                         const std::string& why) const override {
    const std::string* const path = source->file_path();
    if (path == nullptr)
      throw Error(Code::NOT_A_SLIDE, Stage::Slide,
                  "OpenSlide would read it (" + why + "), and OpenSlide reads files of this machine only",
                  "copy all files of the slide to this machine, and pass the path");
    const Api& api = library_for(*source, options.driver == slide::kAutoDriver ? why : "");
    if (api.detect_vendor(path->c_str()) == nullptr)
      throw Error(Code::NOT_A_SLIDE, Stage::Slide,
                  "OpenSlide " + api.version + " knows no slide in it (asked because " + why + ")",
                  "pass a whole-slide image, with all its files beside it");
    return open_openslide(std::move(source), *path, options, why);
  }
};

}  // namespace

std::shared_ptr<const slide::Driver> openslide_driver() { return std::make_shared<const OpenslideDriver>(); }

}  // namespace microtome::openslide

#include "slide/driver.h"

#include <utility>

#include "core/error.h"
#include "slide/tiff_slide.h"

namespace microtome::slide {
namespace {

std::string names_of(const DriverTable& table) {
  std::string names = kAutoDriver;
  names += ", generic";
  for (const auto& driver : table.others) names += ", " + std::string(driver->name());
  return names;
}

std::shared_ptr<const Slide> open_chosen(std::shared_ptr<const ByteSource> source, const OpenOptions& options,
                                         const DriverTable& table) {
  for (const auto& driver : table.others) {
    if (driver->name() == options.driver)
      return driver->open(std::move(source), options, "the option says so");
  }
  if (options.driver == "generic") return open_tiff(std::move(source), options);
  throw Error(Code::INVALID_OPTION, Stage::Options,
              "[[driver]] is \"" + options.driver + "\", expected one of " + names_of(table));
}

std::shared_ptr<const Slide> open_by_content(std::shared_ptr<const ByteSource> source, const OpenOptions& options,
                                             const DriverTable& table) {
  if (!begins_as_tiff(*source)) {
    for (const auto& driver : table.others) {
      if (const auto why = driver->detect(*source)) return driver->open(std::move(source), options, *why);
    }
  }
  return open_tiff(std::move(source), options);
}

}  // namespace

std::shared_ptr<const Slide> Slide::open(std::shared_ptr<const ByteSource> source, const OpenOptions& options) {
  return open(std::move(source), options, {});
}

std::shared_ptr<const Slide> Slide::open(std::shared_ptr<const ByteSource> source, const OpenOptions& options,
                                         const DriverTable& table) {
  const std::string name = source->name();
  try {
    return options.driver == kAutoDriver ? open_by_content(std::move(source), options, table)
                                         : open_chosen(std::move(source), options, table);
  } catch (Error& error) {
    error.with_path(name);
    throw;
  }
}

}  // namespace microtome::slide

#include "slide/driver.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "slide/dialects/dialect.h"
#include "slide/tiff_slide.h"

namespace microtome::slide {
namespace {

std::string names_of(const DriverTable& table) {
  std::string names = kAutoDriver;
  for (const TiffDialect* dialect : table.dialects) names += ", " + std::string(dialect->name);
  for (const auto& driver : table.others) names += ", " + std::string(driver->name());
  return names;
}

std::shared_ptr<const Slide> open_chosen(std::shared_ptr<const ByteSource> source, const OpenOptions& options,
                                         const DriverTable& table) {
  for (const auto& driver : table.others) {
    if (driver->name() == options.driver) return driver->open(std::move(source), options, "the option says so");
  }
  const auto& dialects = table.dialects;
  const auto named = [&](const TiffDialect* dialect) { return dialect->name == options.driver; };
  if (std::any_of(dialects.begin(), dialects.end(), named)) return open_tiff(std::move(source), options, dialects);
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
  try {
    return open_tiff(source, options, table.dialects);
  } catch (const LeftToDriver& left) {
    for (const auto& driver : table.others) {
      if (driver->name() == LeftToDriver::kDriver) return driver->open(std::move(source), options, left.found());
    }
    throw;
  }
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

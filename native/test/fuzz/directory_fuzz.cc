// The directory reader: any bytes are a slide that keeps its promises, or are refused by an error of the table.
#include <limits>

#include "test/fuzz/slide_checks.h"

namespace {

using namespace microtome;
using namespace microtome::fuzz;

// Limits of a user's size, but for the number of directories: five hundred of four thousand entries each are legal,
// and take a whole second under the sanitizers.
slide::Limits wide_limits() {
  slide::Limits limits;
  limits.directories = 24;
  return limits;
}

void check_outside(const slide::Slide& slide, std::size_t directory, const slide::Storage& storage) {
  constexpr std::int64_t kFar = std::numeric_limits<std::int64_t>::max();
  const auto refused = [&](std::size_t where, std::int64_t column, std::int64_t row, int part) {
    REQUIRE(try_it({Code::INTERNAL}, [&] { (void)slide.stored_tile(where, column, row, part); }).has_value());
  };
  refused(directory, storage.tiles_across(), 0, 0);
  refused(directory, 0, storage.tiles_down(), 0);
  refused(directory, -1, 0, 0);
  refused(directory, 0, -1, 0);
  refused(directory, kFar, kFar, 0);
  refused(directory, 0, 0, storage.parts());
  refused(directory, 0, 0, -1);
  refused(directory + 1000, 0, 0, 0);
}

void walk_tiles(const slide::Slide& slide, std::size_t directory, const slide::Storage& storage) {
  const int last_part = storage.parts() - 1;
  for_some_tiles(storage, 48, [&](std::int64_t column, std::int64_t row) {
    check_stored_tile(slide, directory, column, row, 0);
    if (last_part > 0) check_stored_tile(slide, directory, column, row, last_part);
  });
  check_outside(slide, directory, storage);
}

void walk(const slide::Slide& slide) {
  check_slide(slide);
  for (const auto& level : slide.levels()) walk_tiles(slide, level.directory, level.storage);
  for (const auto& image : slide.associated())
    if (image.storage) walk_tiles(slide, image.directory, *image.storage);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  report_cpu_time();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto source = input_source(data, size);
  const auto wide = open_or_refuse(source, wide_limits());
  if (wide) walk(*wide);
  // Lower limits refuse more, and change nothing in what they let pass.
  const auto tight = open_or_refuse(source, tight_limits());
  if (!tight) return 0;
  REQUIRE(wide != nullptr);
  walk(*tight);
  REQUIRE(tight->levels()[0].storage.width_px == wide->levels()[0].storage.width_px);
  REQUIRE(tight->levels()[0].storage.height_px == wide->levels()[0].storage.height_px);
  return 0;
}

// Small NDPIs: levels of restart intervals, one without a table that fits, a focal plane, a macro image.
#pragma once

#include <string>

#include "test/decode/codec_support.h"
#include "test/fuzz/coded_seeds.h"
#include "test/support/ndpi_writer.h"

namespace microtome::fuzz {

inline void keep_ndpis(const test::JpegTool& tool, const Keep& keep) {
  const auto level = [&](int width, int height, const test::IntervalShape& shape, float lens) {
    const auto jpeg = test::interval_jpeg(tool, test::picture(width, height), width, height, shape);
    return test::NdpiWriter::Page{.width = static_cast<std::uint64_t>(width),
                                  .height = static_cast<std::uint64_t>(height),
                                  .jpeg = jpeg.jpeg,
                                  .starts = jpeg.starts,
                                  .lens = lens};
  };
  const test::IntervalShape full{.interval_px = 16};
  const test::IntervalShape half{.interval_px = 16, .options = {.half_chroma = true, .half_width = true}};
  const test::IntervalShape both{.interval_px = 16, .mcu_rows = 16, .options = {.half_chroma = true}};
  keep("ndpi-444", test::NdpiWriter().add(level(64, 32, full, 20)).add(level(16, 16, full, 5)).bytes());
  keep("ndpi-422", test::NdpiWriter().add(level(32, 24, half, 20)).add(level(32, 24, half, -1)).bytes());
  keep("ndpi-420", test::NdpiWriter().add(level(48, 32, both, 20)).bytes());
  auto other = level(32, 16, full, 20), lost = level(32, 16, full, 20);
  other.z = 900;
  lost.starts.clear();
  keep("ndpi-planes", test::NdpiWriter().add(other).add(level(32, 16, full, 20)).bytes());
  keep("ndpi-no-table", test::NdpiWriter().add(lost).bytes());
}

}  // namespace microtome::fuzz

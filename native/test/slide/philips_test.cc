// Levels that are padded to whole tiles: their factors from Philips' description, or from the sizes.
#include "slide/dialects/philips.h"

#include <utility>
#include <vector>

#include "slide/level_fit.h"
#include "test/check.h"
#include "test/support/pages.h"
#include "tiles/read_policy.h"
#include "tiles/tile_plan.h"

using namespace microtome;
using namespace microtome::test;
using slide::Slide;

namespace {

// As Philips writes it: a spacing for each level, rows first.
std::string philips(const std::vector<std::string>& spacings, bool numbered = true) {
  std::string text =
      "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<DataObject ObjectType=\"DPUfsImport\"><Attribute "
      "Name=\"PIM_DP_SCANNED_IMAGES\"><Array><DataObject ObjectType=\"DPScannedImage\"><Attribute "
      "Name=\"DICOM_PIXEL_SPACING\">&quot;9&quot; &quot;9&quot;</Attribute>";
  for (std::size_t i = 0; i < spacings.size(); ++i) {
    text +=
        "<DataObject ObjectType=\"PixelDataRepresentation\"><Attribute Name=\"DICOM_PIXEL_SPACING\" "
        "PMSVR=\"IDoubleArray\">" +
        spacings[i] + "</Attribute>";
    if (numbered)
      text += "<Attribute Name=\"PIIM_PIXEL_DATA_REPRESENTATION_NUMBER\">" + std::to_string(i) + "</Attribute>";
    text += "</DataObject>";
  }
  return text + "</DataObject></Array></Attribute></DataObject>";
}

std::string spacing(double mm) {
  const std::string number = std::to_string(mm);
  return "&quot;" + number + "&quot; &quot;" + number + "&quot;";
}

std::vector<std::string> halving(std::size_t levels) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < levels; ++i) result.push_back(spacing(0.00025 * static_cast<double>(1u << i)));
  return result;
}

std::string factors_of(const std::string& description) {
  std::string text;
  for (const auto& [level, factor] : slide::philips_factors(description))
    text += (text.empty() ? "" : " ") + std::to_string(level) + ":" + std::to_string(factor);
  return text;
}

std::string downsamples_of(const Slide& slide) {
  std::string text;
  for (const auto& level : slide.levels()) {
    const auto whole = static_cast<std::int64_t>(level.downsample);
    const bool exact = static_cast<double>(whole) == level.downsample;
    text += (text.empty() ? "" : " ") + (exact ? std::to_string(whole) : std::to_string(level.downsample));
  }
  return text;
}

std::uint64_t padded(std::uint64_t side, std::uint64_t tile) { return (side + tile - 1) / tile * tile; }

// A pyramid of `levels` padded levels with 16-px tiles; level 0 too is padded.
std::vector<TiffDirectory> padded_pages(std::uint64_t width, std::uint64_t height, std::size_t levels) {
  std::vector<TiffDirectory> pages;
  for (std::size_t i = 0; i < levels; ++i) {
    pages.push_back(marked(tile_page(padded(width, 16), padded(height, 16)), i == 0 ? 0 : 1));
    width = (width + 1) / 2;
    height = (height + 1) / 2;
  }
  return pages;
}

}  // namespace

TEST(philips_spacings_give_whole_factors) {
  CHECK_EQ(factors_of(philips(halving(4))), "0:1 1:2 2:4 3:8");
  CHECK_EQ(factors_of(philips(halving(3), false)), "0:1 1:2 2:4");
  CHECK_EQ(factors_of(philips({"\"0.000226891\" \"0.000226907\"", "\"0.000453782\" \"0.000453814\"",
                               "&#34;0.00090&#34; &#x22;0.00090&#x22;"})),
           "0:1 1:2 2:4");
  CHECK_EQ(factors_of(philips({"1 1", "2.5 2.5", "2 3", "x y", "4", "-8 8", "16 16", "1e300 1e300", "nan nan"})),
           "0:1 6:16");
  CHECK_EQ(factors_of(philips({"0 0", "2 2"})), "");
  CHECK_EQ(factors_of("<DataObject ObjectType=\"PixelDataRepresentation\">"), "");
  CHECK_EQ(factors_of(""), "");
  CHECK(slide::is_philips(philips({})));
  CHECK(!slide::is_philips("level=1"));
  CHECK(slide::philips_level("level=2 mag=10 quality=80") == 2u);
  CHECK(slide::philips_level(" level=12") == 12u);
  for (const char* text : {"", "level=", "level=x", "a level=1", "level=-1", "level= 1 "})
    CHECK(!slide::philips_level(text));
}

// 17 tiles each way, as 8704 px in tiles of 512: sizes alone give 1.89, 3.4, 5.67, 8.5 and 17.
TEST(padded_levels_have_the_factors_of_the_description) {
  auto pages = padded_pages(272, 272, 6);
  pages[0] = described(pages[0], philips(halving(6)));
  for (const bool named : {false, true}) {
    for (std::size_t i = 1; named && i < 6; ++i)
      pages[i] = described(pages[i], "level=" + std::to_string(i) + " mag=1 quality=80");
    const auto slide = open_pages(pages);
    CHECK_EQ(downsamples_of(*slide), "1 2 4 8 16 32");
    CHECK_EQ(levels_of(*slide), "272x272 136x136 68x68 34x34 17x17 9x9");
    CHECK_EQ(slide->levels()[5].level0_width_px, 288);
    CHECK_EQ(slide->warnings().size(), 0u);
  }
  // The stored tiles are found where they are: the table counts the padding.
  const auto slide = open_pages(pages);
  const auto& level = slide->levels()[1];
  CHECK_EQ(level.storage.tiles_across(), 9);
  CHECK_EQ(slide->stored_tile(level.directory, 8, 8, 0).bytes, 768u);
  CHECK_EQ(slide->stored_tile(level.directory, 0, 1, 0).offset - slide->stored_tile(level.directory, 0, 0, 0).offset,
           9u * 768);
  CHECK_THROWS(INTERNAL, (void)slide->stored_tile(level.directory, 9, 0, 0));
}

TEST(padded_levels_without_a_description_are_powers_of_two) {
  CHECK_EQ(downsamples_of(*open_pages(padded_pages(272, 272, 6))), "1 2 4 8 16 32");
  // Neither side a power of two, and a shape that fits no reduction: such levels were dropped.
  for (const auto& [width, height] : {std::pair{720, 272}, std::pair{48 * 16, 35 * 16}, std::pair{1072, 1328}}) {
    const auto slide =
        open_pages(padded_pages(static_cast<std::uint64_t>(width), static_cast<std::uint64_t>(height), 5));
    CHECK_EQ(downsamples_of(*slide), "1 2 4 8 16");
    CHECK_EQ(names_of(*slide), "");
    CHECK_EQ(slide->warnings().size(), 0u);
  }
  // Some levels are not there; the order of the pages does not matter.
  auto pages = padded_pages(272, 720, 5);
  CHECK_EQ(downsamples_of(*open_pages({pages[0], pages[2], pages[4]})), "1 4 16");
  CHECK_EQ(downsamples_of(*open_pages({pages[4], pages[2], pages[0]})), "1 4 16");
  // A Philips file whose description lost its spacings.
  pages[0] = described(pages[0], philips({}));
  CHECK_EQ(downsamples_of(*open_pages(pages)), "1 2 4 8 16");
}

TEST(an_odd_number_of_tiles_is_rounded_up_at_every_level) {
  const auto page = [](std::uint64_t tiles) { return marked(tile_page(tiles * 16, tiles * 16), 1); };
  std::vector<TiffDirectory> pages = {tile_page(33 * 16, 33 * 16), page(17), page(9), page(5), page(3), page(2)};
  CHECK_EQ(downsamples_of(*open_pages(pages)), "1 2 4 8 16 32");
  pages[0] = described(pages[0], philips(halving(6)));
  CHECK_EQ(downsamples_of(*open_pages(pages)), "1 2 4 8 16 32");
}

// The last levels all take one tile. The description tells them apart; without it equal sizes are one level.
TEST(levels_of_one_tile) {
  auto pages = padded_pages(64, 64, 6);  // 64 32 16 16 16 16
  CHECK_EQ(downsamples_of(*open_pages(pages)), "1 2 4");
  pages[0] = described(pages[0], philips(halving(6)));
  CHECK_EQ(downsamples_of(*open_pages(pages)), "1 2 4 8 16 32");
  CHECK_EQ(levels_of(*open_pages(pages)), "64x64 32x32 16x16 8x8 4x4 2x2");
}

TEST(a_description_that_contradicts_the_sizes_is_not_believed) {
  auto pages = padded_pages(272, 272, 3);
  pages[0] = described(pages[0], philips({spacing(0.00025), spacing(0.008), spacing(0.016)}));
  CHECK_EQ(downsamples_of(*open_pages(pages)), "1 2 4");
}

TEST(philips_label_and_macro_are_no_levels) {
  auto pages = padded_pages(272, 272, 3);
  pages[0] = described(pages[0], philips(halving(3)));
  pages.push_back(marked(described(strip_page(34, 34), "Label"), 1));
  pages.push_back(marked(described(tile_page(34, 34), "Macro"), 1));
  const auto slide = open_pages(pages);
  CHECK_EQ(downsamples_of(*slide), "1 2 4");
  CHECK_EQ(names_of(*slide), "label macro");
}

TEST(levels_that_are_not_padded_stay_as_they_are) {
  // Whole tiles, and factors of 2, 3 and 2.5 that need no padding.
  CHECK_EQ(downsamples_of(*open_pages({tile_page(256, 256), tile_page(128, 128), tile_page(64, 64)})), "1 2 4");
  CHECK_EQ(downsamples_of(*open_pages({tile_page(144, 144), tile_page(48, 48), tile_page(16, 16)})), "1 3 9");
  CHECK_EQ(downsamples_of(*open_pages({tile_page(160, 160), tile_page(64, 64)})), "1 2.500000");
  CHECK_EQ(levels_of(*open_pages({tile_page(160, 160), tile_page(64, 64)})), "160x160 64x64");
  // Another shape is another picture: one side padded twice over.
  CHECK_EQ(levels_of(*open_pages({tile_page(272, 272), tile_page(144, 96)})), "272x272");
}

// A tile's place in level 0 follows from the true factor.
TEST(places_on_a_padded_level_lead_to_level_0) {
  auto pages = padded_pages(272, 144, 3);
  pages[0] = described(pages[0], philips(halving(3)));
  const auto slide = open_pages(pages);
  tiles::GridOptions grid;
  grid.size_px = 16;
  grid.stride_px = 16;
  grid.keep = tiles::KeepRule::All;
  for (int level = 0; level < 3; ++level) {
    const auto plan = tiles::plan_tiles(*slide, tiles::policy_for_level(*slide, level), grid, nullptr);
    CHECK_EQ(plan.level0_per_px_x, static_cast<double>(1 << level));
    CHECK_EQ(plan.level0_per_px_y, static_cast<double>(1 << level));
    // No tile lies on the padding alone.
    for (const auto& tile : plan.tiles) {
      CHECK(static_cast<double>(tile.x) * plan.level0_per_px_x < 272);
      CHECK(static_cast<double>(tile.y) * plan.level0_per_px_y < 144);
    }
  }
  CHECK_EQ(tiles::policy_for_mpp(*slide, 1, 0.25).name, "mpp-exact");
  CHECK_EQ(tiles::policy_for_mpp(*slide, 1, 0.25).level, 2);
}

TEST(the_largest_sides_do_not_overflow) {
  const slide::ImageSize huge{0x7FFFFFFF, 0x7FFFFFFF}, tile{1, 1};
  slide::LevelFit previous = slide::fit_of_level0(huge);
  int levels = 0;
  for (slide::ImageSize page = huge; page.width_px > 1; ++levels) {
    page = {(page.width_px + 1) / 2, (page.height_px + 1) / 2};
    const auto fit = slide::fit_padded(huge, previous, page, tile);
    CHECK(fit.has_value());
    if (!fit) return;
    previous = *fit;
  }
  CHECK_EQ(levels, 31);
  CHECK_EQ(previous.factor, std::int64_t{1} << 31);
  CHECK(!slide::fit_padded(huge, previous, {1, 1}, tile));
}

TEST_MAIN

// Header, directories and the walk along them, seen through Slide::open and walk_directories.
#include "slide/tiff_reader.h"

#include <chrono>

#include "slide/slide.h"
#include "test/check.h"
#include "test/support/tiff_writer.h"

using namespace microtome;
using namespace microtome::test;
using slide::Slide;

namespace {

std::shared_ptr<const Slide> open_bytes(Bytes bytes) { return Slide::open(memory_source(std::move(bytes))); }

bool warns(const Slide& slide, const std::string& part) {
  for (const auto& warning : slide.warnings()) {
    if (warning.find(part) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST(reads_every_header) {
  for (const bool big_tiff : {false, true}) {
    for (const bool big_endian : {false, true}) {
      TiffWriter file({big_tiff, big_endian});
      file.add(tiff_image(300, 200, 64).set(tag::kOrientation, {3})).add(tiff_image(150, 100, 64));
      const auto slide = Slide::open(file.source());
      CHECK_EQ(slide->levels().size(), 2u);
      CHECK_EQ(slide->levels()[0].storage.width_px, 300);
      CHECK_EQ(slide->levels()[1].storage.height_px, 100);
      CHECK(slide->levels()[0].storage.big_endian == big_endian);
      CHECK_EQ(slide->orientation(), 3);
      CHECK_EQ(slide->warnings().size(), 0u);
      const auto tile = slide->stored_tile(slide->levels()[1].directory, 2, 1, 0);
      CHECK_EQ(tile.bytes, 64u * 64 * 3);
    }
  }
}

TEST(what_is_no_tiff_is_not_a_slide) {
  CHECK_THROWS(NOT_A_SLIDE, (void)open_bytes({}));
  CHECK_THROWS(NOT_A_SLIDE, (void)open_bytes({'I', 'I', 42, 0}));
  CHECK_THROWS(NOT_A_SLIDE, (void)open_bytes({0xFF, 0xD8, 0xFF, 0xE0, 0, 16, 'J', 'F', 'I', 'F'}));
  CHECK_THROWS(NOT_A_SLIDE, (void)open_bytes({'I', 'M', 42, 0, 8, 0, 0, 0, 0, 0}));
  CHECK_THROWS(NOT_A_SLIDE, (void)open_bytes({'I', 'I', 0, 42, 8, 0, 0, 0, 0, 0}));
  CHECK_THROWS(NOT_A_SLIDE, (void)open_bytes({'I', 'I', 42, 0, 0, 0, 0, 0}));  // no directory
  // BigTIFF: cut, with offsets of another size, with a filled reserved field
  CHECK_THROWS(TRUNCATED, (void)open_bytes({'I', 'I', 43, 0, 8, 0, 0, 0, 16, 0}));
  CHECK_THROWS(NOT_A_SLIDE, (void)open_bytes({'I', 'I', 43, 0, 4, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0}));
  CHECK_THROWS(NOT_A_SLIDE, (void)open_bytes({'I', 'I', 43, 0, 8, 0, 1, 0, 16, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(a_directory_beyond_the_end_is_truncated) {
  CHECK_THROWS(TRUNCATED, (void)open_bytes({'I', 'I', 42, 0, 8, 0, 0, 0}));
  CHECK_THROWS(TRUNCATED, (void)open_bytes({'I', 'I', 42, 0, 0xFF, 0xFF, 0xFF, 0xFF}));
  CHECK_THROWS(TRUNCATED, (void)open_bytes({'I', 'I', 42, 0, 8, 0, 0, 0, 3, 0, 0, 1}));
  CHECK_THROWS(TRUNCATED,
               (void)open_bytes({'M', 'M', 0, 43, 0, 8, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}));
  CHECK_THROWS(NOT_A_SLIDE, (void)open_bytes({'I', 'I', 42, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0}));  // no entries
  // BigTIFF directories that claim 2^60 entries do not get them
  CHECK_THROWS(NOT_A_SLIDE,
               (void)open_bytes({'M', 'M', 0, 43, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 16, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(a_later_page_beyond_the_end_means_that_the_file_is_cut_short) {
  TiffWriter beyond;
  beyond.add(tiff_image(64, 64, 16).next_is_offset(0x7FFFFFF0));
  CHECK_THROWS(TRUNCATED, (void)Slide::open(beyond.source()));
}

TEST(a_broken_later_page_is_a_warning) {
  TiffWriter sizeless;
  sizeless.add(tiff_image(64, 64, 16)).add(tiff_image(32, 32, 16).remove(tag::kWidth)).add(tiff_image(16, 16, 16));
  auto slide = Slide::open(sizeless.source());
  CHECK_EQ(slide->levels().size(), 2u);  // page 2 is still a level
  CHECK(warns(*slide, "page-1 is left out: ImageWidth is missing"));
}

TEST(loops_end_with_a_warning) {
  TiffWriter self;
  self.add(tiff_image(64, 64, 16).next_is_top(0));
  auto slide = Slide::open(self.source());
  CHECK_EQ(slide->levels().size(), 1u);
  CHECK(warns(*slide, "leads back"));

  TiffWriter first;
  first.add(tiff_image(64, 64, 16)).add(tiff_image(32, 32, 16)).add(tiff_image(16, 16, 16).next_is_top(0));
  slide = Slide::open(first.source());
  CHECK_EQ(slide->levels().size(), 3u);
  CHECK(warns(*slide, "page-3 is left out: its pointer leads back"));

  TiffWriter sub;  // a SubIFD whose next pointer leads to page 0
  sub.add(tiff_image(64, 64, 16).sub(tiff_image(32, 32, 16).next_is_top(0)));
  slide = Slide::open(sub.source());
  CHECK_EQ(slide->levels().size(), 2u);
  CHECK(warns(*slide, "leads back"));
}

TEST(sub_directories_of_page_0_are_levels_chained_or_listed) {
  TiffWriter listed({.big_tiff = true});
  listed.add(tiff_image(64, 64, 16).sub(tiff_image(32, 32, 16)).sub(tiff_image(16, 16, 16)));
  CHECK_EQ(Slide::open(listed.source())->levels().size(), 3u);

  // The last one is reached only through the SubIFD's next pointer.
  TiffWriter chained;
  chained.add(tiff_image(64, 64, 16).sub(tiff_image(32, 32, 16).next_is_top(1)).next_is_offset(0));
  chained.add(tiff_image(16, 16, 16));
  const auto slide = Slide::open(chained.source());
  CHECK_EQ(slide->levels().size(), 3u);
  CHECK_EQ(slide->levels()[2].storage.width_px, 16);
  CHECK_EQ(slide->warnings().size(), 0u);
}

TEST(sub_directories_beyond_the_end_mean_that_the_file_is_cut_short) {
  TiffWriter wild;
  wild.add(tiff_image(64, 64, 16).set(tag::kSubIfds, {0xFFFFFFF0}, type::kLong));
  CHECK_THROWS(TRUNCATED, (void)Slide::open(wild.source()));

  TiffWriter claims;
  claims.add(tiff_image(64, 64, 16)
                 .set(tag::kSubIfds, {8, 8}, type::kLong)
                 .claim_count(tag::kSubIfds, 0x40000000)
                 .claim_offset(tag::kSubIfds, 100));
  CHECK_THROWS(TRUNCATED, (void)Slide::open(claims.source()));
}

// A file that has more is refused, not cut off: what the limit hides could be the level that the mask is made from.
TEST(the_number_of_directories_is_bounded) {
  TiffWriter file;
  file.add(tiff_image(64, 64, 16).sub(tiff_image(32, 32, 16)).sub(tiff_image(16, 16, 16)));
  for (int i = 0; i < 597; ++i) file.add(tiff_image(16, 16, 16, 1));
  auto source = file.source();
  CHECK_THROWS(LIMIT_EXCEEDED, (void)Slide::open(source));
  slide::OpenOptions options;
  for (const std::size_t limit : {1, 2, 3, 599}) {
    options.limits.directories = limit;
    CHECK_THROWS(LIMIT_EXCEEDED, (void)Slide::open(source, options));
  }
  options.limits.directories = 600;
  const auto slide = Slide::open(source, options);
  CHECK_EQ(slide->levels().size(), 3u);
  CHECK_EQ(slide->associated().size(), 597u);
}

TEST(sub_directories_of_later_pages_are_read_without_loops) {
  TiffWriter file;  // the SubIFD of the second page leads back to the first
  file.add(tiff_image(64, 64, 16)).add(tiff_image(60, 20, 16).sub(tiff_image(30, 10, 16).next_is_top(0)));
  const auto slide = Slide::open(file.source());
  CHECK_EQ(slide->levels().size(), 1u);
  CHECK_EQ(slide->associated().size(), 2u);
  CHECK_EQ(slide->associated()[1].name, "page-1-subifd-0");
  CHECK(warns(*slide, "page-1-subifd-1 is left out: its pointer leads back"));

  TiffWriter wild;
  wild.add(tiff_image(64, 64, 16)).add(tiff_image(60, 20, 16).set(tag::kSubIfds, {0xFFFFFFF0}, type::kLong));
  CHECK_THROWS(TRUNCATED, (void)Slide::open(wild.source()));

  TiffWriter many;  // the limit counts them
  many.add(tiff_image(64, 64, 16)).add(tiff_image(60, 20, 16).sub(tiff_image(30, 10, 16)).sub(tiff_image(15, 5, 16)));
  slide::OpenOptions options;
  options.limits.directories = 3;
  CHECK_THROWS(LIMIT_EXCEEDED, (void)Slide::open(many.source(), options));
  options.limits.directories = 4;
  CHECK_EQ(Slide::open(many.source(), options)->associated().size(), 3u);
}

TEST(a_list_of_sub_directories_longer_than_the_limit_is_refused_though_it_repeats_itself) {
  TiffWriter file;
  file.add(tiff_image(64, 64, 16).sub(tiff_image(32, 32, 16)));
  slide::OpenOptions options;
  options.limits.directories = 4;
  CHECK_EQ(Slide::open(file.source(), options)->levels().size(), 2u);
  TiffWriter repeats;
  repeats.add(tiff_image(64, 64, 16).set(tag::kSubIfds, std::vector<std::uint64_t>(5, 0)));
  CHECK_THROWS(LIMIT_EXCEEDED, (void)Slide::open(repeats.source(), options));
  options.limits.directories = 5;
  CHECK_EQ(Slide::open(repeats.source(), options)->levels().size(), 1u);
}

TEST(the_first_of_duplicate_tags_counts_and_values_may_be_bytes) {
  TiffWriter file;
  file.add(tiff_image(64, 48, 16).set(tag::kCompression, {1}, type::kByte));
  Bytes bytes = file.bytes();
  CHECK_EQ(open_bytes(bytes)->levels()[0].storage.width_px, 64);
  // ImageLength (the second entry) becomes a second ImageWidth
  const auto directory = bytes[4] | (bytes[5] << 8) | (bytes[6] << 16);
  bytes[static_cast<std::size_t>(directory) + 2 + 12] = 0;
  CHECK_THROWS(NOT_A_SLIDE, (void)open_bytes(bytes));
}

TEST(errors_carry_the_name_of_the_source) {
  try {
    (void)Slide::open(memory_source({1, 2, 3}, "some/slide.tif"));
    CHECK(false);
  } catch (const Error& error) {
    CHECK_EQ(error.path(), "some/slide.tif");
    CHECK(error.stage() == Stage::Slide);
  }
}

// Every prefix and every flipped byte of a small pyramid opens or throws an Error; nothing else.
TEST(damage_never_crashes) {
  for (const bool big_tiff : {false, true}) {
    TiffWriter file({big_tiff, false});
    TiffDirectory first = tiff_image(40, 24, 16).text(tag::kDescription, "Aperio Image|MPP = 0.5");
    file.add(first.rational(tag::kXResolution, 1, 2).blob(tag::kJpegTables, Bytes(20, 1)).sub(tiff_image(20, 12, 16)));
    file.add(tiff_image(10, 6, 0).set(tag::kNewSubfileType, {1}));
    const Bytes whole = file.bytes();
    int opened = 0;
    const auto try_open = [&](Bytes bytes) {
      try {
        const auto slide = open_bytes(std::move(bytes));
        ++opened;
        for (const auto& level : slide->levels()) (void)slide->stored_tile(level.directory, 0, 0, 0);
      } catch (const Error&) {
      }
    };
    for (std::size_t size = 0; size < whole.size(); ++size)
      try_open({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (const int value : {0, 1, 0x7F, 0xFF}) {
        Bytes bytes = whole;
        bytes[at] = static_cast<std::uint8_t>(value);
        try_open(std::move(bytes));
      }
    }
    CHECK(opened > 1000);  // most bytes are pixels
  }
}

TEST_MAIN

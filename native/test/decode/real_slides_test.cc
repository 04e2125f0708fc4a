// Real slides, when MICROTOME_TEST_DATA names the folder: the same pixels stored in many ways must come out equal.
#include "decode/region.h"
#include "test/decode/codec_support.h"
#include "test/support/bytes.h"
#include "test/support/whole_reads.h"

namespace {

using namespace microtome;
using namespace microtome::decode;
using namespace microtome::test;

bool have_all(const char* test) {
  const bool jpeg = have_jpeg(test), vips = have_vips(test);
  if (!data_dir().empty()) return jpeg && vips;
  std::printf("skipped: %s\n", test);
  return false;
}

Region read(const std::string& name, const RegionRequest& request) {
  const auto slide = slide::Slide::open(slide::open_file(data_dir() + "/slides/" + name));
  const auto& level = slide->levels().at(0);
  TileDecoder decoder;
  return read_region(decoder, *slide, level.storage, level.directory, 0, request, nullptr);
}

TEST(the_same_pixels_in_every_container_are_equal) {
  if (!have_all(__func__)) return;
  const RegionRequest whole{0, 0, 700, 600};
  const Bytes first = test::plain(read("derived_cmu_pyr_deflate_t256_big.tif", whole).image.data);
  for (const char* name : {"derived_cmu_be_lzw.tif", "derived_cmu_planar_zip.tif", "derived_cmu_pyr_lzw_pred_t240.tif",
                           "derived_cmu_pyr_webp_lossless_t256.tif", "derived_cmu_strips_deflate.tif"})
    CHECK(test::plain(read(name, whole).image.data) == first);
}

TEST(an_aperio_slide_of_rgb_jpeg_has_its_published_mean) {
  if (!have_all(__func__)) return;
  const Region region = read("CMU-1-Small-Region.svs", {0, 0, 256, 256});
  double sums[3] = {0, 0, 0};
  for (std::size_t i = 0; i < region.image.data.size(); ++i) sums[i % 3] += region.image.data[i];
  const double expected[3] = {241.969, 240.063, 240.874};  // from four independent readers
  for (int c = 0; c < 3; ++c) CHECK(std::abs(sums[c] / 65536 - expected[c]) < 0.001);
}

TEST(zstd_and_jpeg_2000_are_decoded_or_refused_by_name) {
  if (!have_all(__func__)) return;
  const std::pair<const char*, const char*> files[] = {{"derived_cmu_pyr_zstd_t512.tif", "ZSTD"},
                                                       {"derived_cmu_pyr_jp2k_lossless_t256.tif", "JPEG 2000"}};
  const Bytes pixels = test::plain(read("derived_cmu_pyr_deflate_t256_big.tif", {0, 0, 100, 100}).image.data);
  for (const auto& [name, title] : files) {
    try {
      const int difference = largest_difference(test::plain(read(name, {0, 0, 100, 100}).image.data), pixels);
      CHECK(difference <= (std::string_view(title) == "ZSTD" ? 0 : 3));  // the JPEG 2000 file was made with loss
    } catch (const Error& error) {
      CHECK_EQ(code_name(error.code()), std::string_view("UNSUPPORTED_COMPRESSION"));
      CHECK(error.message().find(title) != std::string::npos);
    }
  }
}

}  // namespace

TEST_MAIN

// The small readers. The first byte chooses: '1', polygons on a small grid; '2', polygons of any numbers; anything
// else, the texts of an ImageDescription (OME-XML, Aperio, numbers, units) and the first bytes of a JPEG.
#include <cmath>
#include <cstring>

#include "slide/dialects/aperio.h"
#include "slide/dialects/ome_images.h"
#include "slide/dialects/ome_xml.h"
#include "slide/dialects/philips.h"
#include "slide/dialects/qptiff.h"
#include "slide/jpeg_colour.h"
#include "slide/length_unit.h"
#include "slide/numeric_text.h"
#include "slide/page_marks.h"
#include "slide/xml_text.h"
#include "test/fuzz/fuzz_support.h"
#include "tissue/tissue_mask.h"

namespace {

using namespace microtome;
using namespace microtome::fuzz;

bool usable(double value) { return std::isfinite(value) && value > 0; }

// Whatever the XML claims: each page has one image at most, and that is one of those that were read.
void check_ome_images(std::string_view text) {
  const auto images = slide::read_ome_images(text);
  const std::vector<slide::OmePage> pages = {{64, 48, 3}, {64, 48, 1}, {64, 48, 1}, {32, 24, 1}, {16, 12, 1}};
  const auto owners = slide::ome_owners(images, pages);
  REQUIRE(owners.size() == pages.size());
  for (const auto& owner : owners) REQUIRE(!owner || *owner < images.size());
  for (std::size_t i = 0; i < images.size(); ++i) {
    const slide::OmeImage& image = images[i];
    REQUIRE(image.xml.size() <= text.size() && image.title(i).size() < 128);
    REQUIRE(image.channel_count >= 1 && image.focal_planes >= 1 && image.time_points >= 1);
    for (const std::uint64_t c : {std::uint64_t{0}, std::uint64_t{2}, image.channel_count})
      if (slide::ome_channel_page(image, 0, c)) REQUIRE(c < image.channel_count);
  }
}

void check_texts(std::string_view text) {
  if (const auto number = slide::parse_positive(text)) REQUIRE(usable(*number));
  const std::string_view trimmed = slide::trim(text);
  REQUIRE(trimmed.size() <= text.size() && slide::trim(trimmed) == trimmed);
  if (const auto size = slide::ome_pixel_size(text)) REQUIRE(usable(size->x_um) && usable(size->y_um));
  (void)slide::is_ome_xml(text);
  if (const auto um = slide::micrometres_per_unit(text)) REQUIRE(usable(*um));
  // No character becomes more than it was, and a text without references stays.
  const std::string plain = slide::xml_text(text);
  REQUIRE(plain.size() <= text.size());
  if (text.find('&') == std::string_view::npos) REQUIRE(plain == text);
  (void)slide::says_ycbcr({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  if (const auto mpp = slide::aperio_mpp(text)) REQUIRE(usable(*mpp) && !slide::aperio_mpp_text(text).empty());
  const std::string name = slide::aperio_page_name(text);
  REQUIRE(name.empty() || name == "label" || name == "macro");
  (void)slide::is_aperio(text);
  (void)slide::qptiff_image_type(text);
  REQUIRE(slide::plain_page_name(text).size() <= 9);
  (void)slide::is_philips(text);
  for (const auto& [level, factor] : slide::philips_factors(text)) REQUIRE(factor >= 1);
  (void)slide::philips_level(text);
  check_ome_images(text);
}

using tissue::TissueMask;

constexpr std::int32_t kPolygons = 4;

struct Ring {
  std::vector<double> xy;
  std::int32_t polygon = 0;
};

TissueMask draw(const std::vector<Ring>& rings, std::int64_t width_px, std::int64_t height_px,
                std::int64_t max_side_px = 8192) {
  std::vector<tissue::Ring> views;
  for (const Ring& ring : rings) views.push_back({ring.xy, ring.polygon});
  return tissue::rasterise_polygons(views, width_px, height_px, max_side_px);
}

// Whether (x, y) is inside by the even-odd rule within a polygon and the union of the polygons; nothing when it is so
// near to an edge that rounding decides.
std::optional<bool> inside(const std::vector<Ring>& rings, double x, double y) {
  bool any = false;
  for (std::int32_t polygon = 0; polygon < kPolygons; ++polygon) {
    bool odd = false;
    for (const Ring& ring : rings) {
      if (ring.polygon != polygon) continue;
      const std::size_t points = ring.xy.size() / 2;
      for (std::size_t i = 0, j = points - 1; i < points; j = i++) {
        const double x0 = ring.xy[2 * j], y0 = ring.xy[2 * j + 1], x1 = ring.xy[2 * i], y1 = ring.xy[2 * i + 1];
        if ((y0 > y) == (y1 > y)) continue;
        const double at = x0 + (y - y0) / (y1 - y0) * (x1 - x0);
        if (std::abs(at - x) < 1e-6) return std::nullopt;
        if (at > x) odd = !odd;
      }
    }
    any = any || odd;
  }
  return any;
}

void check_mask(const TissueMask& mask, std::int64_t side_px) {
  REQUIRE(mask.width_px >= 1 && mask.height_px >= 1 && std::max(mask.width_px, mask.height_px) <= side_px);
  REQUIRE(static_cast<std::int64_t>(mask.data.size()) == mask.width_px * mask.height_px);
  REQUIRE(std::all_of(mask.data.begin(), mask.data.end(), [](std::uint8_t v) { return v == 0 || v == 255; }));
  REQUIRE(mask.area_fraction() >= 0 && mask.area_fraction() <= 1);
}

// Vertices on a grid of 16 by 16 pixels, one mask pixel each: compared with the definition, pixel by pixel.
void check_small_polygons(std::span<const std::uint8_t> bytes) {
  std::vector<Ring> rings;
  while (bytes.size() >= 7 && rings.size() < 6) {
    const std::size_t points = std::min<std::size_t>(3 + (bytes[0] & 7), (bytes.size() - 1) / 2);
    Ring ring;
    ring.polygon = (bytes[0] >> 6) % kPolygons;
    for (std::size_t i = 1; i <= 2 * points; ++i) ring.xy.push_back(bytes[i] % 20 - 2);
    rings.push_back(std::move(ring));
    bytes = bytes.subspan(1 + 2 * points);
  }
  const TissueMask mask = draw(rings, 16, 16, 16);
  check_mask(mask, 16);
  for (std::int64_t y = 0; y < 16; ++y)
    for (std::int64_t x = 0; x < 16; ++x) {
      const auto expected = inside(rings, static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5);
      if (expected) REQUIRE((mask.data[static_cast<std::size_t>(16 * y + x)] == 255) == *expected);
    }
}

// Any doubles, any size of slide: a mask, or a refusal.
void check_wild_polygons(std::span<const std::uint8_t> bytes) {
  const auto take = [&bytes](auto& value) {
    const std::size_t size = std::min(sizeof value, bytes.size());
    if (size > 0) std::memcpy(&value, bytes.data(), size);
    bytes = bytes.subspan(size);
  };
  std::int64_t width = 0, height = 0;
  std::uint8_t side = 0;
  take(width);
  take(height);
  take(side);
  std::vector<Ring> rings(1);
  while (bytes.size() >= sizeof(double)) {
    double value = 0;
    take(value);
    rings.back().xy.push_back(value);
    if (rings.back().xy.size() == 12) rings.emplace_back();
  }
  (void)try_it({Code::INVALID_OPTION}, [&] { check_mask(draw(rings, width, height, side), side); });
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  report_cpu_time();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // Copied, so that a read past the end is seen.
  const Bytes rest(data + 1, data + size);
  if (data[0] == '1')
    check_small_polygons(rest);
  else if (data[0] == '2')
    check_wild_polygons(rest);
  else
    check_texts({reinterpret_cast<const char*>(rest.data()), rest.size()});
  return 0;
}

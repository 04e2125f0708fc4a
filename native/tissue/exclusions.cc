#include "tissue/exclusions.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "tissue/components.h"
#include "tissue/surroundings.h"

namespace microtome::tissue {
namespace {

constexpr int kRingPx = 3;      // surroundings are looked at this far out, past the blended rim
constexpr int kMaxHaloPx = 12;  // how far the blurred rim of a pen stroke is followed

// What one part looks like and where it lies.
struct Part {
  std::int64_t area = 0;
  std::int64_t dark = 0;
  std::int64_t foreign = 0;
  std::int64_t border_contact = 0;  // longest contact with one side of the image, px
  double border_share = 0;          // that contact by the length of the side
};

Part describe(std::span<const Run> runs, const Plane& flags) {
  constexpr std::int64_t kMarginPx = 3;  // a border may stop short of the last rows
  Part part;
  std::int64_t top = 0, bottom = 0, left = 0, right = 0;
  std::int32_t left_row = -1, right_row = -1;
  for (const Run& run : runs) {
    const std::int64_t length = run.x1 - run.x0;
    part.area += length;
    const std::uint8_t* row = flags.row(run.y);
    for (std::int32_t x = run.x0; x < run.x1; ++x) {
      part.dark += (row[x] & kDark) != 0;
      part.foreign += (row[x] & kForeign) != 0;
    }
    if (run.y == std::min<std::int64_t>(kMarginPx, flags.height_px - 1)) top += length;
    if (run.y == std::max<std::int64_t>(flags.height_px - 1 - kMarginPx, 0)) bottom += length;
    if (run.x0 <= kMarginPx && left_row != run.y) ++left, left_row = run.y;
    if (run.x1 >= flags.width_px - kMarginPx && right_row != run.y) ++right, right_row = run.y;
  }
  const double width = static_cast<double>(flags.width_px);
  const double height = static_cast<double>(flags.height_px);
  part.border_contact = std::max({top, bottom, left, right});
  part.border_share = std::max({static_cast<double>(top) / width, static_cast<double>(bottom) / width,
                                static_cast<double>(left) / height, static_cast<double>(right) / height});
  return part;
}

class Finder {
 public:
  Finder(const RgbImage& overview, const ColourPlanes& colour, int threshold)
      : overview_(overview),
        colour_(colour),
        threshold_(threshold),
        around_(overview.width_px, overview.height_px),
        result_{Plane(overview.width_px, overview.height_px), Plane(overview.width_px, overview.height_px)} {}

  Exclusions run() {
    find_grey();
    find_pens();
    return std::move(result_);
  }

 private:
  [[nodiscard]] Plane select(std::uint8_t wanted) const {
    Plane plane(colour_.flags.width_px, colour_.flags.height_px);
    const std::uint8_t* flags = colour_.flags.data.data();
    std::uint8_t* out = plane.data.data();
    const std::size_t count = plane.data.size();
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::uint8_t>((flags[i] & wanted) != 0);
    return plane;
  }

  [[nodiscard]] bool stained(std::int32_t index) const {
    const auto i = static_cast<std::size_t>(index);
    return colour_.chroma.data[i] > threshold_ && (colour_.flags.data[i] & (kGrey | kForeign)) == 0;
  }

  // Of the ring kRingPx outside the present front: the share that is stained. Image borders do not count.
  double stained_share() {
    for (int ring = 1; ring < kRingPx; ++ring)
      if (!around_.step([](std::int32_t, std::int32_t) { return true; })) return 0;
    std::int64_t all = 0;
    std::int64_t tissue = 0;
    around_.step([&](std::int32_t index, std::int32_t) {
      ++all;
      tissue += stained(index) ? 1 : 0;
      return true;
    });
    return all == 0 ? 0 : static_cast<double>(tissue) / static_cast<double>(all);
  }

  // Dark without colour. In tissue it is pigment; on glass it is ink, dirt or the edge of something; along the border
  // of the image it is the scanner's frame even where tissue reaches it.
  void find_grey() {
    constexpr double kTissueAround = 0.45;
    constexpr double kFrameContact = 0.12;
    const Components parts(select(kGrey), true);
    for (std::int32_t i = 0; i < parts.count(); ++i) {
      const Part part = describe(parts.runs(i), colour_.flags);
      const bool frame = part.border_share >= kFrameContact && 2 * part.dark > part.area;
      if (!frame) {
        around_.start(parts.runs(i));
        if (stained_share() >= kTissueAround) {
          paint(result_.pigment, parts.runs(i), 1);
          continue;
        }
      }
      paint(result_.excluded, parts.runs(i), part.dark > 0 ? 2 : 1);
    }
  }

  // Ink-like strength and foreign hues are pens unless they lie in tissue, where nuclei and surgical ink on the margin
  // look alike; a large part of a foreign hue is a pen even there. A few pixels are never a pen.
  void find_pens() {
    constexpr double kMostTissueAround = 0.6;
    constexpr double kLeastOfSlide = 8e-6;
    constexpr double kLargeOfSlide = 1e-4;
    const Plane candidates = select(kForeign | kInk);
    if (!candidates.any()) return;
    const auto pixels = static_cast<double>(candidates.data.size());
    const auto least = std::max<std::int64_t>(12, static_cast<std::int64_t>(kLeastOfSlide * pixels));
    const auto large = std::max<std::int64_t>(40, static_cast<std::int64_t>(kLargeOfSlide * pixels));
    const Components parts(candidates, true);
    for (std::int32_t i = 0; i < parts.count(); ++i) {
      if (parts.area(i) < least) continue;
      const Part part = describe(parts.runs(i), colour_.flags);
      around_.start(parts.runs(i));
      const std::vector<std::int32_t> halo = grow_halo(parts.runs(i));
      const bool everywhere = 2 * part.foreign > part.area && part.area >= large;
      if (!everywhere && stained_share() > kMostTissueAround) continue;
      paint(result_.excluded, parts.runs(i), 2);
      for (const std::int32_t index : halo) result_.excluded.data[static_cast<std::size_t>(index)] = 2;
    }
  }

  using Light = std::array<double, 3>;

  [[nodiscard]] Light missing_light(std::int32_t index) const {
    const std::uint8_t* px = overview_.data.data() + 3 * static_cast<std::size_t>(index);
    return {255.0 - px[0], 255.0 - px[1], 255.0 - px[2]};
  }

  // Mean colour of a part, as a direction.
  [[nodiscard]] Light direction(std::span<const Run> runs) const {
    Light ink{};
    for (const Run& run : runs)
      for (std::int64_t x = run.x0; x < run.x1; ++x) {
        const Light light = missing_light(static_cast<std::int32_t>(run.y * overview_.width_px + x));
        for (std::size_t c = 0; c < 3; ++c) ink[c] += light[c];
      }
    const double length = std::sqrt(ink[0] * ink[0] + ink[1] * ink[1] + ink[2] * ink[2]);
    for (double& channel : ink) channel /= std::max(length, 1.0);
    return ink;
  }

  // The rim of a stroke is ink mixed with glass: what is missing of the light is a part of what is missing in the
  // stroke, in all three channels alike, and less with every step outwards. A rim ends; where it does not, these are
  // stained surroundings and there is no rim.
  std::vector<std::int32_t> grow_halo(std::span<const Run> runs) {
    constexpr double kRise = 6;
    const Light ink = direction(runs);
    const auto along_ink = [&](const Light& light) {
      return light[0] * ink[0] + light[1] * ink[1] + light[2] * ink[2];
    };
    const std::vector<std::int32_t> own = around_.front();
    std::vector<std::int32_t> halo;
    std::size_t first_ring = 0;
    for (int ring = 0; ring < kMaxHaloPx; ++ring) {
      const bool more = around_.step([&](std::int32_t index, std::int32_t from) {
        if (colour_.chroma_raw.data[static_cast<std::size_t>(index)] <= threshold_) return false;
        const Light light = missing_light(index);
        const double along = along_ink(light);
        if (along > along_ink(missing_light(from)) + kRise) return false;
        const double square = light[0] * light[0] + light[1] * light[1] + light[2] * light[2];
        const double across = std::sqrt(std::max(square - along * along, 0.0));
        return across <= 0.15 * along + 8;
      });
      if (!more) break;
      if (ring == 0) first_ring = around_.front().size();
      halo.insert(halo.end(), around_.front().begin(), around_.front().end());
    }
    if (4 * around_.front().size() > first_ring) {
      around_.start(runs);
      return {};
    }
    std::vector<std::int32_t> all = own;
    all.insert(all.end(), halo.begin(), halo.end());
    around_.set_front(std::move(all));
    return halo;
  }

  const RgbImage& overview_;
  const ColourPlanes& colour_;
  int threshold_;
  Surroundings around_;
  Exclusions result_;
};

}  // namespace

Exclusions find_exclusions(const RgbImage& overview, const ColourPlanes& colour, int threshold) {
  return Finder(overview, colour, threshold).run();
}

}  // namespace microtome::tissue

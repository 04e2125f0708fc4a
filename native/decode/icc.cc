#include "decode/icc.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "decode/codec_libraries.h"
#include "decode/vips_objects.h"

namespace microtome::decode {
namespace {

// Places in the header of a profile (ICC.1, 7.2).
constexpr std::size_t kHeaderBytes = 128;
constexpr std::size_t kClassAt = 12, kSpaceAt = 16, kConnectionAt = 20, kSignatureAt = 36;

[[noreturn]] void refuse(const std::string& why) {
  throw Error(Code::UNSUPPORTED_PIXELS, Stage::Decode, "the ICC profile of the slide " + why);
}

// Four letters; what is no letter shows as a question mark.
std::string word_at(std::span<const std::uint8_t> profile, std::size_t at) {
  std::string word;
  for (std::size_t i = at; i < at + 4; ++i) {
    const auto letter = static_cast<char>(profile[i]);
    word += letter >= ' ' && letter <= '~' ? letter : '?';
  }
  return word;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

void require_rgb_profile(std::span<const std::uint8_t> profile) {
  if (profile.size() < kHeaderBytes)
    refuse("has " + std::to_string(profile.size()) + " bytes, its header alone has " + std::to_string(kHeaderBytes));
  const std::size_t declared = std::size_t{profile[0]} << 24 | std::size_t{profile[1]} << 16 |
                               std::size_t{profile[2]} << 8 | std::size_t{profile[3]};
  if (declared > profile.size() || declared < kHeaderBytes)
    refuse("says that it has " + std::to_string(declared) + " bytes; there are " + std::to_string(profile.size()));
  if (word_at(profile, kSignatureAt) != "acsp")
    refuse("lacks the signature of a profile (\"acsp\"; there is \"" + word_at(profile, kSignatureAt) + "\")");
  const std::string space = word_at(profile, kSpaceAt);
  if (space != "RGB ") refuse("is for colours of the kind \"" + space + "\", expected \"RGB \"");
  const std::string device = word_at(profile, kClassAt);
  if (!is_one_of(device, {"scnr", "mntr", "prtr", "spac"}))
    refuse("is of the class \"" + device + "\", expected a scanner, a display, an output or a colour space");
  const std::string connection = word_at(profile, kConnectionAt);
  if (!is_one_of(connection, {"XYZ ", "Lab "}))
    refuse("leads to \"" + connection + "\", expected \"XYZ \" or \"Lab \"");
}

// Pixels in memory and libvips' transform over them, made once: lcms prepares a profile in milliseconds, and a tile in
// less. A region is made anew for each call, so that nothing of an earlier one is in it.
class IccTransform::Pipeline {
 public:
  Pipeline(const Vips& vips, std::span<const std::uint8_t> profile, int intent)
      : vips_(vips),
        pixels_(kBytes),
        source_(nullptr, Unref(vips.object_unref)),
        out_(nullptr, Unref(vips.object_unref)) {
    Vips::clear_log();
    source_.reset(vips.image_from_memory(pixels_.data(), kBytes, kWidthPx, kHeightPx, 3, Vips::kFormatUchar));
    if (!source_) fail();
    vips.image_set_blob(source_.get(), "icc-profile-data", profile.data(), profile.size());
    const Owned operation(vips.operation_new("icc_transform"), Unref(vips.object_unref));
    if (!operation) fail();
    vips.object_set(operation.get(), "in", source_.get(), "output_profile", "srgb", "embedded", 1, "intent", intent,
                    "depth", 8, static_cast<char*>(nullptr));
    void* image = nullptr;
    if (vips.object_build(operation.get()) == 0)
      vips.object_get(operation.get(), "out", &image, static_cast<char*>(nullptr));
    vips.object_unref_outputs(operation.get());
    out_.reset(image);
    // A profile that cannot be used is a warning to libvips: it takes sRGB instead.
    if (!out_ || Vips::last_log()[0] != '\0') fail();
    if (vips.image_bands(image) != 3 || vips.image_format(image) != Vips::kFormatUchar)
      refuse("gives images that are not 8-bit RGB");
  }

  // The first `count` pixels of pixels(), and more, converted.
  [[nodiscard]] std::unique_ptr<unsigned char, Unref> convert(std::int64_t count) {
    Vips::clear_log();
    const std::int64_t rows = (count + kWidthPx - 1) / kWidthPx;
    const Owned region(vips_.region_new(out_.get()), Unref(vips_.object_unref));
    if (!region) fail();
    std::size_t bytes = 0;
    std::unique_ptr<unsigned char, Unref> converted(
        vips_.region_fetch(region.get(), 0, 0, kWidthPx, static_cast<int>(rows), &bytes), Unref(vips_.free));
    if (!converted || bytes != static_cast<std::size_t>(3 * rows * kWidthPx)) fail();
    return converted;
  }

  [[nodiscard]] std::uint8_t* pixels() noexcept { return pixels_.data(); }

  static constexpr int kWidthPx = 256;
  static constexpr int kHeightPx = 256;
  static constexpr std::int64_t kMostPx = std::int64_t{kWidthPx} * kHeightPx;

 private:
  static constexpr std::size_t kBytes = std::size_t{3} * kWidthPx * kHeightPx;

  [[noreturn]] void fail() const { refuse("cannot be applied: " + failure_text(vips_)); }

  const Vips& vips_;
  std::vector<std::uint8_t> pixels_;
  Owned source_;
  Owned out_;  // holds a reference to source_
};

IccTransform::IccTransform(std::span<const std::uint8_t> profile)
    : vips_(vips()), profile_(profile.begin(), profile.end()) {
  require_rgb_profile(profile_);
  try {
    idle_.push_back(std::make_unique<Pipeline>(vips_, profile_, intent_));
  } catch (const Error&) {
    // A scanner's profile may have one table, which is named after the perceptual intent whatever it holds.
    intent_ = Vips::kIntentPerceptual;
    idle_.push_back(std::make_unique<Pipeline>(vips_, profile_, intent_));
  }
  (void)idle_.back()->convert(1);
}

IccTransform::~IccTransform() = default;

std::unique_ptr<IccTransform::Pipeline> IccTransform::take() const {
  {
    const std::scoped_lock lock(mutex_);
    if (!idle_.empty()) {
      auto pipeline = std::move(idle_.back());
      idle_.pop_back();
      return pipeline;
    }
  }
  return std::make_unique<Pipeline>(vips_, profile_, intent_);
}

void IccTransform::give_back(std::unique_ptr<Pipeline> pipeline) const {
  const std::scoped_lock lock(mutex_);
  idle_.push_back(std::move(pipeline));
}

void IccTransform::apply(const RgbView& image) const {
  std::unique_ptr<Pipeline> pipeline = take();
  const std::int64_t rows_at_once =
      std::max<std::int64_t>(1, Pipeline::kMostPx / std::max<std::int64_t>(1, image.width_px));
  const std::int64_t width_at_once = std::min(image.width_px, Pipeline::kMostPx);
  for (std::int64_t y = 0; y < image.height_px; y += rows_at_once) {
    const std::int64_t rows = std::min(rows_at_once, image.height_px - y);
    for (std::int64_t x = 0; x < image.width_px; x += width_at_once) {
      const std::int64_t width = std::min(width_at_once, image.width_px - x);
      const auto row_bytes = static_cast<std::size_t>(3 * width);
      for (std::int64_t i = 0; i < rows; ++i)
        std::memcpy(pipeline->pixels() + 3 * i * width, image.row(y + i) + 3 * x, row_bytes);
      const auto converted = pipeline->convert(rows * width);
      for (std::int64_t i = 0; i < rows; ++i)
        std::memcpy(image.row(y + i) + 3 * x, converted.get() + 3 * i * width, row_bytes);
    }
  }
  give_back(std::move(pipeline));
}

}  // namespace microtome::decode

// Trestle's MedScan: a description of fields between ';', and stored tiles that may overlap.
#include <algorithm>
#include <cmath>
#include <utility>

#include "slide/dialects/dialect.h"
#include "slide/numeric_text.h"
#include "slide/resolution.h"

namespace microtome::slide {
namespace {

constexpr std::string_view kTrestleSoftware = "MedScan";

// Calls `visit` with what stands left and right of '=' in each field.
template <typename Visit>
void for_each_trestle_field(std::string_view description, Visit&& visit) {
  while (!description.empty()) {
    const std::string_view field = description.substr(0, description.find(';'));
    if (const auto equals = field.find('='); equals != std::string_view::npos)
      visit(trim(field.substr(0, equals)), trim(field.substr(equals + 1)));
    description.remove_prefix(std::min(field.size() + 1, description.size()));
  }
}

class TrestleRules final : public TiffRules {
 public:
  explicit TrestleRules(const TiffContents& file) : description_(file.description) {
    for_each_trestle_field(description_, [](std::string_view name, std::string_view value) {
      // "OverlapsXY= 64 64 32 32": two numbers for each level.
      if (name == "OverlapsXY" && value.find_first_not_of("0 \t") != std::string_view::npos)
        throw LeftToDriver("it is a slide by Trestle whose stored tiles overlap");
    });
  }

  static std::optional<std::string> detect(const TiffContents& file) {
    for (const Page& page : file.pages) {
      if (!page.tiled) return std::nullopt;
    }
    try {
      const TiffDirectory& first = file.directories[file.pages.front().directory].directory;
      if (file.description.empty() || !first.text(Tag::Software, kTrestleSoftware.size()).starts_with(kTrestleSoftware))
        return std::nullopt;
    } catch (const Error&) {
      return std::nullopt;
    }
    return "the software begins with \"MedScan\", and all pages are tiled";
  }

  // The resolution tags hold microns per pixel, whatever their unit says.
  [[nodiscard]] std::optional<Mpp> resolution(const SlidePage& slide,
                                              std::vector<std::string>& warnings) const override {
    try {
      const auto x = slide.directory.real(Tag::XResolution);
      const auto y = slide.directory.real(Tag::YResolution);
      if (x && y && *x > 0 && *y > 0 && std::isfinite(*x) && std::isfinite(*y)) return stated_mpp(*x, *y, "trestle");
    } catch (const Error& error) {
      warnings.push_back("the resolution tags are not read: " + error.found());
    }
    return std::nullopt;
  }

  void add_properties(PropertyList& properties) const override {
    for_each_trestle_field(description_, [&](std::string_view name, std::string_view value) {
      properties.add("trestle." + std::string(name), value);
    });
  }

 private:
  std::string description_;
};

}  // namespace

const TiffDialect& trestle_dialect() {
  static const TiffDialect dialect = make_dialect<TrestleRules>("trestle");
  return dialect;
}

}  // namespace microtome::slide

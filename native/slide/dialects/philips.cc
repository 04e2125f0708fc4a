#include "slide/dialects/philips.h"

#include <charconv>
#include <cmath>

#include "slide/dialects/dialect.h"
#include "slide/numeric_text.h"
#include "slide/page_marks.h"
#include "slide/xml_scan.h"

namespace microtome::slide {
namespace {

constexpr auto kNowhere = std::string_view::npos;
constexpr std::size_t kMaxLevels = 64;  // each is half of the one before it
constexpr double kTolerance = 0.05;
constexpr double kMaxFactor = 1 << 30;

struct Spacing {
  double y = 0;
  double x = 0;
};

// Two numbers, each in quotes, which are often written as &quot;: rows first, as DICOM has it.
std::optional<Spacing> parse_spacing(std::string_view text) noexcept {
  double values[2] = {};
  for (double& value : values) {
    for (;;) {
      const auto at = text.find_first_of("&0123456789.-");
      if (at == kNowhere) return std::nullopt;
      text.remove_prefix(at);
      if (text[0] != '&') break;
      const auto end = text.find(';');
      if (end == kNowhere) return std::nullopt;
      text.remove_prefix(end + 1);
    }
    const auto end = text.find_first_not_of("0123456789.eE+-");
    const auto number = parse_positive(text.substr(0, end));
    if (!number) return std::nullopt;
    value = *number;
    text.remove_prefix(end == kNowhere ? text.size() : end);
  }
  return Spacing{values[0], values[1]};
}

// Reads the PixelDataRepresentation objects, one for each level.
class PhilipsReader {
 public:
  explicit PhilipsReader(std::string_view xml) noexcept : scan_(xml) {}

  std::map<std::uint64_t, Spacing> run() {
    while (scan_.next() && levels_.size() < kMaxLevels) {
      if (scan_.name() == "DataObject")
        data_object();
      else if (scan_.name() == "Attribute")
        attribute();
    }
    return std::move(levels_);
  }

 private:
  void data_object() {
    if (scan_.kind() == XmlScan::Kind::End) {
      if (level_depth_ != 0 && depth_ == level_depth_) close_level();
      if (depth_ > 0) --depth_;
    } else if (scan_.kind() == XmlScan::Kind::Start) {
      ++depth_;
      if (xml_attribute(scan_.attributes(), "ObjectType") != "PixelDataRepresentation") return;
      level_depth_ = depth_;
      spacing_.reset();
      number_.reset();
    }
  }

  void attribute() {
    if (scan_.kind() == XmlScan::Kind::Start) {
      name_ = xml_attribute(scan_.attributes(), "Name").value_or("");
    } else if (scan_.kind() == XmlScan::Kind::End && level_depth_ != 0) {
      if (name_ == "DICOM_PIXEL_SPACING") spacing_ = parse_spacing(scan_.text());
      if (name_ == "PIIM_PIXEL_DATA_REPRESENTATION_NUMBER") number_ = parse_count(scan_.text());
      name_ = {};
    }
  }

  void close_level() {
    const std::uint64_t number = number_.value_or(next_);
    if (spacing_) levels_.emplace(number, *spacing_);
    next_ = number + 1;
    level_depth_ = 0;
  }

  XmlScan scan_;
  std::map<std::uint64_t, Spacing> levels_;
  std::string_view name_;  // of the attribute whose value comes
  std::optional<Spacing> spacing_;
  std::optional<std::uint64_t> number_;
  std::uint64_t next_ = 0;  // the number of a level that states none
  std::size_t depth_ = 0;
  std::size_t level_depth_ = 0;  // of the level that is being read; 0: none
};

std::optional<std::int64_t> whole_factor(double factor) noexcept {
  if (!std::isfinite(factor) || factor > kMaxFactor) return std::nullopt;
  const double whole = std::round(factor);
  if (whole < 1 || std::abs(factor - whole) > kTolerance * whole) return std::nullopt;
  return static_cast<std::int64_t>(whole);
}

class PhilipsRules final : public TiffRules {
 public:
  explicit PhilipsRules(const TiffContents& file) : factors_(philips_factors(file.description)) {}

  static std::optional<std::string> detect(const TiffContents& file) {
    if (!is_philips(file.description)) return std::nullopt;
    return "the description is an XML with a DPUfsImport or a DPScannedImage";
  }

  [[nodiscard]] std::string mark(Page& page) const override {
    const std::string text = lower_case(trim(page.text).substr(0, 8));
    if (text.starts_with("label")) return "label";
    if (text.starts_with("macro")) return "macro";
    return TiffRules::mark(page);
  }

  [[nodiscard]] bool pads_levels() const override { return true; }

  [[nodiscard]] std::optional<std::int64_t> level_factor(const Page& page,
                                                         const std::vector<Page>& pages) const override {
    if (factors_.empty()) return std::nullopt;
    auto level = philips_level(page.text);
    if (!level && !page.sub) {
      level = 0;  // without a word of its own: the place among the tiled pages
      for (const Page& other : pages) *level += !other.sub && other.tiled && other.number < page.number ? 1 : 0;
    }
    if (!level) return std::nullopt;
    const auto found = factors_.find(*level);
    return found == factors_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  std::map<std::uint64_t, std::int64_t> factors_;  // by level
};

}  // namespace

bool is_philips(std::string_view description) noexcept {
  return description.find("DPUfsImport") != kNowhere || description.find("DPScannedImage") != kNowhere;
}

std::map<std::uint64_t, std::int64_t> philips_factors(std::string_view description) {
  const auto spacings = PhilipsReader(description).run();
  std::map<std::uint64_t, std::int64_t> factors;
  const auto full = spacings.find(0);
  if (full == spacings.end()) return factors;
  for (const auto& [level, spacing] : spacings) {
    const auto x = whole_factor(spacing.x / full->second.x);
    const auto y = whole_factor(spacing.y / full->second.y);
    if (x && x == y) factors.emplace(level, *x);
  }
  return factors;
}

std::optional<std::uint64_t> philips_level(std::string_view page_description) noexcept {
  constexpr std::string_view kStart = "level=";
  const std::string_view text = trim(page_description);
  if (!text.starts_with(kStart)) return std::nullopt;
  return parse_count(text.substr(kStart.size(), text.find_first_of(" \t\r\n", kStart.size()) - kStart.size()));
}

const TiffDialect& philips_dialect() {
  static const TiffDialect dialect = make_dialect<PhilipsRules>("philips");
  return dialect;
}

}  // namespace microtome::slide

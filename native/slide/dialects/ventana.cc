// Ventana's (Roche's) BIF: an XML in the XMP tag of the first page describes the scan, another one in that of level 0
// where the stored tiles lie. Only where they lie side by side are they the tiles of an image; other files are left to
// OpenSlide.
#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <utility>

#include "slide/dialects/dialect.h"
#include "slide/numeric_text.h"
#include "slide/page_marks.h"
#include "slide/resolution.h"
#include "slide/xml_scan.h"
#include "slide/xml_text.h"

namespace microtome::slide {
namespace {

std::string xmp_of(const TiffDirectory& directory, std::uint64_t most) {
  const auto bytes = directory.blob(Tag::Xmp, most);
  return {bytes.begin(), bytes.end()};
}

// The attributes of the iScan element; nothing where there is none.
std::optional<std::string_view> iscan_of(std::string_view xmp) noexcept {
  XmlScan scan(xmp);
  while (scan.next()) {
    if (scan.kind() != XmlScan::Kind::End && scan.name() == "iScan") return scan.attributes();
  }
  return std::nullopt;
}

// "level=0 mag=40 quant=95".
struct VentanaLevel {
  std::uint64_t level = 0;
  double magnification = 0;  // 0: not said
};

std::optional<VentanaLevel> ventana_level(std::string_view text) noexcept {
  text = trim(text);
  if (!text.starts_with("level=")) return std::nullopt;
  VentanaLevel result;
  bool numbered = false;
  while (!text.empty()) {
    const std::string_view field = text.substr(0, text.find(' '));
    const auto equals = field.find('=');
    const std::string_view value = equals == std::string_view::npos ? "" : field.substr(equals + 1);
    if (field.starts_with("level=")) {
      const auto number = parse_count(value);
      if (!number) return std::nullopt;
      result.level = *number;
      numbered = true;
    }
    if (field.starts_with("mag=")) result.magnification = parse_positive(value).value_or(0);
    text = trim(text.substr(field.size()));
  }
  return numbered ? std::optional(result) : std::nullopt;
}

// True for a number that is zero, however it is written.
bool is_zero(std::string_view text) noexcept {
  text = trim(text);
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0.") == std::string_view::npos && text.find('0') != text.npos;
}

// What the XML of level 0 says of its tiles. An area is a rectangle of tiles that were scanned in one go.
struct VentanaTiles {
  std::uint64_t areas = 0;  // that were scanned
  std::uint64_t joints = 0;
  std::uint64_t overlaps = 0;
  std::uint64_t origins = 0;
  bool at_origin = true;                // every area begins where its stored tiles do
  std::uint64_t columns = 0, rows = 0;  // of the last area
};

bool all_zero(std::string_view attributes, std::initializer_list<const char*> names) {
  return std::all_of(names.begin(), names.end(),
                     [&](const char* name) { return is_zero(xml_attribute(attributes, name).value_or("unknown")); });
}

VentanaTiles read_tiles(std::string_view xmp) {
  VentanaTiles result;
  XmlScan scan(xmp);
  bool scanned = false, in_origins = false;
  while (scan.next()) {
    if (scan.name() == "AoiOrigin") {
      in_origins = scan.kind() == XmlScan::Kind::Start;
      continue;
    }
    if (scan.kind() == XmlScan::Kind::End) continue;
    if (in_origins) {
      ++result.origins;
      result.at_origin = result.at_origin && all_zero(scan.attributes(), {"OriginX", "OriginY"});
    } else if (scan.name() == "ImageInfo") {
      scanned = !is_zero(xml_attribute(scan.attributes(), "AOIScanned").value_or("1"));
      if (!scanned) continue;
      ++result.areas;
      result.at_origin = result.at_origin && is_zero(xml_attribute(scan.attributes(), "Pos-X").value_or("unknown"));
      result.columns = parse_count(xml_attribute(scan.attributes(), "NumCols").value_or("")).value_or(0);
      result.rows = parse_count(xml_attribute(scan.attributes(), "NumRows").value_or("")).value_or(0);
    } else if (scan.name() == "TileJointInfo" && scanned) {
      ++result.joints;
      if (!all_zero(scan.attributes(), {"OverlapX", "OverlapY"})) ++result.overlaps;
    }
  }
  return result;
}

// Throws LeftToDriver unless the stored tiles lie side by side, as those of any TIFF.
void require_plain_tiles(const VentanaTiles& tiles, const Page& full) {
  if (tiles.overlaps > 0)
    throw LeftToDriver("its stored tiles overlap at " + std::to_string(tiles.overlaps) + " of " +
                       std::to_string(tiles.joints) + " joints");
  if (tiles.areas != 1)
    throw LeftToDriver("it is a BIF of " + std::to_string(tiles.areas) +
                       " scanned areas, each with a place of its own");
  const auto whole = [](std::int64_t side, std::int64_t tile, std::uint64_t count) {
    return tile != 0 && side % tile == 0 && static_cast<std::uint64_t>(side / tile) == count;
  };
  if (tiles.origins != 1 || !tiles.at_origin || !whole(full.size.width_px, full.tile.width_px, tiles.columns) ||
      !whole(full.size.height_px, full.tile.height_px, tiles.rows))
    throw LeftToDriver("it is a BIF whose scanned area is not the whole of the stored picture");
}

class VentanaRules final : public TiffRules {
 public:
  explicit VentanaRules(const TiffContents& file) {
    xmp_ = xmp_of(file.directories[file.pages.front().directory].directory, file.limits.metadata_bytes);
    const std::string_view scan = iscan_of(xmp_).value_or("");
    if (const auto layers = xml_attribute(scan, "Z-layers"); layers && parse_count(*layers) != 1u)
      throw LeftToDriver("it is a BIF of several focal planes (Z-layers)");
    const Page* full = find_page(file, [](const Page& page) { return is_level(page, 0); });
    if (full == nullptr) throw LeftToDriver("it is a BIF without a page that is \"level=0\"");
    magnification_ = ventana_level(full->text)->magnification;
    const std::string tiles = xmp_of(file.directories[full->directory].directory, file.limits.metadata_bytes);
    // Without that XML it is a plain pyramid, which the scanner's programs export.
    has_areas_ = !tiles.empty();
    if (has_areas_) require_plain_tiles(read_tiles(tiles), *full);
  }

  static std::optional<std::string> detect(const TiffContents& file) {
    try {
      const TiffDirectory& first = file.directories[file.pages.front().directory].directory;
      // The beginning will do: the element comes first.
      constexpr std::uint64_t kHeadBytes = 64 << 10;
      if (!iscan_of(first.text(Tag::Xmp, std::min(kHeadBytes, file.limits.metadata_bytes)))) return std::nullopt;
    } catch (const Error&) {
      return std::nullopt;  // no XML that can be read says so
    }
    return "the XMP of the first page has an iScan";
  }

  [[nodiscard]] std::string mark(Page& page) const override {
    if (ventana_level(page.text)) return {};
    const std::string text = lower_case(trim(page.text.substr(0, 32)));
    // A photograph of the whole glass slide, label included.
    if (text == "label image" || text == "label_image") return "macro";
    if (text == "probe image" || text == "probe_image") return "mask";  // where the scanner saw tissue
    return TiffRules::mark(page);
  }

  [[nodiscard]] std::optional<std::size_t> slide_page(const std::vector<Page>& pages) const override {
    for (std::size_t i = 0; i < pages.size(); ++i) {
      if (is_level(pages[i], 0)) return i;
    }
    return std::nullopt;
  }

  // Of a scan, levels are padded to whole tiles.
  [[nodiscard]] std::optional<std::int64_t> level_factor(const Page& page, const std::vector<Page>&) const override {
    const auto level = ventana_level(page.text);
    if (!has_areas_ || !level || level->magnification == 0 || magnification_ == 0) return std::nullopt;
    const double factor = magnification_ / level->magnification;
    if (factor > 1e6 || std::abs(factor - std::round(factor)) > 0.01 * factor) return std::nullopt;
    return std::llround(factor);
  }

  [[nodiscard]] std::optional<Mpp> resolution(const SlidePage&, std::vector<std::string>& warnings) const override {
    const auto stated = xml_attribute(iscan_of(xmp_).value_or(""), "ScanRes");
    if (!stated) return std::nullopt;
    if (const auto um = parse_positive(xml_text(*stated))) return stated_mpp(*um, *um, "ventana");
    warnings.emplace_back("ScanRes is no finite number above zero; it is not used");
    return std::nullopt;
  }

  void add_properties(PropertyList& properties) const override {
    for_each_xml_attribute(iscan_of(xmp_).value_or(""), [&](std::string_view name, std::string_view value) {
      properties.add("ventana." + std::string(name), xml_text(value));
    });
  }

 private:
  static bool is_level(const Page& page, std::uint64_t number) {
    const auto level = ventana_level(page.text);
    return level && level->level == number;
  }

  std::string xmp_;           // of the first page
  double magnification_ = 0;  // of level 0
  bool has_areas_ = false;
};

}  // namespace

const TiffDialect& ventana_dialect() {
  static const TiffDialect dialect = make_dialect<VentanaRules>("ventana");
  return dialect;
}

}  // namespace microtome::slide

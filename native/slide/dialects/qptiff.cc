#include "slide/dialects/qptiff.h"

#include <algorithm>

#include "slide/colour_planes.h"
#include "slide/dialects/dialect.h"
#include "slide/numeric_text.h"
#include "slide/page_marks.h"
#include "slide/xml_scan.h"

namespace microtome::slide {
namespace {

constexpr std::string_view kQptiffRoot = "PerkinElmer-QPI-ImageDescription";

bool is_full_resolution(const Page& page) { return qptiff_image_type(page.text) == "FullResolution"; }

class QptiffRules final : public TiffRules {
 public:
  explicit QptiffRules(const TiffContents&) {}

  static std::optional<std::string> detect(const TiffContents& file) {
    const Page* page = find_page(file, [](const Page& other) { return !qptiff_image_type(other.text).empty(); });
    if (page == nullptr) return std::nullopt;
    return "the description of " + page->name + " is a " + std::string(kQptiffRoot);
  }

  [[nodiscard]] std::string mark(Page& page) const override {
    const std::string_view type = qptiff_image_type(page.text);
    if (type == "ReducedResolution") page.reduced = true;
    std::string name = known_page_name(type);
    return name.empty() ? TiffRules::mark(page) : name;
  }

  void join_planes(std::vector<Page>& pages, std::size_t slide, std::vector<std::string>&) const override {
    const Page& page = pages[slide];
    if (!is_single_channel(page) || !is_full_resolution(page)) return;
    const auto channels = std::count_if(pages.begin(), pages.end(), [&](const Page& other) {
      return other.grey() && other.size.width_px == page.size.width_px && other.size.height_px == page.size.height_px &&
             is_full_resolution(other);
    });
    if (channels > 1)
      refuse_channels("found the " + std::to_string(channels) + " channels of a QPTIFF as grey pages of their own");
  }
};

}  // namespace

std::string_view qptiff_image_type(std::string_view description) noexcept {
  if (description.find("<PerkinElmer-QPI-ImageDescription") == std::string_view::npos) return {};
  XmlScan scan(description);
  while (scan.next()) {
    if (scan.kind() == XmlScan::Kind::End && scan.name() == "ImageType") return trim(scan.text());
  }
  return {};
}

const TiffDialect& qptiff_dialect() {
  static const TiffDialect dialect = make_dialect<QptiffRules>("qptiff");
  return dialect;
}

}  // namespace microtome::slide

// ImageJ: the first description lists what its pages are, a line for each fact.
#include "slide/colour_planes.h"
#include "slide/dialects/dialect.h"
#include "slide/xml_scan.h"

namespace microtome::slide {
namespace {

constexpr std::string_view kImagejStart = "ImageJ=";

// "channels=3" among the lines.
std::uint64_t imagej_channels(std::string_view text) noexcept {
  if (!text.starts_with(kImagejStart)) return 1;
  constexpr std::string_view kKey = "\nchannels=";
  const auto at = text.find(kKey);
  if (at == std::string_view::npos) return 1;
  const std::string_view rest = text.substr(at + kKey.size());
  return parse_count(rest.substr(0, rest.find('\n'))).value_or(1);
}

class ImagejRules final : public TiffRules {
 public:
  explicit ImagejRules(const TiffContents&) {}

  static std::optional<std::string> detect(const TiffContents& file) {
    const Page* page = find_page(file, [](const Page& other) { return other.text.starts_with(kImagejStart); });
    if (page == nullptr) return std::nullopt;
    return "the description of " + page->name + " begins with \"ImageJ=\"";
  }

  void join_planes(std::vector<Page>& pages, std::size_t slide, std::vector<std::string>&) const override {
    if (!is_single_channel(pages[slide])) return;
    if (const std::uint64_t channels = imagej_channels(pages[slide].text); channels > 1)
      refuse_channels("found the " + std::to_string(channels) +
                      " channels of an ImageJ stack as grey pages of their own");
  }
};

}  // namespace

const TiffDialect& imagej_dialect() {
  static const TiffDialect dialect = make_dialect<ImagejRules>("imagej");
  return dialect;
}

}  // namespace microtome::slide

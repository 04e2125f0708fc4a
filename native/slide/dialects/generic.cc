// Any TIFF: pages are known by their tags, by their shapes, and by plain names in their descriptions.
#include "slide/dialects/dialect.h"
#include "slide/page_marks.h"

namespace microtome::slide {
namespace {

class GenericRules final : public TiffRules {
 public:
  explicit GenericRules(const TiffContents&) {}
  static std::optional<std::string> detect(const TiffContents&) {
    return "it is a TIFF in which nothing says who wrote it";
  }
};

}  // namespace

bool TiffRules::needs_no_end(std::string_view) const { return false; }
void TiffRules::read_pixels(const FoundDirectory&, const Limits&, Page&, std::vector<std::string>&) const {}
std::string TiffRules::mark(Page& page) const { return plain_page_name(page.text); }
void TiffRules::mark_together(std::vector<Page>&) const {}
void TiffRules::assign_images(std::vector<Page>&) const {}
std::string_view TiffRules::image_word() const { return "image"; }
bool TiffRules::images_hold_levels() const { return false; }
std::optional<std::size_t> TiffRules::slide_page(const std::vector<Page>&) const { return std::nullopt; }
void TiffRules::join_planes(std::vector<Page>&, std::size_t, std::vector<std::string>&) const {}
std::vector<LaidLevel> TiffRules::laid_levels() const { return {}; }
bool TiffRules::pads_levels() const { return false; }
std::optional<std::int64_t> TiffRules::level_factor(const Page&, const std::vector<Page>&) const {
  return std::nullopt;
}
std::string_view TiffRules::doubtful_mark(const Page&) const { return {}; }
bool TiffRules::strips_are_thumbnail() const { return false; }
std::optional<Mpp> TiffRules::resolution(const SlidePage&, std::vector<std::string>&) const { return std::nullopt; }
std::vector<std::string> TiffRules::remarks(const std::vector<Page>&, std::size_t) const { return {}; }
void TiffRules::add_properties(PropertyList&) const {}

const TiffDialect& generic_dialect() {
  static const TiffDialect dialect = make_dialect<GenericRules>("generic");
  return dialect;
}

}  // namespace microtome::slide

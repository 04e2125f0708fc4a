#include "slide/dialects/aperio.h"

#include <algorithm>
#include <utility>

#include "slide/dialects/dialect.h"
#include "slide/level_fit.h"
#include "slide/numeric_text.h"
#include "slide/resolution.h"

namespace microtome::slide {
namespace {

// Calls `visit` with each piece between separators until it returns true.
template <typename Visit>
void for_each_piece(std::string_view text, std::string_view separators, Visit&& visit) {
  for (;;) {
    const auto end = text.find_first_of(separators);
    if (visit(text.substr(0, end)) || end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

constexpr std::uint64_t kAperioLabel = 1;  // NewSubfileType

bool is_bare_label(const Page& page) { return !page.sub && page.mark.empty() && page.subfile == kAperioLabel; }

// A converter such as libvips keeps Aperio's description and marks every level below the first as reduced, with the
// number that Aperio gives its label. Told apart by what no Aperio file has: all other pages are marked so, tiled, and
// each is a reduction of the one before it; a single one must be the half that ends a pyramid.
bool levels_by_converter(const std::vector<Page>& pages) {
  const Page* previous = &pages.front();
  std::size_t count = 0;
  for (const Page& page : pages) {
    if (&page == &pages.front() || page.sub || !page.mark.empty()) continue;
    if (!is_bare_label(page)) {
      if (page.tiled) return false;  // a level as Aperio writes it
      continue;
    }
    if (page.tile.width_px == 0 || !is_reduction(previous->size, page.size)) return false;
    previous = &page;
    ++count;
  }
  if (count != 1) return count > 1;
  const auto half = [](std::int64_t full, std::int64_t side) { return side == full / 2 || side == (full + 1) / 2; };
  const Page& last = *previous;
  return half(pages.front().size.width_px, last.size.width_px) &&
         half(pages.front().size.height_px, last.size.height_px) && last.size.width_px <= last.tile.width_px &&
         last.size.height_px <= last.tile.height_px;
}

// A piece of a description in a message: short, and without what a terminal might obey.
std::string quoted_value(std::string_view text) {
  std::string shown(text.substr(0, 40));
  std::replace_if(shown.begin(), shown.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return '"' + shown + '"';
}

class AperioRules final : public TiffRules {
 public:
  explicit AperioRules(const TiffContents& file) : description_(file.description) {}

  static std::optional<std::string> detect(const TiffContents& file) {
    if (is_aperio(file.description)) return "the description begins with \"Aperio\"";
    if (trim(file.description).starts_with('<')) return std::nullopt;  // an XML says more of the file than a later page
    const Page* page = find_page(file, [](const Page& other) { return !other.sub && is_aperio(other.text); });
    if (page == nullptr) return std::nullopt;
    return "the description of " + page->name + " begins with \"Aperio\"";
  }

  [[nodiscard]] bool needs_no_end(std::string_view description) const override { return is_aperio(description); }

  [[nodiscard]] std::string mark(Page& page) const override {
    std::string name = aperio_page_name(page.text);
    return name.empty() ? TiffRules::mark(page) : name;
  }

  // Newer scanners write no names, and give the label NewSubfileType 1.
  void mark_together(std::vector<Page>& pages) const override {
    if (levels_by_converter(pages)) return;
    for (Page& page : pages) {
      if (is_bare_label(page)) page.mark = "label";
    }
  }

  // An image that a number alone marks could have been a level by its shape.
  [[nodiscard]] std::string_view doubtful_mark(const Page& page) const override {
    const bool by_number = !page.sub && page.mark == "label" && page.subfile == kAperioLabel;
    return by_number ? "NewSubfileType 1 marks Aperio's label" : "";
  }

  [[nodiscard]] bool strips_are_thumbnail() const override { return true; }

  // The first description is about the largest image, wherever that stands.
  [[nodiscard]] std::optional<Mpp> resolution(const SlidePage& slide,
                                              std::vector<std::string>& warnings) const override {
    const std::string& text = is_aperio(slide.description) ? slide.description : description_;
    if (!is_aperio(text)) return std::nullopt;
    if (const auto um = aperio_mpp(text)) return stated_mpp(*um, *um, "aperio");
    if (const std::string_view stated = aperio_mpp_text(text); !stated.empty())
      warnings.push_back("the description states MPP = " + quoted_value(stated) +
                         ", expected a finite number above zero; it is not used");
    return std::nullopt;
  }

  // "|AppMag = 20|MPP = 0.499|": behind the lines that say how the image was made.
  void add_properties(PropertyList& properties) const override {
    bool first = true;
    for_each_piece(description_, "|", [&](std::string_view field) {
      const auto equals = field.find('=');
      if (!std::exchange(first, false) && equals != std::string_view::npos)
        properties.add("aperio." + std::string(trim(field.substr(0, equals))), trim(field.substr(equals + 1)));
      return false;
    });
  }

 private:
  std::string description_;  // of page 0
};

}  // namespace

bool is_aperio(std::string_view description) noexcept { return description.substr(0, 6) == "Aperio"; }

std::string_view aperio_mpp_text(std::string_view description) noexcept {
  std::string_view text;
  for_each_piece(description, "|\r\n", [&](std::string_view field) {
    const auto equals = field.find('=');
    if (equals == std::string_view::npos || trim(field.substr(0, equals)) != "MPP") return false;
    text = trim(field.substr(equals + 1));
    return true;
  });
  return text;
}

std::optional<double> aperio_mpp(std::string_view description) noexcept {
  return parse_positive(aperio_mpp_text(description));
}

std::string aperio_page_name(std::string_view description) {
  std::string name;
  for_each_piece(description, "\r\n", [&](std::string_view line) {
    for (const std::string_view known : {"label", "macro"}) {
      if (line.substr(0, known.size()) == known) name = known;
    }
    return !name.empty();
  });
  return name;
}

const TiffDialect& aperio_dialect() {
  static const TiffDialect dialect = make_dialect<AperioRules>("aperio");
  return dialect;
}

}  // namespace microtome::slide

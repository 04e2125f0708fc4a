#include "slide/page_marks.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "slide/dialects/dialect.h"
#include "slide/numeric_text.h"

namespace microtome::slide {
namespace {

constexpr std::uint64_t kMaskBit = 4;
// Not in TIFF 6.0: macro images of some scanners have it, and depth maps of DNG. No level of a slide does.
constexpr std::uint64_t kForeignBit = 8;
constexpr std::uint64_t kMacro = 9;

constexpr std::array<std::string_view, 4> kNames = {"label", "macro", "thumbnail", "overview"};

// By the tag alone: holds in any file.
std::string tag_mark(const Page& page) {
  if ((page.subfile & kMaskBit) != 0) return "mask";
  if (page.subfile == kMacro) return "macro";
  return (page.subfile & kForeignBit) != 0 ? page.name : "";
}

// What belongs to a page goes with it.
void inherit(std::vector<Page>& pages) {
  for (Page& page : pages) {
    if (!page.sub || page.parent == Page::kNone) continue;
    page.image = pages[page.parent].image;
    if (page.mark.empty() && !pages[page.parent].mark.empty()) page.mark = page.name;
  }
}

bool all_marked(const std::vector<Page>& pages) {
  return std::all_of(pages.begin(), pages.end(), [](const Page& page) { return !page.mark.empty(); });
}

}  // namespace

void find_marks(std::vector<Page>& pages, const TiffRules& rules, std::vector<std::string>& warnings) {
  rules.assign_images(pages);
  for (Page& page : pages) {
    const std::string said = rules.mark(page);
    page.mark = tag_mark(page);
    if (page.mark.empty()) page.mark = said;
  }
  rules.mark_together(pages);
  inherit(pages);
  if (!all_marked(pages)) return;
  // Copied from page to page, or a picture of nothing else: such words tell no page from another.
  if (pages.size() > 1)
    warnings.push_back("every page is marked as a label, a macro image or the like; the marks are not used");
  for (Page& page : pages) page.mark = tag_mark(page);
  if (!all_marked(pages)) return;
  for (Page& page : pages) page.mark.clear();
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::string known_page_name(std::string_view word) {
  const std::string name = lower_case(word);
  return std::find(kNames.begin(), kNames.end(), name) == kNames.end() ? "" : name;
}

std::string plain_page_name(std::string_view text) {
  constexpr std::size_t kLongest = 32;
  text = trim(text);
  if (text.size() > kLongest) return {};
  const std::string name = lower_case(text);
  for (const std::string_view known : kNames) {
    if (!std::string_view(name).starts_with(known)) continue;
    const std::string_view rest = std::string_view(name).substr(known.size());
    if (rest.empty() || rest == " image" || rest == "_image" || rest == "-image") return std::string(known);
  }
  return {};
}

}  // namespace microtome::slide

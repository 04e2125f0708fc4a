#include "slide/page_marks.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "slide/aperio.h"
#include "slide/level_fit.h"
#include "slide/numeric_text.h"
#include "slide/ome_xml.h"
#include "slide/philips.h"
#include "slide/xml_scan.h"

namespace microtome::slide {
namespace {

constexpr std::uint64_t kMaskBit = 4;
// Not in TIFF 6.0: Aperio's macro images have it, and depth maps of DNG. No level of a slide does.
constexpr std::uint64_t kForeignBit = 8;
constexpr std::uint64_t kAperioLabel = 1;
constexpr std::uint64_t kAperioMacro = 9;

constexpr std::array<std::string_view, 4> kNames = {"label", "macro", "thumbnail", "overview"};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

// By the tag alone: holds in any file.
std::string tag_mark(const Page& page) {
  if ((page.subfile & kMaskBit) != 0) return "mask";
  if (page.subfile == kAperioMacro) return "macro";
  return (page.subfile & kForeignBit) != 0 ? page.name : "";
}

std::string qptiff_mark(std::string_view type) {
  const std::string name = lower(type);
  return std::find(kNames.begin(), kNames.end(), name) == kNames.end() ? "" : name;
}

std::string text_mark(const Page& page, const FileFacts& facts) {
  if (std::string name = qptiff_mark(qptiff_image_type(page.text)); !name.empty()) return name;
  if (facts.aperio) {
    if (std::string name = aperio_page_name(page.text); !name.empty()) return name;
  }
  if (facts.philips) {
    const std::string text = lower(trim(page.text).substr(0, 8));
    if (text.starts_with("label")) return "label";
    if (text.starts_with("macro")) return "macro";
  }
  if (std::string name = plain_page_name(page.text); !name.empty()) return name;
  return page.image ? plain_page_name(facts.ome[*page.image].name) : "";
}

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

void find_bare_labels(std::vector<Page>& pages) {
  if (levels_by_converter(pages)) return;
  for (Page& page : pages) {
    if (is_bare_label(page)) page.mark = "label";
  }
}

void find_owners(std::vector<Page>& pages, const FileFacts& facts) {
  if (facts.ome.empty()) return;
  std::size_t count = 0;
  for (const Page& page : pages) {
    if (!page.sub) count = std::max(count, page.number + 1);
  }
  std::vector<OmePage> chain(count);
  for (const Page& page : pages) {
    if (page.sub) continue;
    chain[page.number] = {static_cast<std::uint64_t>(page.size.width_px),
                          static_cast<std::uint64_t>(page.size.height_px), page.samples};
  }
  const auto owners = ome_owners(facts.ome, chain);
  for (Page& page : pages) {
    if (!page.sub) page.image = owners[page.number];
  }
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

void read_facts(std::string description, const std::vector<Page>& pages, FileFacts& facts) {
  facts.description = std::move(description);
  facts.aperio = is_aperio(facts.description) || std::any_of(pages.begin(), pages.end(), [](const Page& page) {
                   return !page.sub && is_aperio(page.text);
                 });
  if (is_aperio(facts.description)) return;  // no XML, whatever a comment in it looks like
  facts.philips = is_philips(facts.description);
  if (facts.philips) facts.philips_factors = philips_factors(facts.description);
  if (is_ome_xml(facts.description)) facts.ome = read_ome_images(facts.description);
}

void find_marks(std::vector<Page>& pages, const FileFacts& facts, std::vector<std::string>& warnings) {
  find_owners(pages, facts);
  for (Page& page : pages) {
    const std::string_view type = qptiff_image_type(page.text);
    page.full_resolution = type == "FullResolution";
    if (type == "ReducedResolution") page.reduced = true;
    page.mark = tag_mark(page);
    if (page.mark.empty()) page.mark = text_mark(page, facts);
  }
  if (facts.aperio) find_bare_labels(pages);
  inherit(pages);
  if (!all_marked(pages)) return;
  // Copied from page to page, or a picture of nothing else: such words tell no page from another.
  if (pages.size() > 1)
    warnings.push_back("every page is marked as a label, a macro image or the like; the marks are not used");
  for (Page& page : pages) page.mark = tag_mark(page);
  if (!all_marked(pages)) return;
  for (Page& page : pages) page.mark.clear();
}

std::string_view qptiff_image_type(std::string_view description) noexcept {
  if (description.find("<PerkinElmer-QPI-ImageDescription") == std::string_view::npos) return {};
  XmlScan scan(description);
  while (scan.next()) {
    if (scan.kind() == XmlScan::Kind::End && scan.name() == "ImageType") return trim(scan.text());
  }
  return {};
}

std::string plain_page_name(std::string_view text) {
  constexpr std::size_t kLongest = 32;
  text = trim(text);
  if (text.size() > kLongest) return {};
  const std::string name = lower(text);
  for (const std::string_view known : kNames) {
    if (!std::string_view(name).starts_with(known)) continue;
    const std::string_view rest = std::string_view(name).substr(known.size());
    if (rest.empty() || rest == " image" || rest == "_image" || rest == "-image") return std::string(known);
  }
  return {};
}

}  // namespace microtome::slide

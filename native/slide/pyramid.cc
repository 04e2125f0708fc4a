#include "slide/pyramid.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "slide/associated_images.h"
#include "slide/dialects/dialect.h"

namespace microtome::slide {
namespace {

std::string size_text(const ImageSize& size) {
  return std::to_string(size.width_px) + " x " + std::to_string(size.height_px);
}

std::int64_t area(const ImageSize& size) noexcept { return size.width_px * size.height_px; }  // sides below 2^31

bool same_size(const ImageSize& a, const ImageSize& b) noexcept {
  return a.width_px == b.width_px && a.height_px == b.height_px;
}

// Pages of which the same is said, so that a file of a thousand pages gets one warning and not a thousand.
class Notes {
 public:
  void add(const std::string& said, const std::string& page) {
    auto& note = notes_[said];
    if (++note.count <= kNamed) note.names += (note.count > 1 ? ", " : "") + page;
  }

  [[nodiscard]] std::vector<std::string> warnings() const {
    std::vector<std::string> result;
    for (const auto& [said, note] : notes_) {
      const std::string more = note.count > kNamed ? " and " + std::to_string(note.count - kNamed) + " more" : "";
      result.push_back(note.names + more + ": " + said);
    }
    return result;
  }

 private:
  static constexpr std::size_t kNamed = 3;

  struct Note {
    std::size_t count = 0;
    std::string names;
  };
  std::map<std::string, Note> notes_;
};

std::string no_level(const std::string& why) { return why + ": no level, listed as an associated image"; }

// Whether a page of the right shape is a level of this slide.
class Membership {
 public:
  Membership(const std::vector<Page>& pages, std::size_t slide, const TiffRules& rules)
      : pages_(pages), slide_(slide), word_(rules.image_word()), images_hold_levels_(rules.images_hold_levels()) {
    for (std::size_t i = 0; i < pages.size(); ++i) {
      const Page& page = pages[i];
      if (page.sub && page.parent == slide && page.mark.empty() && (page.tiled || page.reduced) &&
          is_reduction(pages[slide].size, page.size) && same_colours(page))
        has_sub_levels_ = true;
    }
  }

  // Empty for a level, else why it is none.
  [[nodiscard]] std::string reason_against(std::size_t index) const {
    if (const std::string why = other_picture(index); !why.empty()) return no_level(why);
    if (same_colours(pages_[index])) return "";
    return no_level(pages_[index].grey() ? "the shape fits a level, but it is grey and the slide has colours"
                                         : "the shape fits a level, but it has colours and the slide is grey");
  }

 private:
  [[nodiscard]] bool same_colours(const Page& page) const {
    return !page.storage || pages_[slide_].grey() == page.grey();
  }

  [[nodiscard]] std::string other_picture(std::size_t index) const {
    const Page& page = pages_[index];
    const Page& slide = pages_[slide_];
    if (page.sub) {
      const bool own = page.parent == slide_ || (slide.sub && page.parent == slide.parent);
      return own ? "" : "the shape fits a level, but it is a SubIFD of another page";
    }
    if (slide.sub && slide.parent == index) return "";
    if (page.image && page.image == slide.image && images_hold_levels_) return "";
    if (page.image && page.image == slide.image)
      return "the shape fits a level, but it is another plane of the slide's " + word_;
    if (page.image) return "the shape fits a level, but it belongs to another " + word_;
    return has_sub_levels_ ? "the shape fits a level, but the slide's levels are its SubIFDs" : "";
  }

  const std::vector<Page>& pages_;
  std::size_t slide_;
  std::string word_;
  bool images_hold_levels_;
  bool has_sub_levels_ = false;
};

// Indices of the pages that may be levels, largest first; of equal ones the first comes first.
std::vector<std::size_t> candidates(const std::vector<Page>& pages, std::size_t slide) {
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < pages.size(); ++i) {
    const Page& page = pages[i];
    if (i != slide && (page.tiled || page.reduced) && page.mark.empty() && !page.joined) result.push_back(i);
  }
  std::stable_sort(result.begin(), result.end(), [&](std::size_t a, std::size_t b) {
    const ImageSize& left = pages[a].size;
    const ImageSize& right = pages[b].size;
    return left.width_px != right.width_px ? left.width_px > right.width_px : left.height_px > right.height_px;
  });
  return result;
}

class Builder {
 public:
  Builder(std::vector<Page>& pages, std::size_t slide, const TiffRules& rules)
      : pages_(pages),
        slide_(slide),
        rules_(rules),
        members_(pages, slide, rules),
        last_(fit_of_level0(pages[slide].size)) {}

  Pyramid run() {
    is_level_.assign(pages_.size(), false);
    add_level(slide_, last_);
    const auto all = candidates(pages_, slide_);
    padded_ = rules_.pads_levels() || std::any_of(all.begin(), all.end(), [&](std::size_t i) {
                return pages_[i].tile.width_px != 0 && members_.reason_against(i).empty() &&
                       shows_padding(full(), pages_[i].size, pages_[i].tile);
              });
    for (const std::size_t index : all) consider(index);
    note_marked_shapes();
    note_larger();
    note_channels();
    pyramid_.associated = associated_images(pages_, is_level_, rules_);
    for (std::string& warning : notes_.warnings()) pyramid_.warnings.push_back(std::move(warning));
    return std::move(pyramid_);
  }

 private:
  [[nodiscard]] const ImageSize& full() const { return pages_[slide_].size; }

  [[nodiscard]] std::optional<LevelFit> fit(const Page& page) const {
    if (page.tile.width_px != 0) {
      if (const auto factor = rules_.level_factor(page, pages_)) {
        if (auto found = fit_by_factor(full(), last_, page.size, page.tile, *factor)) return found;
      }
      if (padded_) {
        if (auto found = fit_padded(full(), last_, page.size, page.tile)) return found;
      }
    }
    return fit_by_size(full(), last_, page.size);
  }

  void consider(std::size_t index) {
    Page& page = pages_[index];
    const auto found = fit(page);
    if (!found) {
      if (page.reduced && page.tiled && members_.reason_against(index).empty() && !same_size(page.size, last_.stored))
        notes_.add(no_level("marked as a reduced version of the slide, but the size fits no level"), page.name);
      return;
    }
    if (const std::string reason = members_.reason_against(index); !reason.empty()) {
      notes_.add(reason, page.name);
      return;
    }
    if (!page.storage) {
      pyramid_.warnings.push_back(page.name + " has the size of a level, but is not read: " + page.error->found());
      return;
    }
    add_level(index, *found);
    last_ = *found;
  }

  void add_level(std::size_t index, const LevelFit& fit) {
    Storage& storage = *pages_[index].storage;
    storage.width_px = fit.size.width_px;
    storage.height_px = fit.size.height_px;
    Level level;
    level.index = static_cast<int>(pyramid_.levels.size());
    level.downsample = pyramid_.levels.empty() ? 1 : fit.downsample();
    level.level0_width_px = fit.level0.width_px;
    level.level0_height_px = fit.level0.height_px;
    level.storage = storage;
    level.directory = index;
    pyramid_.levels.push_back(std::move(level));
    is_level_[index] = true;
  }

  void note_marked_shapes() {
    for (const Page& page : pages_) {
      if (!page.tiled || !is_reduction(full(), page.size)) continue;
      if (const std::string_view why = rules_.doubtful_mark(page); !why.empty())
        notes_.add(no_level("the shape fits a level, but " + std::string(why)), page.name);
    }
  }

  // A photograph in strips may be larger than a small slide, or be the slide after all.
  void note_larger() {
    for (std::size_t i = 0; i < pages_.size(); ++i) {
      const Page& page = pages_[i];
      if (i != slide_ && page.mark.empty() && !page.reduced && area(page.size) > area(full()))
        notes_.add(no_level("larger than the slide, but stored in strips and not tiles"), page.name);
    }
  }

  // Channels or focal planes that nothing in the file names.
  void note_channels() {
    const Page& slide = pages_[slide_];
    for (std::size_t i = 0; i < pages_.size(); ++i) {
      const Page& page = pages_[i];
      if (i == slide_ || !slide.grey() || !page.grey() || page.sub || page.joined || !page.mark.empty() ||
          !same_size(page.size, slide.size))
        continue;
      notes_.add("grey and as large as the slide, perhaps another channel of it; only " + slide.name + " is read",
                 page.name);
    }
  }

  std::vector<Page>& pages_;
  std::size_t slide_;
  const TiffRules& rules_;
  Membership members_;
  LevelFit last_;
  bool padded_ = false;
  std::vector<bool> is_level_;
  Notes notes_;
  Pyramid pyramid_;
};

}  // namespace

std::size_t choose_slide(const std::vector<Page>& pages) {
  const Page& first = pages.front();
  const auto plain = [](const Page& page) { return page.mark.empty() && !page.reduced; };
  const auto unmarked = [](const Page& page) { return page.mark.empty(); };
  const auto any = [](const Page&) { return true; };
  const auto largest = [&](auto&& allowed) -> std::optional<std::size_t> {
    const bool tiled =
        std::any_of(pages.begin(), pages.end(), [&](const Page& page) { return page.tiled && allowed(page); });
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < pages.size(); ++i) {
      const Page& page = pages[i];
      if (!allowed(page)) continue;
      if (i != 0 && tiled && !page.tiled && !is_reduction(page.size, first.size)) continue;
      if (!best || area(page.size) > area(pages[*best].size)) best = i;
    }
    return best;
  };
  if (const auto found = largest(plain)) return *found;
  if (const auto found = largest(unmarked)) return *found;
  return largest(any).value_or(0);
}

Pyramid build_pyramid(std::vector<Page>& pages, std::size_t slide, const TiffRules& rules) {
  Pyramid pyramid = Builder(pages, slide, rules).run();
  std::vector<std::string> chosen;
  if (slide != 0)
    chosen.push_back("the slide is " + pages[slide].name + " (" + size_text(pages[slide].size) +
                     " pixels), the largest image of the file, and not its first page (" +
                     size_text(pages.front().size) + ")");
  for (std::string& remark : rules.remarks(pages, slide)) chosen.push_back(std::move(remark));
  pyramid.warnings.insert(pyramid.warnings.begin(), chosen.begin(), chosen.end());
  return pyramid;
}

}  // namespace microtome::slide

#include "slide/associated_images.h"

#include <map>
#include <set>
#include <utility>

#include "slide/dialects/dialect.h"

namespace microtome::slide {
namespace {

class AssociatedNamer {
 public:
  explicit AssociatedNamer(const TiffRules& rules) noexcept : rules_(rules) {}

  std::string name(const Page& page) { return unique(wished(page)); }

 private:
  std::string wished(const Page& page) {
    if (!page.mark.empty()) return page.mark;
    if (!rules_.strips_are_thumbnail() || page.tiled || page.sub) return page.name;
    return std::exchange(thumbnail_seen_, true) ? page.name : "thumbnail";
  }

  // "mask", "mask-2", "mask-3": a name says which one is meant.
  std::string unique(const std::string& name) {
    std::string result = name;
    for (int& i = taken_.try_emplace(name, 1).first->second; !names_.insert(result).second;)
      result = name + "-" + std::to_string(++i);
    return result;
  }

  const TiffRules& rules_;
  bool thumbnail_seen_ = false;
  std::set<std::string> names_;
  std::map<std::string, int> taken_;
};

}  // namespace

std::vector<Associated> associated_images(const std::vector<Page>& pages, const std::vector<bool>& is_level,
                                          const TiffRules& rules) {
  std::vector<Associated> result;
  AssociatedNamer namer(rules);
  for (std::size_t i = 0; i < pages.size(); ++i) {
    const Page& page = pages[i];
    if (is_level[i] || page.joined) continue;
    Associated image;
    image.name = namer.name(page);
    image.width_px = page.size.width_px;
    image.height_px = page.size.height_px;
    image.storage = page.storage;
    if (page.error) image.refusal = page.error->found();
    image.directory = i;
    result.push_back(std::move(image));
  }
  return result;
}

}  // namespace microtome::slide

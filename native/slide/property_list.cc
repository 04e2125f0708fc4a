#include "slide/property_list.h"

#include <utility>

namespace microtome::slide {

void PropertyList::add(std::string name, std::string_view value) {
  if (name.empty() || value.empty() || names_.count(name) != 0) return;
  const std::uint64_t bytes = name.size() + value.size();
  if (bytes > left_) {
    ++left_out_;
    return;
  }
  left_ -= bytes;
  names_.insert(name);
  properties_.emplace_back(std::move(name), value);
}

}  // namespace microtome::slide

#include "decode/vips_objects.h"

#include <algorithm>

namespace microtome::decode {
namespace {

std::string one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  constexpr std::size_t kLongest = 300;
  if (text.size() > kLongest) text.resize(kLongest);
  return text;
}

}  // namespace

std::string failure_text(const Vips& vips) {
  const std::unique_ptr<char, Unref> shared(vips.error_copy(), Unref(vips.free));
  const std::string text = shared ? one_line(shared.get()) : "";
  vips.error_clear();
  if (!text.empty()) return text;
  const std::string logged = one_line(Vips::last_log());
  return logged.empty() ? "libvips gave no reason" : logged;
}

}  // namespace microtome::decode

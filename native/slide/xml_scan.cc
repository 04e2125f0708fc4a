#include "slide/xml_scan.h"

#include <charconv>
#include <system_error>

#include "slide/numeric_text.h"

namespace microtome::slide {
namespace {

constexpr auto kNone = std::string_view::npos;

bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// The first '>' outside quotes, from `at` on.
std::size_t tag_end(std::string_view xml, std::size_t at) noexcept {
  char quote = 0;
  for (; at < xml.size(); ++at) {
    const char c = xml[at];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '>') {
      return at;
    }
  }
  return kNone;
}

}  // namespace

std::size_t XmlScan::skip(std::size_t at) const noexcept {
  const auto past = [&](std::string_view open, std::string_view close) {
    const std::size_t found = xml_.find(close, at + open.size());
    return found == kNone ? kNone : found + close.size();
  };
  if (xml_.substr(at, 4) == "<!--") return past("<!--", "-->");
  if (xml_.substr(at, 9) == "<![CDATA[") return past("<![CDATA[", "]]>");
  if (xml_.substr(at, 2) != "<!" && xml_.substr(at, 2) != "<?") return at;
  const std::size_t end = tag_end(xml_, at + 1);
  return end == kNone ? kNone : end + 1;
}

void XmlScan::read_tag(std::string_view inside) noexcept {
  kind_ = Kind::Start;
  if (inside.starts_with('/')) {
    kind_ = Kind::End;
    inside.remove_prefix(1);
  } else if (inside.ends_with('/')) {
    kind_ = Kind::Empty;
    inside.remove_suffix(1);
  }
  std::size_t name_end = 0;
  while (name_end < inside.size() && !is_space(inside[name_end]) && inside[name_end] != '/') ++name_end;
  name_ = inside.substr(0, name_end);
  if (const auto colon = name_.find(':'); colon != kNone) name_.remove_prefix(colon + 1);
  attributes_ = inside.substr(name_end);
}

bool XmlScan::next() noexcept {
  const std::size_t text_begin = end_;
  std::size_t at = xml_.find('<', end_);
  while (at != kNone) {
    const std::size_t behind = skip(at);
    if (behind == at) break;
    at = behind == kNone ? kNone : xml_.find('<', behind);
  }
  const std::size_t close = at == kNone ? kNone : tag_end(xml_, at + 1);
  if (close == kNone) {
    end_ = xml_.size();
    return false;
  }
  text_ = xml_.substr(text_begin, at - text_begin);
  begin_ = at;
  end_ = close + 1;
  read_tag(xml_.substr(at + 1, close - at - 1));
  return true;
}

std::optional<XmlAttribute> next_xml_attribute(std::string_view& attributes) noexcept {
  attributes = trim(attributes);
  const auto equals = attributes.find('=');
  if (equals == kNone) return std::nullopt;
  XmlAttribute result{trim(attributes.substr(0, equals)), {}};
  attributes = trim(attributes.substr(equals + 1));
  if (attributes.empty() || (attributes[0] != '"' && attributes[0] != '\'')) return std::nullopt;
  const auto end = attributes.find(attributes[0], 1);
  if (end == kNone) return std::nullopt;
  result.value = attributes.substr(1, end - 1);
  attributes.remove_prefix(end + 1);
  return result;
}

std::optional<std::string_view> xml_attribute(std::string_view attributes, std::string_view wanted) noexcept {
  while (const auto attribute = next_xml_attribute(attributes)) {
    if (attribute->name == wanted) return attribute->value;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> parse_count(std::string_view text) noexcept {
  text = trim(text);
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

}  // namespace microtome::slide

// Walks along the tags of an XML text that a scanner left in a description. No XML library: no entity is expanded, no
// document type is read, nothing is nested or allocated, so a hostile text costs one pass over its bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace microtome::slide {

class XmlScan {
 public:
  enum class Kind : std::uint8_t { Start, End, Empty };  // <a>, </a>, <a/>

  explicit XmlScan(std::string_view xml) noexcept : xml_(xml) {}

  // Moves to the next tag; comments, CDATA and what begins with <? or <! are skipped. False at the end of the text, and
  // where a tag or a comment never ends.
  [[nodiscard]] bool next() noexcept;

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] std::string_view name() const noexcept { return name_; }  // without its prefix: "Pixels" of ome:Pixels
  [[nodiscard]] std::string_view attributes() const noexcept { return attributes_; }
  // What stands between the tag before and this one, as it is written.
  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  [[nodiscard]] std::size_t begin() const noexcept { return begin_; }  // of the tag, in the text
  [[nodiscard]] std::size_t end() const noexcept { return end_; }      // behind its '>'

 private:
  // Behind the end of what begins at `at` and is no tag, or at a tag; npos when it never ends.
  [[nodiscard]] std::size_t skip(std::size_t at) const noexcept;
  void read_tag(std::string_view inside) noexcept;

  std::string_view xml_;
  std::string_view name_;
  std::string_view attributes_;
  std::string_view text_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  Kind kind_ = Kind::Start;
};

struct XmlAttribute {
  std::string_view name;
  std::string_view value;
};
// Takes the first attribute off `attributes`; nothing at the end, and where one is malformed.
[[nodiscard]] std::optional<XmlAttribute> next_xml_attribute(std::string_view& attributes) noexcept;

// The value of an attribute; nothing when it is absent. Quotes may be single or double, spaces may surround '='.
[[nodiscard]] std::optional<std::string_view> xml_attribute(std::string_view attributes,
                                                            std::string_view wanted) noexcept;

// Calls `visit(name, value)` for each attribute, up to the first that is malformed. The values are as they are written.
template <typename Visit>
void for_each_xml_attribute(std::string_view attributes, Visit&& visit) {
  while (const auto attribute = next_xml_attribute(attributes)) visit(attribute->name, attribute->value);
}

// Decimal digits and nothing else, spaces around them aside.
[[nodiscard]] std::optional<std::uint64_t> parse_count(std::string_view text) noexcept;

}  // namespace microtome::slide

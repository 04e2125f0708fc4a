// A dialect that nobody writes: the one file that a new dialect is. Its line is in dialect_table_test.cc.
#pragma once

#include "slide/dialects/dialect.h"
#include "slide/resolution.h"

namespace microtome::slide {

class MadeUpRules final : public TiffRules {
 public:
  explicit MadeUpRules(const TiffContents& file) : description_(file.description) {}

  static std::optional<std::string> detect(const TiffContents& file) {
    if (!file.description.starts_with("made up")) return std::nullopt;
    return "the description begins with \"made up\"";
  }
  [[nodiscard]] std::string mark(Page& page) const override { return page.text == "glass" ? "macro" : ""; }
  [[nodiscard]] std::optional<Mpp> resolution(const SlidePage&, std::vector<std::string>&) const override {
    return stated_mpp(0.5, 0.25, "made up");
  }
  void add_properties(PropertyList& properties) const override { properties.add("made-up.text", description_); }

 private:
  std::string description_;
};

inline const TiffDialect& made_up_dialect() {
  static const TiffDialect dialect = make_dialect<MadeUpRules>("made-up");
  return dialect;
}

}  // namespace microtome::slide

// A driver in the place of the one over OpenSlide: it takes what is left to it, and says why.
#pragma once

#include <memory>
#include <string>

#include "slide/driver.h"
#include "test/support/fake_slide.h"

namespace microtome::test {

class StandIn final : public slide::Driver {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "openslide"; }
  [[nodiscard]] std::optional<std::string> detect(const slide::ByteSource&) const override { return std::nullopt; }
  [[nodiscard]] std::shared_ptr<const slide::Slide> open(std::shared_ptr<const slide::ByteSource>,
                                                         const slide::OpenOptions&,
                                                         const std::string& why) const override {
    auto slide = std::make_shared<FakeSlide>();
    slide->set_driver({"openslide", why});
    return slide;
  }
};

inline slide::DriverTable stand_in_table() {
  slide::DriverTable table;
  table.others.push_back(std::make_shared<StandIn>());
  return table;
}

}  // namespace microtome::test

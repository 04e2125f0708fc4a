#include "slide/dialects/leica_xml.h"

#include <array>

#include "core/error.h"
#include "slide/numeric_text.h"
#include "slide/page_marks.h"
#include "slide/xml_scan.h"
#include "slide/xml_text.h"

namespace microtome::slide {
namespace {

// Far above what a scan has; bounds the memory that a hostile text takes.
constexpr std::size_t kMostLeicaImages = 1 << 12;
constexpr std::size_t kMostLeicaPages = 1 << 16;
// A metre: far above a glass slide. Numbers up to it are exact where they are divided.
constexpr std::uint64_t kMostNanometres = 1'000'000'000;

[[noreturn]] void too_many_in_scan(const char* what, std::size_t most) {
  throw Error(
      Code::LIMIT_EXCEEDED, Stage::Slide,
      "the XML of the scan lists more than " + std::to_string(most) + " " + what + ", expected those of one slide");
}

// Without what is no character of Base64, and up to the first NUL.
std::string base64_text(std::string_view coded) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : coded) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) continue;
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    const char byte = static_cast<char>((bits >> count) & 0xFF);
    if (byte == '\0') break;
    result += byte;
  }
  return result;
}

class LeicaReader {
 public:
  explicit LeicaReader(std::string_view xml) noexcept : scan_(xml) {}

  LeicaScan run() {
    while (scan_.next()) {
      if (scan_.kind() == XmlScan::Kind::End)
        close();
      else
        open();
    }
    return std::move(result_);
  }

 private:
  [[nodiscard]] std::optional<std::uint64_t> given(std::string_view name) const noexcept {
    const auto value = xml_attribute(scan_.attributes(), name);
    return value ? parse_count(*value) : std::nullopt;
  }
  [[nodiscard]] std::uint64_t number(std::string_view name) const noexcept { return given(name).value_or(0); }
  // A length that no glass slide has counts as none.
  [[nodiscard]] std::optional<std::uint64_t> length(std::string_view name) const noexcept {
    const auto nm = given(name);
    return nm && *nm <= kMostNanometres ? nm : std::nullopt;
  }

  void open() {
    const std::string_view name = scan_.name();
    if (name == "image") {
      if (result_.images.size() == kMostLeicaImages) too_many_in_scan("images", kMostLeicaImages);
      result_.images.emplace_back();
      in_image_ = scan_.kind() == XmlScan::Kind::Start;
    } else if (name == "collection") {
      result_.width_nm = length("sizeX").value_or(0);
      result_.height_nm = length("sizeY").value_or(0);
      result_.barcode = xml_text(xml_attribute(scan_.attributes(), "barcode").value_or(""));
    } else if (name == "supplementalImage") {
      const auto page = given("ifd");
      if (result_.supplemental.size() == kMostLeicaPages) too_many_in_scan("pages", kMostLeicaPages);
      if (page)
        result_.supplemental.emplace(*page, known_page_name(xml_attribute(scan_.attributes(), "type").value_or("")));
    } else if (in_image_) {
      open_in_image(name);
    }
  }

  void open_in_image(std::string_view name) {
    LeicaImage& image = result_.images.back();
    if (name == "view") {
      image.view = {length("sizeX").value_or(0), length("sizeY").value_or(0), length("offsetX"), length("offsetY")};
    } else if (name == "dimension") {
      const auto page = given("ifd");
      if (result_.pages.size() == kMostLeicaPages) too_many_in_scan("pages", kMostLeicaPages);
      // The first that names a page: no page is of two images.
      if (page)
        result_.pages.emplace(
            *page, LeicaPage{result_.images.size() - 1, number("sizeX"), number("sizeY"), number("z"), number("c")});
    } else if (name == "device") {
      text("device-model", xml_attribute(scan_.attributes(), "model").value_or(""));
      text("device-version", xml_attribute(scan_.attributes(), "version").value_or(""));
    }
  }

  void close() {
    const std::string_view name = scan_.name();
    if (name == "image") in_image_ = false;
    // An element in the newer of the two namespaces, in Base64; an attribute of the collection in the older one.
    if (name == "barcode" && !scan_.text().empty()) result_.barcode = base64_text(scan_.text());
    if (!in_image_) return;
    constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kTexts = {
        {{"numericalAperture", "aperture"},
         {"creationDate", "creation-date"},
         {"illuminationSource", "illumination-source"},
         {"objective", "objective"}}};
    for (const auto& [element, property] : kTexts) {
      if (name == element) text(property, scan_.text());
    }
    if (name == "illuminationSource") result_.images.back().illumination = trim(scan_.text());
    if (name == "objective") result_.images.back().objective = trim(scan_.text());
  }

  void text(std::string_view property, std::string_view value) {
    constexpr std::size_t kMostTexts = 32;
    auto& texts = result_.images.back().texts;
    if (texts.size() < kMostTexts) texts.emplace_back("leica." + std::string(property), xml_text(trim(value)));
  }

  XmlScan scan_;
  LeicaScan result_;
  bool in_image_ = false;
};

}  // namespace

LeicaScan read_leica_xml(std::string_view xml) { return LeicaReader(xml).run(); }

}  // namespace microtome::slide

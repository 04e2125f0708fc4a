#include "slide/length_unit.h"

#include <algorithm>
#include <array>
#include <string>

#include "slide/numeric_text.h"
#include "slide/xml_text.h"

namespace microtome::slide {
namespace {

struct Unit {
  std::string_view name;
  double micrometres;
};

// UnitsLength of the OME schema. Case counts: "Mm" is no "mm".
constexpr std::array kUnits{
    Unit{"\xC2\xB5m", 1},  // U+00B5, the micro sign
    Unit{"\xCE\xBCm", 1},  // U+03BC, the Greek letter
    Unit{"\xB5m", 1},      // the micro sign in Latin-1
    Unit{"um", 1},         // for those who have ASCII only
    Unit{"micron", 1},
    Unit{"\xC3\x85", 1e-4},      // U+00C5, the letter A with a ring
    Unit{"A\xCC\x8A", 1e-4},     // the same in two characters
    Unit{"\xE2\x84\xAB", 1e-4},  // U+212B, the sign of the unit
    Unit{"\xC5", 1e-4},          // the letter in Latin-1
    Unit{"Ym", 1e30},
    Unit{"Zm", 1e27},
    Unit{"Em", 1e24},
    Unit{"Pm", 1e21},
    Unit{"Tm", 1e18},
    Unit{"Gm", 1e15},
    Unit{"Mm", 1e12},
    Unit{"km", 1e9},
    Unit{"hm", 1e8},
    Unit{"dam", 1e7},
    Unit{"m", 1e6},
    Unit{"dm", 1e5},
    Unit{"cm", 1e4},
    Unit{"mm", 1e3},
    Unit{"nm", 1e-3},
    Unit{"pm", 1e-6},
    Unit{"fm", 1e-9},
    Unit{"am", 1e-12},
    Unit{"zm", 1e-15},
    Unit{"ym", 1e-18},
    Unit{"thou", 25.4},
    Unit{"pt", 25400.0 / 72},
    Unit{"li", 25400.0 / 12},
    Unit{"in", 25400},
    Unit{"ft", 304800},
    Unit{"yd", 914400},
    Unit{"mi", 1609344e3},
    Unit{"ua", 149597870700e6},
    Unit{"ly", 9460730472580800e6},
    Unit{"pc", 3.0856775814913673e22},
};

}  // namespace

std::optional<double> micrometres_per_unit(std::string_view unit) {
  const std::string text = xml_text(unit);
  const std::string_view name = trim(text);
  const auto found =
      std::find_if(kUnits.begin(), kUnits.end(), [name](const Unit& known) { return known.name == name; });
  return found == kUnits.end() ? std::nullopt : std::optional(found->micrometres);
}

}  // namespace microtome::slide

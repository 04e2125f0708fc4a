// stain_tool macenko|reinhard SLIDE REFERENCE WIDTH OUT: fits both raw RGB images, writes the first with the colours of
// the second, and prints the two fits as a line of JSON.
#include "preprocess/stain.h"
#include "test/tools/raw_rgb.h"

using namespace microtome;

namespace {

template <std::size_t n>
std::string list_of(const std::array<double, n>& numbers) {
  std::string text;
  for (const double number : numbers) {
    char digits[40];
    std::snprintf(digits, sizeof digits, "%s%.17g", text.empty() ? "" : ",", number);
    text += digits;
  }
  return "[" + text + "]";
}

std::string json_of(const preprocess::StainFit& fit) {
  if (const auto* macenko = std::get_if<preprocess::MacenkoFit>(&fit))
    return R"({"stains":[)" + list_of(macenko->stains[0]) + "," + list_of(macenko->stains[1]) +
           R"(],"concentrations":)" + list_of(macenko->concentrations) + "}";
  const auto& reinhard = std::get<preprocess::ReinhardFit>(fit);
  return R"({"mean":)" + list_of(reinhard.mean) + R"(,"std":)" + list_of(reinhard.std) + "}";
}

}  // namespace

int main(int count, char** words) {
  return test::run_tool([&] {
    if (count != 6)
      throw Error(Code::INVALID_OPTION, Stage::Options, "expected a method, two images, a width, an output");
    const bool macenko = std::string(words[1]) == "macenko";
    const auto method = macenko ? preprocess::StainMethod::Macenko : preprocess::StainMethod::Reinhard;
    std::vector<std::uint8_t> pixels = test::read_bytes(words[2]);
    const std::int64_t width = std::atoll(words[4]);
    const preprocess::StainFit slide = preprocess::fit_stain(method, pixels);
    const preprocess::StainFit reference = preprocess::fit_stain(method, test::read_bytes(words[3]));
    const auto height = static_cast<std::int64_t>(pixels.size()) / (3 * width);
    preprocess::StainMap(slide, reference).apply({pixels.data(), width, height, 3 * width});
    test::write_bytes(words[5], pixels);
    std::printf("{\"slide\":%s,\"reference\":%s}\n", json_of(slide).c_str(), json_of(reference).c_str());
  });
}

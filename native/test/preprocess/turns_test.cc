// Flips and quarter turns against pictures written out by hand, for every layout and element type.
#include "preprocess/turns.h"

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "test/check.h"

using namespace microtome;
using namespace microtome::preprocess;

namespace {

struct Case {
  Turn turn;
  std::int64_t width;
  std::string picture;  // row by row
};

// a b c
// d e f   turned in each way.
const std::vector<Case> kCases = {{Turn::Identity, 3, "abcdef"},  {Turn::FlipX, 3, "cbafed"},
                                  {Turn::FlipY, 3, "defabc"},     {Turn::Rotate90, 2, "daebfc"},
                                  {Turn::Rotate180, 3, "fedcba"}, {Turn::Rotate270, 2, "cfbead"},
                                  {Turn::Transpose, 2, "adbecf"}, {Turn::Antitranspose, 2, "fcebda"}};

constexpr Turn kTurns[] = {Turn::Identity,  Turn::FlipX,     Turn::FlipY,     Turn::Rotate90,
                           Turn::Rotate180, Turn::Rotate270, Turn::Transpose, Turn::Antitranspose};

std::vector<TensorFormat> formats() {
  std::vector<TensorFormat> all;
  for (const Layout layout : {Layout::Nchw, Layout::Nhwc})
    for (const ElementType type : {ElementType::Float32, ElementType::Float16, ElementType::Uint8}) {
      TensorFormat how;
      how.layout = layout;
      how.type = type;
      all.push_back(how);
    }
  return all;
}

// The tensor of a picture whose pixels are letters; the channels differ.
std::vector<std::uint8_t> tensor_of(const std::string& picture, std::int64_t width, const TensorFormat& how) {
  const auto height = static_cast<std::int64_t>(picture.size()) / width;
  std::vector<std::uint8_t> pixels;
  for (const char letter : picture)
    for (int channel = 0; channel < 3; ++channel) pixels.push_back(static_cast<std::uint8_t>(letter + 40 * channel));
  std::vector<std::uint8_t> out(tensor_bytes(width, height, how.type));
  image_to_tensor({pixels.data(), width, height, 3 * width}, how, out.data());
  return out;
}

std::vector<std::uint8_t> noise(std::size_t count) {
  std::mt19937 random(11);
  std::vector<std::uint8_t> bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

}  // namespace

TEST(each_turn_moves_an_asymmetric_picture_as_its_name_says) {
  for (const TensorFormat& how : formats())
    for (const Case& one : kCases) {
      const auto in = tensor_of("abcdef", 3, how);
      const auto expected = tensor_of(one.picture, one.width, how);
      std::vector<std::uint8_t> out(in.size());
      turn_row(in.data(), out.data(), 3, 2, how, one.turn);
      CHECK(out == expected);
      CHECK_EQ(swaps_sides(one.turn), one.width == 2);
    }
}

TEST(in_place_is_the_same_as_into_a_second_buffer) {
  for (const TensorFormat& how : formats())
    for (const Turn turn : kTurns)
      for (const auto& [width, height] : {std::pair{1, 1}, {2, 2}, {37, 37}, {64, 64}, {37, 5}, {1, 9}}) {
        if (swaps_sides(turn) && width != height) continue;
        auto row = noise(tensor_bytes(width, height, how.type));
        std::vector<std::uint8_t> out(row.size());
        turn_row(row.data(), out.data(), width, height, how, turn);
        turn_row_in_place(row.data(), width, height, how, turn);
        CHECK(row == out);
      }
}

TEST(four_quarter_turns_are_none) {
  const std::int64_t width = 70, height = 41;
  for (const TensorFormat& how : formats()) {
    const auto in = noise(tensor_bytes(width, height, how.type));
    auto at = in, next = in;
    for (int quarter = 0; quarter < 4; ++quarter) {
      turn_row(at.data(), next.data(), quarter % 2 == 0 ? width : height, quarter % 2 == 0 ? height : width, how,
               Turn::Rotate90);
      std::swap(at, next);
      if (quarter == 0) CHECK(at != in);
    }
    CHECK(at == in);
  }
}

TEST(sides_that_cannot_be_are_refused) {
  std::vector<std::uint8_t> row(72);
  CHECK_THROWS(INTERNAL, turn_row_in_place(row.data(), 3, 2, {}, Turn::Rotate90));
  CHECK_THROWS(INTERNAL, turn_row_in_place(row.data(), 0, 2, {}, Turn::FlipX));
  CHECK_THROWS(INTERNAL, turn_row(row.data(), row.data(), 3, -2, {}, Turn::FlipX));
}

TEST_MAIN

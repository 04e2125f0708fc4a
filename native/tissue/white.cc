#include "tissue/white.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace microtome::tissue {
namespace {

struct Block {
  float mean[3] = {0, 0, 0};
  float deviation = 0;  // of green within the block
  bool filler = false;  // pure white throughout: never scanned
  bool candidate = false;
};

struct Blocks {
  std::int64_t across = 0;
  std::int64_t down = 0;
  std::vector<Block> all;
  std::uint64_t pixels = 0;  // looked at
  std::uint64_t coloured_px = 0;
  std::array<std::uint32_t, 256> brightness{};  // of the brightest channel, all pixels
};

using Channels = std::array<double, 3>;
using Terms = std::array<double, 6>;

double density(double value) { return -std::log(std::max(value, 1.0) / 255.0); }

// Greatest difference between channels: the strength of a colour.
double chroma(const Channels& d) { return std::max({d[0], d[1], d[2]}) - std::min({d[0], d[1], d[2]}); }

Channels block_density(const Block& block) {
  return {density(block.mean[0]), density(block.mean[1]), density(block.mean[2])};
}

// One row in four is enough to know a block; blocks cut off by the edge are read whole.
Block measure(const RgbImage& image, std::int64_t bx, std::int64_t by, Blocks& totals) {
  const std::int64_t x1 = std::min((bx + 1) * kBlockPx, image.width_px);
  const std::int64_t y1 = std::min((by + 1) * kBlockPx, image.height_px);
  const std::int64_t step = y1 - by * kBlockPx == kBlockPx ? 4 : 1;
  std::uint32_t sum[3] = {0, 0, 0};
  std::uint32_t squares = 0;
  std::uint32_t coloured = 0;
  std::uint32_t count = 0;
  int lowest = 255;
  for (std::int64_t y = by * kBlockPx + step / 2; y < y1; y += step) {
    const std::uint8_t* px = image.data.data() + 3 * (y * image.width_px + bx * kBlockPx);
    for (std::int64_t x = bx * kBlockPx; x < x1; ++x, px += 3, ++count) {
      const int r = px[0], g = px[1], b = px[2];
      sum[0] += static_cast<std::uint32_t>(r);
      sum[1] += static_cast<std::uint32_t>(g);
      sum[2] += static_cast<std::uint32_t>(b);
      squares += static_cast<std::uint32_t>(g * g);
      coloured += std::abs(r - g) + std::abs(g - b) > 3 ? 1u : 0u;
      lowest = std::min(lowest, std::min(r, std::min(g, b)));
    }
  }
  Block block;
  const auto pixels = static_cast<float>(count);
  for (int c = 0; c < 3; ++c) block.mean[c] = static_cast<float>(sum[c]) / pixels;
  const float variance = static_cast<float>(squares) / pixels - block.mean[1] * block.mean[1];
  block.deviation = std::sqrt(std::max(variance, 0.0f));
  block.filler = lowest >= 253;
  totals.pixels += count;
  totals.coloured_px += coloured;
  const float brightest = std::max({block.mean[0], block.mean[1], block.mean[2]});
  ++totals.brightness[static_cast<std::size_t>(brightest + 0.5f)];
  return block;
}

// Smooth, bright, and of a tint that glass may have. Pink and violet tints are held tighter: that is what pale tissue
// looks like.
bool may_be_glass(const Block& block) {
  constexpr float kMaxDeviation = 7;
  constexpr float kMinBrightness = 140;
  constexpr double kMaxPinkTint = 0.045;
  constexpr double kMaxOtherTint = 0.14;
  if (block.deviation > kMaxDeviation) return false;
  if (std::max({block.mean[0], block.mean[1], block.mean[2]}) < kMinBrightness) return false;
  const Channels d = block_density(block);
  const bool pink = d[1] >= d[0] && d[1] >= d[2];
  return chroma(d) <= (pink ? kMaxPinkTint : kMaxOtherTint);
}

Blocks measure_blocks(const RgbImage& image) {
  Blocks blocks;
  blocks.across = (image.width_px + kBlockPx - 1) / kBlockPx;
  blocks.down = (image.height_px + kBlockPx - 1) / kBlockPx;
  blocks.all.reserve(static_cast<std::size_t>(blocks.across * blocks.down));
  for (std::int64_t by = 0; by < blocks.down; ++by)
    for (std::int64_t bx = 0; bx < blocks.across; ++bx) {
      blocks.all.push_back(measure(image, bx, by, blocks));
      Block& block = blocks.all.back();
      block.candidate = !block.filler && may_be_glass(block);
    }
  return blocks;
}

// The colour of the brightest frequent kind of candidate; false when there are too few.
bool brightest_kind(const Blocks& blocks, Channels& white) {
  std::array<int, 256> histogram{};
  int candidates = 0;
  const auto bin_of = [](const Block& block) {
    return static_cast<int>((block.mean[0] + block.mean[1] + block.mean[2]) / 3 + 0.5f);
  };
  for (const Block& block : blocks.all)
    if (block.candidate) {
      ++histogram[static_cast<std::size_t>(bin_of(block))];
      ++candidates;
    }
  const int enough = std::max({4, candidates * 3 / 100, static_cast<int>(blocks.all.size() / 1000)});
  const auto around = [&histogram](int bin, int reach) {
    int sum = 0;
    for (int i = std::max(0, bin - reach); i <= std::min(255, bin + reach); ++i)
      sum += histogram[static_cast<std::size_t>(i)];
    return sum;
  };
  int top = 255;
  while (top >= 0 && around(top, 3) < enough) --top;
  if (top < 0) return false;
  int peak = top;
  for (int bin = top; bin >= std::max(0, top - 12); --bin)
    if (around(bin, 2) > around(peak, 2)) peak = bin;
  std::array<std::vector<float>, 3> values;
  for (const Block& block : blocks.all)
    if (block.candidate && std::abs(bin_of(block) - peak) <= 4)
      for (std::size_t c = 0; c < 3; ++c) values[c].push_back(block.mean[c]);
  for (std::size_t c = 0; c < 3; ++c) {
    const auto middle = values[c].begin() + static_cast<std::ptrdiff_t>(values[c].size() / 2);
    std::nth_element(values[c].begin(), middle, values[c].end());
    white[c] = density(*middle);
  }
  return true;
}

Terms terms_at(const WhiteModel& model, std::int64_t bx, std::int64_t by) {
  const double u = (2.0 * static_cast<double>(bx) + 1) / static_cast<double>(model.blocks_across) - 1;
  const double v = (2.0 * static_cast<double>(by) + 1) / static_cast<double>(model.blocks_down) - 1;
  return {1, u, v, u * u, u * v, v * v};
}

// Solves the 6 x 6 normal equations for three right-hand sides by elimination; the matrix is positive definite.
void solve(std::array<Terms, 6>& matrix, std::array<Channels, 6>& right) {
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t k = i + 1; k < 6; ++k) {
      const double factor = matrix[k][i] / matrix[i][i];
      for (std::size_t j = i; j < 6; ++j) matrix[k][j] -= factor * matrix[i][j];
      for (std::size_t c = 0; c < 3; ++c) right[k][c] -= factor * right[i][c];
    }
  for (std::size_t i = 6; i-- > 0;)
    for (std::size_t c = 0; c < 3; ++c) {
      for (std::size_t j = i + 1; j < 6; ++j) right[i][c] -= matrix[i][j] * right[j][c];
      right[i][c] /= matrix[i][i];
    }
}

// Least squares over the blocks marked as glass, leaning to a constant where they say little.
void fit(const Blocks& blocks, WhiteModel& model) {
  std::array<Terms, 6> matrix{};
  std::array<Channels, 6> right{};
  std::array<std::vector<float>, 3> seen;
  for (std::int64_t by = 0; by < blocks.down; ++by)
    for (std::int64_t bx = 0; bx < blocks.across; ++bx) {
      const auto index = static_cast<std::size_t>(by * blocks.across + bx);
      if (model.glass_block[index] == 0) continue;
      const Terms terms = terms_at(model, bx, by);
      const Channels d = block_density(blocks.all[index]);
      for (std::size_t i = 0; i < 6; ++i) {
        for (std::size_t j = 0; j < 6; ++j) matrix[i][j] += terms[i] * terms[j];
        for (std::size_t c = 0; c < 3; ++c) right[i][c] += terms[i] * d[c];
      }
      for (std::size_t c = 0; c < 3; ++c) seen[c].push_back(static_cast<float>(d[c]));
    }
  const auto count = static_cast<double>(seen[0].size());
  const double lean = count < 30 ? 1e6 : 0.003 * count;
  for (std::size_t i = 1; i < 6; ++i) matrix[i][i] += lean;
  solve(matrix, right);
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t i = 0; i < 6; ++i) model.surface[c][i] = right[i][c];
    const auto trim = static_cast<std::ptrdiff_t>(seen[c].size() / 100);
    std::sort(seen[c].begin(), seen[c].end());
    model.lowest[c] = *(seen[c].begin() + trim) - 0.01;
    model.highest[c] = *(seen[c].end() - 1 - trim) + 0.01;
  }
}

// Candidates rougher than glass usually is on this slide hold faint tissue, dirt or an edge.
void drop_rough(Blocks& blocks, const WhiteModel& model) {
  std::vector<float> deviations;
  for (std::size_t i = 0; i < blocks.all.size(); ++i)
    if (model.glass_block[i] != 0) deviations.push_back(blocks.all[i].deviation);
  if (deviations.empty()) return;
  const auto middle = deviations.begin() + static_cast<std::ptrdiff_t>(deviations.size() / 2);
  std::nth_element(deviations.begin(), middle, deviations.end());
  const float most = 1.5f * *middle + 0.6f;
  for (Block& block : blocks.all) block.candidate = block.candidate && block.deviation <= most;
}

// Marks the candidates that agree with the present surface; returns how many.
std::size_t select(const Blocks& blocks, WhiteModel& model, double max_chroma, double max_darker) {
  std::size_t count = 0;
  for (std::int64_t by = 0; by < blocks.down; ++by)
    for (std::int64_t bx = 0; bx < blocks.across; ++bx) {
      const auto index = static_cast<std::size_t>(by * blocks.across + bx);
      const Block& block = blocks.all[index];
      bool glass = block.candidate;
      if (glass) {
        const std::array<float, 3> white = model.density_at(bx, by);
        Channels d = block_density(block);
        for (std::size_t c = 0; c < 3; ++c) d[c] -= white[c];
        const double darker = (d[0] + d[1] + d[2]) / 3;
        glass = chroma(d) <= max_chroma && darker >= -0.12 && darker <= max_darker;
      }
      model.glass_block[index] = glass ? 1 : 0;
      count += glass ? 1 : 0;
    }
  return count;
}

void set_constant(WhiteModel& model, const Channels& white) {
  for (std::size_t c = 0; c < 3; ++c) {
    model.surface[c] = {white[c], 0, 0, 0, 0, 0};
    model.lowest[c] = model.highest[c] = white[c];
  }
}

// No glass: white is as bright as the brightest hundredth of the blocks, and neutral.
Channels assumed_white(const Blocks& blocks) {
  const std::size_t wanted = blocks.all.size() / 100;
  std::size_t seen = 0;
  int value = 255;
  while (value > 0 && (seen += blocks.brightness[static_cast<std::size_t>(value)]) <= wanted) --value;
  const double white = density(std::max(value, 225));
  return {white, white, white};
}

}  // namespace

std::array<float, 3> WhiteModel::density_at(std::int64_t block_x, std::int64_t block_y) const noexcept {
  const Terms terms = terms_at(*this, block_x, block_y);
  std::array<float, 3> density{};
  for (std::size_t c = 0; c < 3; ++c) {
    double sum = 0;
    for (std::size_t i = 0; i < 6; ++i) sum += surface[c][i] * terms[i];
    density[c] = static_cast<float>(std::clamp(sum, lowest[c], highest[c]));
  }
  return density;
}

WhiteModel estimate_white(const RgbImage& overview) {
  constexpr double kFirstChroma = 0.03;
  constexpr double kFirstDarker = 0.4;
  constexpr double kLastChroma = 0.02;
  constexpr double kLastDarker = 0.1;
  constexpr double kPinkDoubt = 0.03;
  Blocks blocks = measure_blocks(overview);
  WhiteModel model;
  model.blocks_across = blocks.across;
  model.blocks_down = blocks.down;
  model.glass_block.assign(blocks.all.size(), 0);
  model.grey_image = static_cast<double>(blocks.coloured_px) <= 1e-5 * static_cast<double>(blocks.pixels);

  const auto fillers = static_cast<std::size_t>(
      std::count_if(blocks.all.begin(), blocks.all.end(), [](const Block& block) { return block.filler; }));
  Channels white{};
  bool have = brightest_kind(blocks, white);
  const bool pink = white[1] >= white[0] && white[1] >= white[2] && chroma(white) > kPinkDoubt;
  if (fillers >= 4 && (!have || pink)) {
    // Pure white is the only glass there is: what else is smooth and bright is pale tissue.
    for (Block& block : blocks.all) block.candidate = block.filler;
    have = brightest_kind(blocks, white);
  }
  if (!have) {
    set_constant(model, assumed_white(blocks));
    return model;
  }
  model.found = true;
  set_constant(model, white);
  if (select(blocks, model, kFirstChroma, kFirstDarker) == 0) return model;
  fit(blocks, model);
  drop_rough(blocks, model);
  for (int round = 0; round < 3; ++round) {
    if (select(blocks, model, round == 0 ? kFirstChroma : kLastChroma, round == 0 ? kFirstDarker / 2 : kLastDarker) ==
        0)
      break;
    fit(blocks, model);
  }
  return model;
}

}  // namespace microtome::tissue

// The tokens of a tile to one row: what a vision transformer says of the whole tile.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace microtome::aggregate {

struct Pool {
  enum class Kind : std::uint8_t {
    None,   // all tokens, one after another
    First,  // the first one: the class token
    Mean    // the mean of those after `skip`
  };
  Kind kind = Kind::None;
  std::int64_t skip = 0;  // class token and registers
};

// Values in a pooled row, of a row of `row_columns` values whose tokens have `token_columns`. `token_columns` divides
// `row_columns`.
[[nodiscard]] std::int64_t pooled_columns(const Pool& pool, std::int64_t row_columns,
                                          std::int64_t token_columns) noexcept;

// Rows of `row_columns` values each to pooled rows. Sums run in the order of the tokens in double precision, so that a
// row does not depend on the rows beside it. Throws OUTPUT_SHAPE where the tokens are no more than Pool::skip, naming
// the output.
[[nodiscard]] std::vector<double> pooled(const Pool& pool, std::span<const double> rows, std::size_t row_columns,
                                         std::size_t token_columns, const std::string& output_name);

}  // namespace microtome::aggregate

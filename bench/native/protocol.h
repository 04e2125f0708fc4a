// The contender's side of the benchmark protocol (bench/harness/protocol.ts) for programs in C++. A contender reads its
// workload from --name=value arguments and then serves "verify", "run" and "end" from stdin. One thread serves; a
// contender may use others inside a pass.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

class Workload {
 public:
  Workload(int argc, char** argv);
  [[nodiscard]] const std::string& text(const std::string& name) const;  // throws std::runtime_error when absent
  [[nodiscard]] std::int64_t number(const std::string& name) const;

 private:
  std::map<std::string, std::string> values_;
};

// One line "x y crc32" per tile, in the order added: contenders here add row by row.
class TileDigest {
 public:
  void add(std::int64_t x, std::int64_t y, const std::uint8_t* bytes, std::size_t count);
  [[nodiscard]] std::string digest() const;
  [[nodiscard]] std::int64_t tiles() const noexcept { return tiles_; }

 private:
  std::string lines_;
  std::int64_t tiles_ = 0;
};

struct Contender {
  std::string version;
  std::function<TileDigest()> verify;  // may be empty: what has no pixels cannot be compared
  std::function<std::int64_t()> pass;  // gives the number of tiles
};

// Calls `each` for all of [0, count), split over `threads` threads, the calling one among them, and waits. Rethrows
// what a call threw.
void in_parallel(std::int64_t count, std::int64_t threads,
                 const std::function<void(std::int64_t thread, std::int64_t item)>& each);

// A tile of the grid of a workload: its number, row by row, and its corner in pixels of the level.
struct Tile {
  std::int64_t thread;
  std::int64_t index;
  std::int64_t x;
  std::int64_t y;
};

// A contender that calls `read` for every tile of the grid, on all threads; where results are compared, on one, and
// `pixels` adds what was read last to the digest. Without `pixels` they are not compared.
[[nodiscard]] Contender grid_contender(const Workload& workload, std::string version,
                                       const std::function<void(const Tile&)>& read,
                                       const std::function<void(const Tile&, TileDigest&)>& pixels = nullptr);

// main() of a contender: what `make` throws is why it cannot run.
int serve(int argc, char** argv, const std::function<Contender(const Workload&)>& make);

// Opens a library and finds functions in it; throws std::runtime_error naming what is missing.
class Library {
 public:
  explicit Library(const std::string& path);
  template <typename Function>
  void bind(const char* symbol, Function*& out) const {
    out = reinterpret_cast<Function*>(find(symbol));
  }

 private:
  [[nodiscard]] void* find(const char* symbol) const;
  void* handle_;
  std::string path_;
};

}  // namespace bench

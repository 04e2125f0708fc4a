// Positional reads of a slide's bytes. Implementations are safe to call from any number of threads at once and never
// map the file (a mapped file that shrinks kills the process).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace microtome::slide {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;
  // Fills `out` from `offset`. Throws TRUNCATED when the source ends before, FILE_UNREADABLE on an I/O error.
  virtual void read(std::uint64_t offset, std::span<std::uint8_t> out) const = 0;
  // What to call the source in messages.
  [[nodiscard]] virtual const std::string& name() const noexcept = 0;
};

// A regular file, read with pread. Throws FILE_NOT_FOUND, FILE_UNREADABLE, NOT_A_SLIDE (a folder or a device).
[[nodiscard]] std::shared_ptr<const ByteSource> open_file(const std::string& path);

}  // namespace microtome::slide

// Runs kernels in PTX on the CPU, one thread after the other: the text that a driver would get, instruction by
// instruction. For kernels without barriers and shared memory. Refuses, by name, instructions that it does not know,
// addresses outside what the launch was given, loads and stores that are not aligned, and registers that are read
// before they are written.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/launch_size.h"
#include "test/support/ptx_parser.h"

namespace microtome::test {

class PtxMachine {
 public:
  explicit PtxMachine(std::string_view text) : program_(PtxParser::parse(text)) {}

  [[nodiscard]] const PtxProgram& program() const noexcept { return program_; }

  // `params` as the driver takes them. Throws PtxError.
  void launch(std::string_view function, const gpu::LaunchSize& size, void* const* params,
              const PtxMemory& memory) const {
    const auto found = program_.kernels.find(function);
    if (found == program_.kernels.end()) throw PtxError("there is no kernel " + std::string(function));
    const PtxKernel& kernel = found->second;
    std::vector<std::uint8_t> values(kernel.param_bytes);
    for (std::size_t i = 0; i < kernel.params.size(); ++i) {
      if (params[i] == nullptr) throw PtxError("a parameter is missing");
      std::memcpy(values.data() + kernel.params[i].offset, params[i], kernel.params[i].bytes);
    }
    PtxThread thread;
    thread.params = &values;
    thread.memory = &memory;
    for_each_place(size.grid, [&](unsigned block_x, unsigned block_y, unsigned block_z) {
      for_each_place(size.block, [&](unsigned x, unsigned y, unsigned z) {
        thread.special = {x, y, z, block_x, block_y, block_z};
        run(kernel, thread);
      });
    });
  }

 private:
  static constexpr std::size_t kMaxSteps = 10'000'000;  // of one thread

  template <typename Body>
  static void for_each_place(const std::array<unsigned, 3>& sides, Body&& body) {
    for (unsigned z = 0; z < sides[2]; ++z)
      for (unsigned y = 0; y < sides[1]; ++y)
        for (unsigned x = 0; x < sides[0]; ++x) body(x, y, z);
  }

  static void run(const PtxKernel& kernel, PtxThread& thread) {
    thread.registers.assign(kernel.registers, {});
    thread.next = 0;
    thread.ended = false;
    for (std::size_t step = 0; !thread.ended; ++step) {
      if (step == kMaxSteps) throw PtxError("a thread does not end");
      if (thread.next >= kernel.instructions.size()) throw PtxError("a thread runs past the end of its kernel");
      const Instruction& one = kernel.instructions[thread.next++];
      try {
        if (one.guarded && (thread.bits_of({Operand::Kind::Register, false, one.guard, 0}) != 0) != one.guard_wanted)
          continue;
        one.handler(thread, one);
      } catch (const PtxError& error) {
        throw PtxError(std::string(error.what()) + ": " + one.text);
      }
    }
  }

  PtxProgram program_;
};

}  // namespace microtome::test

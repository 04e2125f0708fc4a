// One thread of a kernel in PTX: its registers, what it was given, and the memory that it may touch. Part of the
// interpreter (ptx_machine.h).
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace microtome::test {

// What the text or a thread does that the interpreter does not accept.
struct PtxError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The ranges of addresses that a launch may use; everything else is refused.
class PtxMemory {
 public:
  void allow(std::uint64_t address, std::size_t bytes, bool writable) { ranges_.push_back({address, bytes, writable}); }

  enum class Access : std::uint8_t { Read, ReadConstant, Write };

  // ReadConstant: by a way that does not see what the kernel writes.
  void check(std::uint64_t address, std::size_t bytes, Access access) const {
    if (address % bytes != 0) refuse("is not aligned", address, bytes, access);
    for (const Range& range : ranges_) {
      const bool inside =
          address >= range.address && bytes <= range.bytes && address - range.address <= range.bytes - bytes;
      if (!inside) continue;
      if (access == Access::Write && !range.writable)
        refuse("goes to memory that is only read", address, bytes, access);
      if (access == Access::ReadConstant && range.writable)
        refuse("takes memory that is written for constant", address, bytes, access);
      return;
    }
    refuse("is outside the memory of the launch", address, bytes, access);
  }

 private:
  struct Range {
    std::uint64_t address;
    std::size_t bytes;
    bool writable;
  };

  [[noreturn]] static void refuse(const char* what, std::uint64_t address, std::size_t bytes, Access access) {
    throw PtxError(std::string(access == Access::Write ? "a store of " : "a load of ") + std::to_string(bytes) +
                   " bytes at address " + std::to_string(address) + " " + what);
  }

  std::vector<Range> ranges_;
};

struct Operand {
  enum class Kind : std::uint8_t { Register, Immediate, Special, Address, Label };
  Kind kind = Kind::Immediate;
  bool has_base = false;    // Address: `index` is the register that `value` is added to
  std::size_t index = 0;    // of a register, of a special register, or of the instruction behind a label
  std::uint64_t value = 0;  // bits of an immediate, or an offset
};

struct PtxThread;
struct Instruction;
using Handler = void (*)(PtxThread&, const Instruction&);

struct Instruction {
  Handler handler = nullptr;
  std::vector<Operand> operands;
  bool guarded = false;
  bool guard_wanted = true;
  std::size_t guard = 0;  // a register
  std::string text;
};

struct PtxThread {
  struct Register {
    std::uint64_t bits = 0;
    bool written = false;
  };

  // Special registers in the order of kSpecialNames.
  static constexpr std::array<const char*, 6> kSpecialNames{"%tid.x",   "%tid.y",   "%tid.z",
                                                            "%ctaid.x", "%ctaid.y", "%ctaid.z"};

  std::vector<Register> registers;
  std::array<unsigned, 6> special{};
  const std::vector<std::uint8_t>* params = nullptr;
  const PtxMemory* memory = nullptr;
  std::size_t next = 0;  // instruction
  bool ended = false;

  [[nodiscard]] std::uint64_t bits_of(const Operand& operand) const {
    switch (operand.kind) {
      case Operand::Kind::Register:
        if (!registers[operand.index].written) throw PtxError("a register is read before it is written");
        return registers[operand.index].bits;
      case Operand::Kind::Special:
        return special[operand.index];
      case Operand::Kind::Address:
        return operand.value + (operand.has_base ? bits_of_register(operand.index) : 0);
      case Operand::Kind::Immediate:
      case Operand::Kind::Label:
        break;
    }
    return operand.value;
  }

  template <typename Value>
  [[nodiscard]] Value read(const Operand& operand) const {
    const std::uint64_t bits = bits_of(operand);
    Value value;
    static_assert(std::endian::native == std::endian::little);
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }

  template <typename Value>
  void write(const Operand& operand, Value value) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    registers[operand.index] = {bits, true};
  }

 private:
  [[nodiscard]] std::uint64_t bits_of_register(std::size_t index) const {
    if (!registers[index].written) throw PtxError("an address is used before it is written");
    return registers[index].bits;
  }
};

}  // namespace microtome::test

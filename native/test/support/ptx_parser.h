// Reads PTX as far as the tile kernels use it: entries with parameters, registers, labels, guards. Refuses what it does
// not know, by name. Part of the interpreter (ptx_machine.h).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "test/support/ptx_instructions.h"
#include "test/support/ptx_thread.h"

namespace microtome::test {

struct PtxParam {
  std::size_t offset;
  std::size_t bytes;
};

struct PtxKernel {
  std::vector<PtxParam> params;
  std::size_t param_bytes = 0;
  std::size_t registers = 0;
  std::vector<Instruction> instructions;
};

struct PtxProgram {
  std::string version, target, address_size;
  std::map<std::string, PtxKernel, std::less<>> kernels;
};

class PtxParser {
 public:
  [[nodiscard]] static PtxProgram parse(std::string_view text) {
    PtxParser parser(text);
    while (parser.next_line()) parser.top_level();
    if (parser.program_.target.empty()) throw PtxError("the text has no .target");
    return std::move(parser.program_);
  }

 private:
  explicit PtxParser(std::string_view text) : text_(text) {}

  // The next line that is not empty, without comment, tabs and the blanks around it.
  bool next_line() {
    while (at_ < text_.size()) {
      const std::size_t end = std::min(text_.find('\n', at_), text_.size());
      line_ = text_.substr(at_, end - at_);
      at_ = end + 1;
      if (const std::size_t comment = line_.find("//"); comment != std::string_view::npos)
        line_ = line_.substr(0, comment);
      line_ = trimmed(line_);
      if (!line_.empty()) return true;
    }
    return false;
  }

  static std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r";
    const std::size_t first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
  }

  // Takes `word` and the blanks behind it off the beginning of `text`.
  static bool take(std::string_view& text, std::string_view word) {
    if (!text.starts_with(word)) return false;
    text = trimmed(text.substr(word.size()));
    return true;
  }

  [[noreturn]] void refuse(const std::string& what) const { throw PtxError(what + ": " + std::string(line_)); }

  void top_level() {
    std::string_view rest = line_;
    if (take(rest, ".version")) {
      program_.version = rest;
    } else if (take(rest, ".target")) {
      program_.target = rest;
    } else if (take(rest, ".address_size")) {
      program_.address_size = rest;
    } else if (take(rest, ".visible .entry") && rest.ends_with('(')) {
      kernel(std::string(rest.substr(0, rest.size() - 1)));
    } else {
      refuse("an unknown directive");
    }
  }

  void kernel(const std::string& name) {
    kernel_ = {};
    names_.clear();
    labels_.clear();
    jumps_.clear();
    while (next_line() && line_ != ")") param();
    if (!next_line() || line_ != "{") refuse("an entry without a body");
    while (next_line() && line_ != "}") statement();
    if (line_ != "}") refuse("an entry without an end");
    for (const auto& [instruction, label] : jumps_) {
      const auto found = labels_.find(label);
      if (found == labels_.end()) throw PtxError("there is no label " + label);
      kernel_.instructions[instruction].operands[0].index = found->second;
    }
    program_.kernels.insert_or_assign(name, std::move(kernel_));
  }

  // `.param .u64 name` or `.param .align 8 .b8 name[24]`, with a comma where more follow.
  void param() {
    std::string_view rest = line_;
    if (rest.ends_with(',')) rest.remove_suffix(1);
    if (!take(rest, ".param")) refuse("an unknown parameter");
    std::size_t bytes = 8;
    if (take(rest, ".align 8 .b8")) {
      const std::size_t open = rest.find('[');
      if (open == std::string_view::npos || !rest.ends_with(']')) refuse("an unknown parameter");
      bytes = static_cast<std::size_t>(number(rest.substr(open + 1, rest.size() - open - 2)));
      rest = rest.substr(0, open);
    } else if (!take(rest, ".u64")) {
      refuse("an unknown parameter");
    }
    const std::size_t offset = (kernel_.param_bytes + 7) / 8 * 8;
    kernel_.params.push_back({offset, bytes});
    kernel_.param_bytes = offset + bytes;
    names_[std::string(rest)] = {Operand::Kind::Address, false, 0, offset};
  }

  void statement() {
    std::string_view rest = line_;
    if (rest.ends_with(':')) {
      labels_[std::string(rest.substr(0, rest.size() - 1))] = kernel_.instructions.size();
      return;
    }
    if (!rest.ends_with(';')) refuse("a line without an end");
    rest.remove_suffix(1);
    if (rest == ".pragma \"nounroll\"") return;
    if (take(rest, ".reg")) return declare(rest);
    instruction(rest);
  }

  // `.b32 %r<26>`: %r1 to %r25, and %r0.
  void declare(std::string_view rest) {
    const std::size_t name = rest.find('%'), open = rest.find('<');
    if (name == std::string_view::npos || open == std::string_view::npos || !rest.ends_with('>'))
      refuse("an unknown declaration");
    const std::string stem(rest.substr(name, open - name));
    const std::uint64_t count = number(rest.substr(open + 1, rest.size() - open - 2));
    for (std::uint64_t i = 0; i < count; ++i)
      names_[stem + std::to_string(i)] = {Operand::Kind::Register, false, kernel_.registers++, 0};
  }

  void instruction(std::string_view rest) {
    Instruction one;
    one.text = line_;
    if (take(rest, "@")) {
      one.guarded = true;
      one.guard_wanted = !take(rest, "!");
      const std::string_view guard = rest.substr(0, rest.find_first_of(" \t"));
      one.guard = named(guard, Operand::Kind::Register).index;
      take(rest, guard);
    }
    const std::string_view name = rest.substr(0, rest.find_first_of(" \t"));
    const KnownInstruction* known = find_instruction(name);
    if (known == nullptr) refuse("an unknown instruction, " + std::string(name));
    take(rest, name);
    one.handler = known->handler;
    for (const char kind : known->operands) one.operands.push_back(operand(next_operand(rest), kind));
    if (!rest.empty()) refuse("too many operands");
    kernel_.instructions.push_back(std::move(one));
  }

  // Takes one operand off the list; the braces of a vector do not count.
  std::string_view next_operand(std::string_view& rest) const {
    if (rest.empty()) refuse("too few operands");
    const std::size_t comma = std::min(rest.find(','), rest.size());
    std::string_view one = trimmed(rest.substr(0, comma));
    rest = comma < rest.size() ? trimmed(rest.substr(comma + 1)) : std::string_view{};
    if (one.starts_with('{')) one.remove_prefix(1);
    if (one.ends_with('}')) one.remove_suffix(1);
    return trimmed(one);
  }

  Operand operand(std::string_view text, char kind) {
    if (kind == 'l') {
      jumps_.emplace_back(kernel_.instructions.size(), text);
      return {Operand::Kind::Label, false, 0, 0};
    }
    if (kind == 'd') return named(text, Operand::Kind::Register);
    if (kind == 'a') return address(text);
    for (std::size_t i = 0; i < PtxThread::kSpecialNames.size(); ++i)
      if (text == PtxThread::kSpecialNames[i]) return {Operand::Kind::Special, false, i, 0};
    const char first = text.empty() ? '?' : text.front();
    if (first == '-' || (first >= '0' && first <= '9')) return {Operand::Kind::Immediate, false, 0, number(text)};
    const auto found = names_.find(text);
    if (found == names_.end()) refuse("an unknown operand, " + std::string(text));
    return found->second;
  }

  // [%rd1+8], [%rd1] or [parameter+8].
  Operand address(std::string_view text) {
    if (!text.starts_with('[') || !text.ends_with(']')) refuse("an unknown address");
    text = text.substr(1, text.size() - 2);
    const std::size_t plus = text.find('+');
    Operand operand{Operand::Kind::Address, false, 0, 0};
    const auto base = names_.find(text.substr(0, plus));
    if (base == names_.end()) refuse("an unknown address");
    operand.has_base = base->second.kind == Operand::Kind::Register;
    operand.index = base->second.index;
    operand.value = base->second.value + (plus == std::string_view::npos ? 0 : number(text.substr(plus + 1)));
    return operand;
  }

  const Operand& named(std::string_view name, Operand::Kind kind) const {
    const auto found = names_.find(name);
    if (found == names_.end() || found->second.kind != kind) refuse("an unknown register, " + std::string(name));
    return found->second;
  }

  // Decimal, or the bits of a float as 0f3F800000.
  [[nodiscard]] std::uint64_t number(std::string_view text) const {
    const bool negative = text.starts_with('-'), real = text.starts_with("0f");
    const std::string digits(text.substr(real ? 2 : negative ? 1 : 0));
    if (digits.empty() || digits.find_first_not_of(real ? "0123456789ABCDEF" : "0123456789") != std::string::npos ||
        digits.size() > (real ? 8u : 18u))
      refuse("an unknown number, " + std::string(text));
    const std::uint64_t value = std::stoull(digits, nullptr, real ? 16 : 10);
    return negative ? 0 - value : value;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string_view line_;
  PtxProgram program_;
  PtxKernel kernel_;
  std::map<std::string, Operand, std::less<>> names_;  // registers and parameters
  std::map<std::string, std::size_t, std::less<>> labels_;
  std::vector<std::pair<std::size_t, std::string>> jumps_;
};

}  // namespace microtome::test

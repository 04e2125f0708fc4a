// The instructions that the interpreter knows, each by its full name. What is not in the table is refused.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "test/support/ptx_thread.h"

namespace microtome::test {

// A letter for each operand: d is a register that is written, s what is read, a an address, l a label.
struct KnownInstruction {
  std::string_view name;
  std::string_view operands;
  Handler handler;
};

namespace ptx_detail {

using U8 = std::uint8_t;
using U16 = std::uint16_t;
using U32 = std::uint32_t;
using U64 = std::uint64_t;
using I32 = std::int32_t;
using I64 = std::int64_t;
using Access = PtxMemory::Access;

template <typename From, typename To, auto operation>
void unary(PtxThread& thread, const Instruction& one) {
  thread.write<To>(one.operands[0], operation(thread.read<From>(one.operands[1])));
}

template <typename From, typename To, auto operation>
void binary(PtxThread& thread, const Instruction& one) {
  thread.write<To>(one.operands[0], operation(thread.read<From>(one.operands[1]), thread.read<From>(one.operands[2])));
}

// The amount of a shift has 32 bits and is held to the width.
template <typename Value, auto operation>
void shift(PtxThread& thread, const Instruction& one) {
  thread.write<Value>(one.operands[0],
                      operation(thread.read<Value>(one.operands[1]), thread.read<U32>(one.operands[2])));
}

template <typename Value>
constexpr auto shifted_left =
    [](Value a, U32 n) { return n < 8 * sizeof(Value) ? static_cast<Value>(a << n) : Value{0}; };
constexpr auto shifted_right = [](U32 a, U32 n) { return n < 32 ? a >> n : 0; };
constexpr auto shifted_right_signed = [](I32 a, U32 n) { return a >> std::min(n, 31u); };

inline void mad_lo_32(PtxThread& thread, const Instruction& one) {
  thread.write<U32>(one.operands[0], thread.read<U32>(one.operands[1]) * thread.read<U32>(one.operands[2]) +
                                         thread.read<U32>(one.operands[3]));
}

inline void select_32(PtxThread& thread, const Instruction& one) {
  thread.write<U32>(one.operands[0], thread.read<U32>(one.operands[thread.read<U8>(one.operands[3]) != 0 ? 1 : 2]));
}

inline void branch(PtxThread& thread, const Instruction& one) { thread.next = one.operands[0].index; }
inline void leave(PtxThread& thread, const Instruction&) { thread.ended = true; }

template <typename Value, std::size_t count = 1>
void load_param(PtxThread& thread, const Instruction& one) {
  const U64 at = thread.bits_of(one.operands[count]);
  constexpr std::size_t kBytes = count * sizeof(Value);
  const std::vector<U8>& params = *thread.params;
  if (kBytes > params.size() || at > params.size() - kBytes) throw PtxError("a load is outside the parameters");
  if (at % kBytes != 0) throw PtxError("a load of parameters is not aligned");
  std::array<Value, count> values;
  std::memcpy(values.data(), params.data() + at, kBytes);
  for (std::size_t i = 0; i < count; ++i) thread.write<Value>(one.operands[i], values[i]);
}

template <typename Value, Access access, std::size_t count = 1>
void load_global(PtxThread& thread, const Instruction& one) {
  const U64 at = thread.bits_of(one.operands[count]);
  thread.memory->check(at, count * sizeof(Value), access);
  std::array<Value, count> values;
  std::memcpy(values.data(), reinterpret_cast<const void*>(at), sizeof values);
  for (std::size_t i = 0; i < count; ++i) thread.write<Value>(one.operands[i], values[i]);
}

template <typename Value>
void store_global(PtxThread& thread, const Instruction& one) {
  const U64 at = thread.bits_of(one.operands[0]);
  const auto value = thread.read<Value>(one.operands[1]);
  thread.memory->check(at, sizeof value, Access::Write);
  std::memcpy(reinterpret_cast<void*>(at), &value, sizeof value);
}

constexpr auto same = [](auto a) { return a; };
constexpr auto added = [](auto a, auto b) { return a + b; };
constexpr auto subtracted = [](auto a, auto b) { return a - b; };
constexpr auto multiplied = [](auto a, auto b) { return a * b; };
constexpr auto multiplied_wide = [](auto a, auto b) { return I64{a} * I64{b}; };
constexpr auto multiplied_wide_unsigned = [](auto a, auto b) { return U64{a} * U64{b}; };
constexpr auto smaller = [](auto a, auto b) { return a < b ? a : b; };
constexpr auto larger = [](auto a, auto b) { return a < b ? b : a; };
constexpr auto both = [](auto a, auto b) { return static_cast<decltype(a)>(a & b); };
constexpr auto either = [](auto a, auto b) { return static_cast<decltype(a)>(a | b); };
constexpr auto differs = [](auto a, auto b) { return static_cast<decltype(a)>(a ^ b); };
constexpr auto is_equal = [](auto a, auto b) { return static_cast<U8>(a == b); };
constexpr auto is_other = [](auto a, auto b) { return static_cast<U8>(a != b); };
constexpr auto is_less = [](auto a, auto b) { return static_cast<U8>(a < b); };
constexpr auto is_at_most = [](auto a, auto b) { return static_cast<U8>(a <= b); };
constexpr auto is_more = [](auto a, auto b) { return static_cast<U8>(a > b); };
constexpr auto is_not = [](U8 a) { return static_cast<U8>(a == 0); };
constexpr auto as_float = [](auto a) { return static_cast<float>(a); };

// Towards zero; what does not fit becomes the nearest that does, and NaN becomes zero.
constexpr auto whole = [](float a) {
  if (std::isnan(a)) return I32{0};
  if (a >= 0x1p31f) return INT32_MAX;
  return a < -0x1p31f ? INT32_MIN : static_cast<I32>(a);
};

inline constexpr KnownInstruction kInstructions[] = {
    {"add.s32", "dss", binary<U32, U32, added>},
    {"add.s64", "dss", binary<U64, U64, added>},
    {"add.rn.f32", "dss", binary<float, float, added>},
    {"sub.s32", "dss", binary<U32, U32, subtracted>},
    {"mul.lo.s32", "dss", binary<U32, U32, multiplied>},
    {"mul.lo.s64", "dss", binary<U64, U64, multiplied>},
    {"mul.rn.f32", "dss", binary<float, float, multiplied>},
    {"mul.wide.s32", "dss", binary<I32, I64, multiplied_wide>},
    {"mul.wide.u32", "dss", binary<U32, U64, multiplied_wide_unsigned>},
    {"mad.lo.s32", "dsss", mad_lo_32},
    {"min.s32", "dss", binary<I32, I32, smaller>},
    {"max.s32", "dss", binary<I32, I32, larger>},
    {"and.b32", "dss", binary<U32, U32, both>},
    {"and.b64", "dss", binary<U64, U64, both>},
    {"or.pred", "dss", binary<U8, U8, either>},
    {"xor.pred", "dss", binary<U8, U8, differs>},
    {"not.pred", "ds", unary<U8, U8, is_not>},
    {"shl.b32", "dss", shift<U32, shifted_left<U32>>},
    {"shl.b64", "dss", shift<U64, shifted_left<U64>>},
    {"shr.u32", "dss", shift<U32, shifted_right>},
    {"shr.s32", "dss", shift<I32, shifted_right_signed>},
    {"setp.eq.s32", "dss", binary<I32, U8, is_equal>},
    {"setp.eq.b64", "dss", binary<U64, U8, is_equal>},
    {"setp.ne.s32", "dss", binary<I32, U8, is_other>},
    {"setp.lt.s32", "dss", binary<I32, U8, is_less>},
    {"setp.lt.u32", "dss", binary<U32, U8, is_less>},
    {"setp.le.u32", "dss", binary<U32, U8, is_at_most>},
    {"setp.gt.u32", "dss", binary<U32, U8, is_more>},
    {"selp.b32", "dsss", select_32},
    {"selp.u32", "dsss", select_32},
    {"mov.pred", "ds", unary<U8, U8, same>},
    {"mov.u32", "ds", unary<U32, U32, same>},
    {"mov.f32", "ds", unary<U32, U32, same>},
    {"mov.u64", "ds", unary<U64, U64, same>},
    {"mov.b64", "ds", unary<U64, U64, same>},
    {"cvt.u16.u8", "ds", unary<U8, U16, same>},
    {"cvt.u32.u64", "ds", unary<U32, U32, same>},
    {"cvt.u64.u32", "ds", unary<U32, U64, same>},
    {"cvt.s64.s32", "ds", unary<I32, I64, same>},
    {"cvt.rn.f32.u32", "ds", unary<U32, float, as_float>},
    {"cvt.rn.f32.u16", "ds", unary<U16, float, as_float>},
    {"cvt.rzi.s32.f32", "ds", unary<float, I32, whole>},
    {"cvta.to.global.u64", "ds", unary<U64, U64, same>},
    {"bra", "l", branch},
    {"bra.uni", "l", branch},
    {"ret", "", leave},
    {"ld.param.u32", "da", load_param<U32>},
    {"ld.param.u64", "da", load_param<U64>},
    {"ld.param.v2.u32", "dda", load_param<U32, 2>},
    {"ld.global.u8", "da", load_global<U8, Access::Read>},
    {"ld.global.nc.u8", "da", load_global<U8, Access::ReadConstant>},
    {"ld.global.nc.u16", "da", load_global<U16, Access::ReadConstant>},
    {"ld.global.nc.u32", "da", load_global<U32, Access::ReadConstant>},
    {"ld.global.nc.u64", "da", load_global<U64, Access::ReadConstant>},
    {"ld.global.nc.f32", "da", load_global<float, Access::ReadConstant>},
    {"ld.global.nc.v2.u32", "dda", load_global<U32, Access::ReadConstant, 2>},
    {"st.global.u8", "as", store_global<U8>},
    {"st.global.u16", "as", store_global<U16>},
    {"st.global.u32", "as", store_global<U32>},
};

}  // namespace ptx_detail

// Null: not known.
inline const KnownInstruction* find_instruction(std::string_view name) {
  for (const KnownInstruction& one : ptx_detail::kInstructions)
    if (one.name == name) return &one;
  return nullptr;
}

}  // namespace microtome::test

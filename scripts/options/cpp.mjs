// The bounds of options as C++ constants, and readers that hold the addon's options to them.

const snake = (name) => name.replaceAll('.', '_').replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
const constant = (name) =>
  `k${name
    .split('.')
    .map((part) => part[0].toUpperCase() + part.slice(1))
    .join('')}`;
/** `topK` is TopK, `NCHW` is Nchw. */
const enumerator = (value) =>
  value === value.toUpperCase() ? value[0] + value.slice(1).toLowerCase() : value[0].toUpperCase() + value.slice(1);

const isNumeric = ({ type }) => type === 'integer' || type === 'number' || type === 'perChannel';
const cppType = (kind) => (kind.type === 'integer' ? 'std::int64_t' : 'double');

function cppNumber(value, kind) {
  if (kind.type === 'integer') return `${value}`;
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** Rows that cross into C++, each name once. */
function nativeRows(table) {
  return table.optionRows.filter((row) => row.native !== undefined);
}

function boundLines(row, table) {
  const { kind } = row;
  if (!isNumeric(kind)) return [];
  const type = cppType(kind);
  const say = (suffix, value) => `inline constexpr ${type} ${constant(row.name)}${suffix} = ${cppNumber(value, kind)};`;
  const lines = [];
  if (kind.min !== undefined) lines.push(say('Min', kind.min));
  if (kind.above !== undefined) lines.push(say('Above', kind.above));
  if (kind.max !== undefined) lines.push(say('Max', kind.max));
  if (kind.below !== undefined) lines.push(say('Below', kind.below));
  const fixed = row.default?.modelElse ?? table.fixedDefault(row.default);
  if (typeof fixed === 'number') lines.push(say('Default', fixed));
  return lines;
}

const banner = (what) => `// ${what}
// Made from lib/options/table by scripts/generate-options.mjs; do not edit.
// clang-format off
#pragma once
`;

/** native/core/option_bounds.h */
export function boundsHeader(table) {
  const lines = nativeRows(table).flatMap((row) => boundLines(row, table));
  return `${banner('Bounds and defaults of the options that reach C++.')}
#include <cstdint>

namespace microtome::option_bounds {

${lines.join('\n')}

}  // namespace microtome::option_bounds
`;
}

function boundsText({ kind, name }) {
  const of = (suffix) => `option_bounds::${constant(name)}${suffix}`;
  const parts = [];
  if (kind.min !== undefined) parts.push(`.min = ${of('Min')}`);
  if (kind.above !== undefined) parts.push(`.above = ${of('Above')}`);
  if (kind.max !== undefined) parts.push(`.max = ${of('Max')}`);
  if (kind.below !== undefined) parts.push(`.below = ${of('Below')}`);
  return `{${parts.join(', ')}}`;
}

function reader(row, table) {
  const { kind, native, name } = row;
  const call = `fields, {"${native.key}", "${name}"}`;
  const isOptional = native.none === undefined && native.always !== true;
  const open = (type) => `[[nodiscard]] inline ${type} ${snake(name)}(const Fields& fields) {`;
  if (kind.type === 'boolean') return `${open('bool')} return fields.boolean("${native.key}"); }`;
  if (kind.type === 'choice') {
    const list = kind.values.map((value) => `{"${value}", ${native.enumeration}::${enumerator(value)}}`);
    return `${open(native.enumeration)}\n  return read_choice<${native.enumeration}>(${call}, {${list.join(', ')}});\n}`;
  }
  if (kind.type === 'perChannel')
    return `${open('std::array<double, 3>')}\n  return read_per_channel(${call}, ${boundsText(row)});\n}`;
  const stem = kind.type === 'integer' ? 'integer' : 'number';
  const form = isOptional ? `optional_${stem}` : native.none === 0 ? `${stem}_or_zero` : stem;
  const type = isOptional ? `std::optional<${cppType(kind)}>` : cppType(kind);
  const what = kind.type === 'integer' || kind.type === 'number' ? table.kindText(kind) : '';
  return `${open(type)}\n  return read_${form}(${call}, ${boundsText(row)}, "${what}");\n}`;
}

/** native/addon/options_generated.h */
export function readersHeader(table) {
  const rows = nativeRows(table);
  const comment = (row) => `// ${row.doc}`;
  const readers = rows.map((row) => `${comment(row)}\n${reader(row, table)}`);
  return `${banner('Readers of the options that reach C++, one for each, with the bounds of the table. INVALID_OPTION names the option.')}
#include "addon/option_reading.h"
#include "aggregate/aggregate.h"
#include "core/option_bounds.h"
#include "decode/region.h"
#include "engine/device_request.h"
#include "preprocess/preprocess.h"
#include "tiles/tile_plan.h"

namespace microtome::addon::options {

${readers.join('\n\n')}

}  // namespace microtome::addon::options
`;
}

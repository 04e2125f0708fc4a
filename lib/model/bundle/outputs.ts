/** The outputs of a bundle: which values of which heads, and what is made of them. */

import type { BundleText } from '../bundle-json.js';
import type { Choice, HeadPart, HeadSpec, OutputSpec } from '../spec.js';
import { finalHeads } from './head-order.js';
import { casesOf, rowOf } from './heads.js';
import type { FallbackJson, OutputJson, OutputPartJson } from './json-types.js';
import type { Names } from './names.js';

type At = readonly string[];

function checkCalibration(output: OutputJson, at: At, text: BundleText): void {
  const { calibration } = output;
  if (calibration?.method !== 'isotonic') return;
  const { x, y } = calibration;
  if (x.length !== y.length)
    throw text.error('MODEL_INVALID', [...at, 'calibration'], `${x.length} values of x and ${y.length} of y`);
  const unsorted = x.findIndex((v, i) => i > 0 && v <= (x[i - 1] ?? v));
  if (unsorted !== -1)
    throw text.error('MODEL_INVALID', [...at, 'calibration', 'x', String(unsorted)], 'x must rise from point to point');
}

/** Every head that the part may stand for has the value. */
function outputPart(
  part: OutputPartJson,
  at: At,
  heads: readonly HeadSpec[],
  names: Names,
  text: BundleText,
): HeadPart {
  const head = names.head(part.head, at);
  const { output = null, column = 0, weight = 1 } = part;
  for (const final of finalHeads(heads, head)) {
    const spec = heads[final] as HeadSpec;
    if (part.column !== undefined && (spec.kind === 'simple' || spec.kind === 'value'))
      throw text.error(
        'MODEL_INVALID',
        at,
        `the head "${spec.name}" gives one value; output and column are for ONNX heads`,
      );
    const columns = rowOf(heads, final, output, at, text);
    if (column >= columns)
      throw text.error(
        'MODEL_INVALID',
        [...at, 'column'],
        `column ${column} of ${columns} of the head "${spec.name}" (columns count from 0)`,
      );
  }
  return { head, output, column, weight };
}

/** A table holds every value to the range: another fallback than the declared one would be written. */
function checkFallback({ clip, fallback }: OutputJson, at: At, text: BundleText): void {
  if (!clip || fallback === undefined || fallback === null) return;
  const all: readonly (readonly [value: number, at: readonly string[]])[] =
    typeof fallback === 'number'
      ? [[fallback, []]]
      : [
          [fallback.default, ['default']],
          ...fallback.cases.map(({ value }, i) => [value, ['cases', String(i), 'value']] as const),
        ];
  const outside = all.find(([value]) => value < clip[0] || value > clip[1]);
  if (outside === undefined) return;
  throw text.error(
    'MODEL_INVALID',
    [...at, 'fallback', ...outside[1]],
    `the fallback ${outside[0]} is outside the range ${clip[0]} to ${clip[1]} of the output`,
  );
}

function fallbackBy(json: FallbackJson, at: At, text: BundleText): Choice<number> {
  const cases = casesOf(json.cases, [...at, 'cases'], text, ({ value }) => value);
  return { column: json.column, cases, otherwise: json.default };
}

/** Throws MODEL_INVALID. */
export function outputSpec(
  output: OutputJson,
  index: number,
  heads: readonly HeadSpec[],
  names: Names,
  text: BundleText,
): OutputSpec {
  const at = ['outputs', String(index)];
  const isOne = typeof output.of === 'string';
  const parts = typeof output.of === 'string' ? [{ head: output.of }] : output.of;
  const of = parts.map((part, i) =>
    outputPart(part, isOne ? [...at, 'of'] : [...at, 'of', String(i)], heads, names, text),
  );
  checkCalibration(output, at, text);
  const { clip, fallback = null } = output;
  if (clip && clip[0] > clip[1])
    throw text.error('MODEL_INVALID', [...at, 'clip'], `the range ${clip[0]} to ${clip[1]} is empty`);
  checkFallback(output, at, text);
  const byGroup = typeof fallback === 'object' && fallback !== null ? fallback : null;
  return {
    name: output.name,
    of,
    mean: output.mean ?? 'value',
    calibration: output.calibration ?? null,
    clip,
    fallback: byGroup === null ? (fallback as number | null) : byGroup.default,
    fallbackBy: byGroup === null ? null : fallbackBy(byGroup, [...at, 'fallback'], text),
  };
}

/** Which tiles a bundle takes: what sets the grid of each tile input, and the rules that apply to its tiles in order. */

import type { NativeSelectRule } from '../../native/program.js';
import { defaults } from '../../options/defaults.js';
import type { BundleText } from '../bundle-json.js';
import { everyTile } from '../spec.js';
import type { SelectSpec } from '../spec.js';
import type { BundleJson, SelectJson, TileValueJson } from './json-types.js';
import type { Names } from './names.js';

/** Of a threshold that is lowered: each is a look at all tiles of a slide. */
const mostSteps = 1_000_000;

type GridRule = Extract<SelectJson, { rule: 'tissueFraction' | 'tissueCentre' | 'all' | 'cap' }>;
type TileRule = Exclude<SelectJson, GridRule>;

function isGridRule(rule: SelectJson): rule is GridRule {
  return rule.rule === 'tissueFraction' || rule.rule === 'tissueCentre' || rule.rule === 'all' || rule.rule === 'cap';
}

function withGridRule(spec: SelectSpec, rule: GridRule, at: readonly string[], text: BundleText): SelectSpec {
  if (rule.rule === 'cap') {
    if (spec.maxTiles !== null) throw text.error('MODEL_INVALID', at, 'a second cap');
    return { ...spec, maxTiles: rule.count, seed: rule.seed ?? defaults.seed };
  }
  if (spec.keep !== null) throw text.error('MODEL_INVALID', at, 'a second rule for which tiles of the grid are kept');
  if (rule.rule !== 'tissueFraction') return { ...spec, keep: rule.rule === 'all' ? 'all' : 'centre' };
  return { ...spec, keep: 'fraction', minTissueFraction: rule.min ?? defaults.minTissueFraction };
}

/** A column of an encoder of the tiles of this input. */
function tileValue(
  by: TileValueJson,
  input: number,
  names: Names,
  at: readonly string[],
  text: BundleText,
): { readonly encoder: number; readonly output: number; readonly column: number } {
  const { encoder, output, column } = names.value(by, at);
  if (encoder.of === 'image')
    throw text.error(
      'MODEL_INVALID',
      [...at, 'encoder'],
      `the encoder "${by.encoder}" reads an image, which has no tiles to choose from`,
    );
  if (encoder.input !== input)
    throw text.error(
      'MODEL_INVALID',
      [...at, 'encoder'],
      `the encoder "${by.encoder}" reads other tiles than those of this rule`,
    );
  return { encoder: encoder.index, output, column };
}

function requireRange({ min, max }: { min?: number; max?: number }, at: readonly string[], text: BundleText): void {
  if (min !== undefined && max !== undefined && min > max)
    throw text.error('MODEL_INVALID', at, `the range ${min} to ${max} is empty`);
}

function tileRule(
  rule: TileRule,
  input: number,
  names: Names,
  at: readonly string[],
  text: BundleText,
): NativeSelectRule {
  if (rule.rule === 'quality') {
    requireRange(rule, at, text);
    return { input, kind: 'quality', measure: rule.measure, min: rule.min ?? null, max: rule.max ?? null };
  }
  const by = tileValue(rule.by, input, names, [...at, 'by'], text);
  if (rule.rule === 'highest') return { input, kind: 'highest', by, count: rule.count };
  if (rule.rule === 'filter') {
    requireRange(rule, at, text);
    return { input, kind: 'filter', by, min: rule.min ?? null, max: rule.max ?? null };
  }
  const { start, step, end, atLeast } = rule;
  if (end > start)
    throw text.error('MODEL_INVALID', [...at, 'end'], `the lowest threshold ${end} is above the first one, ${start}`);
  if ((start - end) / step > mostSteps)
    throw text.error(
      'MODEL_INVALID',
      [...at, 'step'],
      `from ${start} to ${end} there are more than ${mostSteps} steps of ${step}`,
    );
  return { input, kind: 'threshold', by, start, step, end, atLeast };
}

/** By tile input what sets its grid; and the rules for tiles. Throws MODEL_INVALID. */
export function selection(
  json: BundleJson,
  names: Names,
  text: BundleText,
): { readonly grids: readonly SelectSpec[]; readonly rules: readonly NativeSelectRule[] } {
  const grids: SelectSpec[] = (json.inputs.tiles ?? []).map(() => everyTile);
  const rules: NativeSelectRule[] = [];
  json.select?.forEach((rule, i) => {
    const at = ['select', String(i)];
    const input = names.tileInput(rule.input, [...at, 'input']);
    if (isGridRule(rule)) grids[input] = withGridRule(grids[input] ?? everyTile, rule, at, text);
    else rules.push(tileRule(rule, input, names, at, text));
  });
  return { grids, rules };
}

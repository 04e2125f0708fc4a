/** What a caller says about a model, as the readers of models take it. */

import { optionMark } from '../core/option-names.js';
import type { ClipRange } from '../scoring/result.js';
import type { NativeHead } from '../native/program.js';
import { contradiction } from './check.js';
import { ownerName } from './describe.js';
import { parseObject, parseOptions, type Parsed } from './parse.js';
import { optionRows } from './table.js';
import type { Activation, ModelInputOptions, ModelOptions } from './types.js';

export const modelOptionKeys: readonly (keyof ModelOptions)[] = optionRows
  .filter((row) => row.in.includes('model') && ownerName(row) === '')
  .map((row) => row.name as keyof ModelOptions);

type NativeHeadMethod = Pick<Extract<NativeHead, { kind: 'simple' }>, 'method' | 'k' | 'fraction' | 'quantile'>;

export interface ParsedModelOptions {
  readonly input: ModelInputOptions | null;
  readonly graphOutput: string | null;
  readonly activation: Activation | null;
  readonly column: number | string | null;
  readonly head: NativeHeadMethod;
  /** undefined: not given; null: no range. */
  readonly clip: ClipRange | null | undefined;
  /** True: an output of a plain .onnx file may give a list of tokens for each tile. Such a model is embedded, not scored. */
  readonly tokens: boolean;
  /** The keys that were given, for the kinds of model that do not take them. */
  readonly given: readonly (keyof ModelOptions)[];
  /** The members of `input` that were given; `input` itself has the defaults too. */
  readonly givenInput: ModelInputOptions;
}

/** Throws INVALID_OPTION. `options` holds only options of a model; undefined counts as not given. */
export function parseModelOptions(options: unknown): ParsedModelOptions {
  const o = parseOptions(['model'], options) as unknown as Parsed<ModelOptions>;
  const told = (options ?? {}) as Readonly<Record<string, unknown>>;
  const given = modelOptionKeys.filter((key) => told[key] !== undefined);
  const head = o.head ?? parseObject('head', { method: 'mean' });
  return Object.freeze({
    // The layout has no fixed default, the graph may show it; the others are filled in.
    input: o.input,
    graphOutput: o.graphOutput,
    activation: o.activation,
    column: o.column,
    head: Object.freeze({ k: 0, fraction: 0, quantile: 0, ...head }) as NativeHeadMethod,
    clip: given.includes('clip') ? o.clip : undefined,
    tokens: false,
    given,
    givenInput: (told['input'] ?? {}) as ModelInputOptions,
  });
}

/** Refuses options that a model of this kind declares itself. */
export function refuseDeclared(
  options: ParsedModelOptions,
  allowed: readonly (keyof ModelOptions)[],
  kind: string,
): void {
  const extra = options.given.find((key) => !allowed.includes(key));
  if (extra !== undefined)
    throw contradiction(`The option ${optionMark(extra)} was given, but ${kind} declares it itself`);
}

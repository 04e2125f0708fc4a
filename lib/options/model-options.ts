/** Parses what a caller says about a model that comes without a bundle. */

import type { NativeScoreOptions } from '../native/contract.js';
import {
  contradiction,
  fraction,
  integer,
  invalid,
  micronsPerPx,
  naturalNumber,
  number,
  oneOf,
  perChannel,
  positiveInteger,
  record,
  text,
  tileSizePx,
} from './check.js';
import type { Bounds } from './check.js';
import type { Activation, ModelOptions } from './types.js';

export const modelOptionKeys = ['input', 'output', 'activation', 'column', 'head'] as const;

type NativeHeadMethod = Pick<NativeScoreOptions['heads'][number], 'method' | 'k' | 'fraction' | 'quantile'>;

export interface ParsedModelInput {
  readonly size: number | null;
  readonly mpp: number | null;
  readonly level: number | null;
  readonly layout: 'NCHW' | 'NHWC' | null;
  readonly channels: 'RGB' | 'BGR' | null;
  readonly scale: number | null;
  readonly mean: readonly [number, number, number] | null;
  readonly std: readonly [number, number, number] | null;
}

export interface ParsedModelOptions {
  readonly input: ParsedModelInput | null;
  readonly output: string | null;
  readonly activation: Activation | null;
  readonly column: number | string | null;
  readonly head: NativeHeadMethod;
  /** The keys that were given, for the kinds of model that do not take them. */
  readonly given: readonly (keyof ModelOptions)[];
}

export const anyNumber: Bounds = { min: -1e30, max: 1e30, what: 'a finite number' };
export const positiveNumber: Bounds = { min: Number.MIN_VALUE, max: 1e9, what: 'a positive number' };
const methods = ['mean', 'max', 'topK', 'quantile', 'noisyOr'] as const;

function parseInput(value: unknown): ParsedModelInput {
  const o = record('input', value, ['size', 'mpp', 'level', 'layout', 'channels', 'scale', 'mean', 'std']);
  if ('mpp' in o && 'level' in o)
    throw contradiction('Expected only one of input.mpp and input.level but received both');
  return Object.freeze({
    size: 'size' in o ? integer('input.size', o['size'], tileSizePx) : null,
    mpp: 'mpp' in o ? number('input.mpp', o['mpp'], micronsPerPx) : null,
    level: 'level' in o ? integer('input.level', o['level'], naturalNumber) : null,
    layout: 'layout' in o ? oneOf('input.layout', o['layout'], ['NCHW', 'NHWC']) : null,
    channels: 'channels' in o ? oneOf('input.channels', o['channels'], ['RGB', 'BGR']) : null,
    scale: 'scale' in o ? number('input.scale', o['scale'], positiveNumber) : null,
    mean: 'mean' in o ? perChannel('input.mean', o['mean'], anyNumber) : null,
    std: 'std' in o ? perChannel('input.std', o['std'], positiveNumber) : null,
  });
}

function parseHead(value: unknown): NativeHeadMethod {
  const plain = { k: 0, fraction: 0, quantile: 0 };
  if (value === undefined) return Object.freeze({ method: 'mean', ...plain });
  const o = record('head', value, ['method', 'k', 'fraction', 'quantile']);
  const method = oneOf('head.method', o['method'], methods);
  for (const [key, owner] of [
    ['k', 'topK'],
    ['fraction', 'topK'],
    ['quantile', 'quantile'],
  ] as const) {
    if (key in o && method !== owner) throw contradiction(`head.${key} is for the method '${owner}', not '${method}'`);
  }
  if (method === 'quantile')
    return Object.freeze({ method, ...plain, quantile: number('head.quantile', o['quantile'], fraction) });
  if (method !== 'topK') return Object.freeze({ method, ...plain });
  if ('k' in o && 'fraction' in o)
    throw contradiction('Expected only one of head.k and head.fraction but received both');
  if ('k' in o) return Object.freeze({ method, ...plain, k: integer('head.k', o['k'], positiveInteger) });
  const share =
    'fraction' in o
      ? number('head.fraction', o['fraction'], {
          ...fraction,
          min: Number.MIN_VALUE,
          what: 'a number above 0, at most 1',
        })
      : 0.1;
  return Object.freeze({ method, ...plain, fraction: share });
}

function parseColumn(value: unknown): number | string {
  if (typeof value === 'string') return text('column', value);
  if (typeof value === 'number') return integer('column', value, naturalNumber);
  throw invalid('column', 'a column index or a class name', value);
}

/** `o` holds only known keys (see record()). Throws INVALID_OPTION. */
export function parseModelOptions(o: Readonly<Record<string, unknown>>): ParsedModelOptions {
  return Object.freeze({
    input: 'input' in o ? parseInput(o['input']) : null,
    output: 'output' in o ? text('output', o['output']) : null,
    activation: 'activation' in o ? oneOf('activation', o['activation'], ['none', 'sigmoid', 'softmax']) : null,
    column: 'column' in o ? parseColumn(o['column']) : null,
    head: parseHead(o['head']),
    given: modelOptionKeys.filter((key) => key in o),
  });
}

/** Refuses options that a model of this kind declares itself. */
export function refuseDeclared(
  options: ParsedModelOptions,
  allowed: readonly (keyof ModelOptions)[],
  kind: string,
): void {
  const extra = options.given.find((key) => !allowed.includes(key));
  if (extra !== undefined) throw contradiction(`The option ${extra} was given, but ${kind} declares it itself`);
}

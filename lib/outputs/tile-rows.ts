/**
 * Where each tile of a result is and what was said of it, as flat columns: the one place that knows how a result keeps them.
 * Plain data, so that it can be handed to a worker thread.
 */
import type { Model } from '../model/model.js';
import { specOf, type TileOutputSpec } from '../model/spec.js';
import type { SlideResult, TileTable } from '../scoring/result.js';
import { copiedArray } from './copied-array.js';

/** One number for each tile: `values[offset + i * stride]`. */
export interface TileColumn {
  /** Unique among the columns. */
  readonly name: string;
  /** The class it stands for, where the model names its classes. */
  readonly className: string | null;
  /** Columns of one output have one number. */
  readonly output: number;
  /** Lowest and highest value that it can have; null: not known. */
  readonly range: readonly [lowest: number, highest: number] | null;
  readonly values: Float64Array;
  readonly stride: number;
  readonly offset: number;
}

/** Places are in pixels of level 0 and not rounded. */
export interface TileRows {
  /** The table is written as WSInfer writes it: in its order, with its numbers. */
  readonly asWsInfer: boolean;
  readonly count: number;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly width: number;
  readonly height: number;
  readonly columns: readonly TileColumn[];
  /** Of `columns`: the one that the score is made from. */
  readonly scoreColumn: number;
  /** Of `columns`: how much the model looked at each tile; -1: it does not say. */
  readonly attentionColumn: number;
}

const attentionName = 'attention';

/** Whether per-tile outputs of the model have attention. */
export function hasAttention(model: Model): boolean {
  return specOf(model).tileOutputs.some(({ name }) => name === attentionName);
}

/** After a sigmoid or a softmax, ours or the graph's own, values are 0 to 1. */
function rangeOf({ activation, operator }: TileOutputSpec): TileColumn['range'] {
  const isProbability = activation !== 'none' || operator === 'Sigmoid' || operator === 'Softmax';
  return isProbability ? [0, 1] : null;
}

/** WSInfer calls the columns of its tables `prob_<class>`. */
function columnName(model: Model, output: string, className: string | null, index: number, columns: number): string {
  if (model.kind === 'wsinfer' && className !== null) return `prob_${className}`;
  if (columns === 1) return output;
  return `${output}_${className ?? index}`;
}

/** Two columns of one name would be one to whoever reads a table. */
function unique(name: string, taken: Set<string>): string {
  let free = name;
  for (let n = 2; taken.has(free); ++n) free = `${name}_${n}`;
  taken.add(free);
  return free;
}

function columnsOf(model: Model, tiles: TileTable): readonly TileColumn[] {
  const taken = new Set<string>();
  return specOf(model).tileOutputs.flatMap((output, number) => {
    const found = tiles.outputs[output.name];
    if (found === undefined) return [];
    const names = output.columnNames ?? found.columnNames;
    return Array.from({ length: found.columns }, (_, i): TileColumn => {
      const className = found.columns > 1 || model.kind === 'wsinfer' ? (names?.[i] ?? null) : null;
      return {
        name: unique(columnName(model, output.name, className, i, found.columns), taken),
        className,
        output: number,
        range: rangeOf(output),
        values: found.values,
        stride: found.columns,
        offset: i,
      };
    });
  });
}

/** The rows of a result that was scored with `tiles: true`. They share its memory. */
export function tileRows(result: SlideResult, model: Model): TileRows {
  const { tiles } = result;
  if (tiles === undefined) throw new TypeError('the result has no tiles');
  const columns = columnsOf(model, tiles);
  const { heads, outputs } = specOf(model);
  const head = heads[outputs[0]?.of[0]?.head ?? 0];
  const score = columns.findIndex(({ output, offset }) => output === head?.of.output && offset === head.of.column);
  return {
    asWsInfer: model.kind === 'wsinfer',
    count: tiles.count,
    x: tiles.level0X,
    y: tiles.level0Y,
    width: tiles.level0Width,
    height: tiles.level0Height,
    columns,
    scoreColumn: Math.max(score, 0),
    attentionColumn: columns.findIndex(({ name }) => name === attentionName),
  };
}

function arraysOf({ x, y, columns }: TileRows): readonly Float64Array[] {
  return [...new Set([x, y, ...columns.map(({ values }) => values)])];
}

/** The memory of the rows, to be handed over to another thread. */
export function buffersOf(rows: TileRows): ArrayBuffer[] {
  return [...new Set(arraysOf(rows).map(({ buffer }) => buffer as ArrayBuffer))];
}

/**
 * A copy in memory of this thread's own. Memory that the addon made is copied when it is handed to another thread, in one go that
 * blocks the event loop; this takes turns.
 */
export async function copiedRows(rows: TileRows, signal: AbortSignal | null): Promise<TileRows> {
  const copies = new Map<Float64Array, Float64Array>();
  for (const from of arraysOf(rows)) copies.set(from, await copiedArray(from, signal));
  const copyOf = (from: Float64Array): Float64Array => copies.get(from) ?? from;
  const columns = rows.columns.map((column) => ({ ...column, values: copyOf(column.values) }));
  return { ...rows, x: copyOf(rows.x), y: copyOf(rows.y), columns };
}

/**
 * Where each tile of a result is and what was said of it, as flat columns: the one place that knows how a result keeps them.
 * Plain data, so that it can be handed to a worker thread.
 */
import type { Model } from '../model/model.js';
import { specOf, type HeadSpec, type TileOutputSpec } from '../model/spec.js';
import { tileColumns, type TileColumnSource } from '../model/tile-columns.js';
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
  /** Of `columns`: the one that the score is made from, else the attention of the head that makes it; -1: there is none. */
  readonly scoreColumn: number;
  /** Of `columns`: how much the model looked at each tile; -1: it does not say. */
  readonly attentionColumn: number;
}

const attentionName = 'attention';

/** Of the tiles of the first tile input: those that files are made of. */
function firstColumns(model: Model): readonly TileColumnSource[] {
  return tileColumns(specOf(model), 0);
}

/** Whether per-tile outputs of the model have attention. */
export function hasAttention(model: Model): boolean {
  return firstColumns(model).some(({ output }) => output.name === attentionName);
}

/** Where the column that the score is made from lies; null: it is made from no single column of these tiles. */
function scoreSource(model: Model): { readonly source: TileColumnSource; readonly column: number } | null {
  const { heads, outputs } = specOf(model);
  const parts = outputs[0]?.of ?? [];
  // The column of one of several heads is not the score.
  if (parts.length !== 1) return null;
  const head = heads[parts[0]?.head ?? -1];
  if (head?.kind !== 'simple') return null;
  const { encoder, output, column } = head.of;
  const source = firstColumns(model).find((each) => each.encoder === encoder && each.index === output);
  return source === undefined ? null : { source, column };
}

/** The heads that a head reads or stands for. */
function headsBelow(head: HeadSpec): readonly number[] {
  if (head.kind === 'value') return [head.of.head];
  if (head.kind === 'onnx') return head.inputs.flatMap((each) => (each.from === 'head' ? [each.head] : []));
  if (head.kind !== 'choose') return [];
  const { cases, otherwise } = head.choice;
  return [...cases.map(({ gives }) => gives), ...(otherwise === null ? [] : [otherwise])];
}

/** Whether the source is the attention of a head that the score is made from, or may be made from. */
function isScoreAttention({ of, owner, output }: TileColumnSource, model: Model): boolean {
  if (of !== 'head' || output.name !== attentionName) return false;
  const { heads, outputs } = specOf(model);
  const found = new Set((outputs[0]?.of ?? []).map(({ head }) => head));
  // A set that grows while it is walked gives what was added too.
  for (const at of found) {
    const head = heads[at];
    if (head !== undefined) for (const below of headsBelow(head)) found.add(below);
  }
  return [...found].some((at) => heads[at]?.name === owner);
}

/** Whether a heat map of the score can be drawn: of its column, or of the attention that its head gives. */
export function hasHeat(model: Model): boolean {
  return scoreSource(model) !== null || firstColumns(model).some((source) => isScoreAttention(source, model));
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
  const sources = firstColumns(model);
  const ofOutputs = sources.flatMap(({ name, output }, number) => {
    const found = tiles.outputs[name];
    if (found === undefined) return [];
    const names = output.columnNames ?? found.columnNames;
    return Array.from({ length: found.columns }, (_, i): TileColumn => {
      const className = found.columns > 1 || model.kind === 'wsinfer' ? (names?.[i] ?? null) : null;
      return {
        name: unique(columnName(model, name, className, i, found.columns), taken),
        className,
        output: number,
        range: rangeOf(output),
        values: found.values,
        stride: found.columns,
        offset: i,
      };
    });
  });
  const ofQuality = Object.entries(tiles.quality ?? {}).map(
    ([measure, values], i): TileColumn => ({
      name: unique(measure, taken),
      className: null,
      output: sources.length + i,
      // All but the sharpness are shares of the pixels.
      range: measure === 'sharpness' ? null : [0, 1],
      values,
      stride: 1,
      offset: 0,
    }),
  );
  return [...ofOutputs, ...ofQuality];
}

/** The rows of the first tile input of a result that was scored with `tiles: true`. They share its memory. */
export function tileRows(result: SlideResult, model: Model): TileRows {
  const { tiles } = result;
  if (tiles === undefined) throw new TypeError('the result has no tiles');
  const columns = columnsOf(model, tiles);
  const sources = firstColumns(model);
  const score = scoreSource(model);
  const attention = columns.findIndex(({ output }) => sources[output]?.output.name === attentionName);
  const scored = columns.findIndex(
    ({ output, offset }) => score !== null && sources[output]?.name === score.source.name && offset === score.column,
  );
  const scoreAttention = columns.findIndex(({ output }) => {
    const source = sources[output];
    return source !== undefined && isScoreAttention(source, model);
  });
  return {
    asWsInfer: model.kind === 'wsinfer',
    count: tiles.count,
    x: tiles.level0X,
    y: tiles.level0Y,
    width: tiles.level0Width,
    height: tiles.level0Height,
    columns,
    scoreColumn: scored === -1 ? scoreAttention : scored,
    attentionColumn: attention,
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

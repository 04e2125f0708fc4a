/** The addon's table of the tiles of one input as the public one. */

import { withJson } from '../core/plain-json.js';
import type { ModelSpec } from '../model/spec.js';
import type { TileColumnSource } from '../model/tile-columns.js';
import { tileColumns } from '../model/tile-columns.js';
import type { NativeTileTable } from '../native/contract.js';
import type { NativeProgram } from '../native/program.js';
import type { TileOutput, TileTable } from './result.js';

type Values = Pick<TileOutput, 'columns' | 'values'>;

/** By the name of the encoder or head, then in the order of its outputs. */
function valuesByOwner(found: NativeTileTable, program: NativeProgram): ReadonlyMap<string, readonly Values[]> {
  const byOwner = new Map<string, Values[]>();
  const add = (key: string, values: Values): void => {
    const list = byOwner.get(key) ?? [];
    byOwner.set(key, [...list, values]);
  };
  for (const { encoder, columns, values } of found.outputs)
    add(`encoder ${program.encoders[encoder]?.name ?? ''}`, { columns, values });
  for (const { head, values } of found.heads) add(`head ${program.heads[head]?.name ?? ''}`, { columns: 1, values });
  return byOwner;
}

function outputsOf(
  found: NativeTileTable,
  program: NativeProgram,
  columns: readonly TileColumnSource[],
): Record<string, TileOutput> {
  const byOwner = valuesByOwner(found, program);
  const next = new Map<string, number>();
  const outputs: Record<string, TileOutput> = {};
  for (const { name, of, owner, output } of columns) {
    const key = `${of} ${owner}`;
    const at = next.get(key) ?? 0;
    next.set(key, at + 1);
    // A head that the metadata did not choose has no values.
    const own = byOwner.get(key)?.[at];
    if (own !== undefined) outputs[name] = Object.freeze(withJson({ ...own, columnNames: output.columnNames }));
  }
  return withJson(outputs);
}

/** `input`: index of the tile input. */
export function tileTable(found: NativeTileTable, spec: ModelSpec, program: NativeProgram, input: number): TileTable {
  const outputs = outputsOf(found, program, tileColumns(spec, input));
  const { x, y, level0X, level0Y, level, footprintPx, level0PerPxX, level0PerPxY, quality } = found;
  const table: Omit<TileTable, 'toJSON'> = {
    count: found.tiles,
    level0X,
    level0Y,
    level0Width: footprintPx * level0PerPxX,
    level0Height: footprintPx * level0PerPxY,
    x,
    y,
    level,
    footprintPx,
    level0PerPxX,
    level0PerPxY,
    outputs: Object.freeze(outputs),
    quality: quality === null ? null : Object.freeze(withJson<Record<string, Float64Array>>({ ...quality })),
  };
  return Object.freeze(withJson(table));
}

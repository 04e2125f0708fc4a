/** Rows of tiles that no model made, and what reads the files again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { ByteSink } from '../../lib/outputs/new-file.js';
import type { TileColumn, TileRows } from '../../lib/outputs/tile-rows.js';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'microtome-outputs-'));
  folders.push(folder);
  return folder;
}

export interface RowsOptions {
  readonly across: number;
  readonly count: number;
  readonly sidePx?: number;
  readonly stridePx?: number;
  /** Names of the columns of one output; null: one column without a class. */
  readonly classes?: readonly string[] | null;
  readonly value?: (tile: number, column: number) => number;
}

/** A grid of tiles, row by row. */
export function gridRows(options: RowsOptions): TileRows {
  const { across, count, sidePx = 224, stridePx = sidePx, classes = null, value = () => 0.5 } = options;
  const columns = classes?.length ?? 1;
  const values = Float64Array.from({ length: count * columns }, (_, i) => value(Math.floor(i / columns), i % columns));
  const column = (offset: number): TileColumn => ({
    name: classes?.[offset] ?? 'score',
    className: classes?.[offset] ?? null,
    output: 0,
    range: [0, 1],
    values,
    stride: columns,
    offset,
  });
  return {
    asWsInfer: false,
    count,
    x: Float64Array.from({ length: count }, (_, i) => (i % across) * stridePx),
    y: Float64Array.from({ length: count }, (_, i) => Math.floor(i / across) * stridePx),
    width: sidePx,
    height: sidePx,
    columns: Array.from({ length: columns }, (_, i) => column(i)),
    scoreColumn: 0,
    attentionColumn: -1,
  };
}

/** Keeps nothing but the longest piece and the length. */
export function countingSink(): ByteSink & { longest: number } {
  return {
    position: 0,
    longest: 0,
    async write(bytes) {
      (this as { position: number }).position += bytes.length;
      this.longest = Math.max(this.longest, bytes.length);
    },
    async patch() {},
  };
}

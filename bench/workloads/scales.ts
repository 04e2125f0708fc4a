/** The tile inputs of the row one-pass: two scales that are read from level 0 of a dense slide, and one from level 1. */
import { createHash } from 'node:crypto';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { normalisation } from '../harness/digest.js';

export const MODEL_TILE_PX = 224;
export const STORED_TILE_PX = 256;

export interface Scale {
  readonly name: string;
  readonly level: number;
  /** Pixels of the level for each pixel of a model tile. */
  readonly reduction: number;
}

export const scales: readonly Scale[] = [
  { name: 'level-0', level: 0, reduction: 1 },
  { name: 'level-0-reduced', level: 0, reduction: 1.6 },
  { name: 'level-1', level: 1, reduction: 1 },
];

/** Stored tiles of all levels that a scale reads, each once. `side`: of level 0, in stored tiles; no level has a remainder. */
export function distinctStoredTiles(side: number): number {
  const levels = new Set(scales.map(({ level }) => level));
  return [...levels].reduce((sum, level) => sum + (side / 2 ** level) ** 2, 0);
}

/** Model tiles on a side of the grid. */
export function tilesOnSide(side: number, { level, reduction }: Scale): number {
  return Math.round((side * STORED_TILE_PX) / 2 ** level / (MODEL_TILE_PX * reduction));
}

/** Writes a bundle into an empty folder: an encoder for each scale, and the mean of its first column as an output. */
export async function writeBundle(folder: string, model: string, chosen: readonly Scale[]): Promise<void> {
  const { scale, mean, std } = normalisation;
  const sha256 = createHash('sha256')
    .update(await readFile(model))
    .digest('hex');
  const graphOf = ({ name }: Scale): string => `${name}.onnx`;
  for (const one of chosen) await copyFile(model, join(folder, graphOf(one)));
  const tiles = chosen.map(({ name, level, reduction }) => ({
    ...{ name, size: MODEL_TILE_PX, edge: 'drop', scale, mean, std },
    // Level 0 has one micron for each pixel; a reduced scale is asked for by its microns.
    ...(reduction === 1 ? { level } : { mpp: reduction * 2 ** level }),
  }));
  const encoders = chosen.map((one) => ({
    ...{ name: one.name, graph: graphOf(one), input: { from: one.name } },
    outputs: [{ name: 'logits', columns: 2 }],
  }));
  const json = {
    ...{ formatVersion: 1, name: 'scales', inputs: { tiles }, encoders },
    select: chosen.map(({ name }) => ({ rule: 'all', input: name })),
    heads: chosen.map(({ name }) => ({ name, method: 'mean', of: { encoder: name, output: 'logits', column: 0 } })),
    outputs: chosen.map(({ name }) => ({ name, of: name, clip: [-1e6, 1e6], fallback: 0 })),
    files: Object.fromEntries(chosen.map((one) => [graphOf(one), sha256])),
    card: { licence: 'Apache-2.0', intendedUse: 'Benchmarks; the weights are random numbers.' },
  };
  await writeFile(join(folder, 'microtome.json'), JSON.stringify(json));
}

/**
 * microtome's engine with three encoders of tiles of one slide, all in one pass (workloads/scales.ts). The program goes to the
 * addon itself, because only the addon says how many stored tiles it decoded.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NativeGridOptions, NativeScoreResult } from '../../dist/native/contract.js';
import type { NativeEncoder, NativeProgram } from '../../dist/native/program.js';
import { normalisation } from '../harness/digest.js';
import { serve, type Contender, type Workload } from '../harness/protocol.js';
import { root } from '../paths.js';
import { scales, tilesOnSide, type Scale } from '../workloads/scales.js';
import { MODEL_TILE_PX, STORED_TILE_PX } from '../workloads/tile-sizes.js';

/** The package exports none of this; its own modules have it. */
const load = async <T>(file: string): Promise<T> => (await import(join(root, 'dist', file))) as T;

const threeNumbers = (from: readonly number[]) => from as [number, number, number];

const grid = ({ level, reduction }: Scale): NativeGridOptions => ({
  // Level 0 is called one micron per pixel; a reduced scale is asked for by its microns.
  ...(reduction === 1 ? { level, mpp: null } : { level: null, mpp: reduction * 2 ** level }),
  ...{ slideMpp: 1, scaledDecode: false, sizePx: MODEL_TILE_PX, stridePx: MODEL_TILE_PX, placement: 'scaled' },
  ...{ keep: 'all', edge: 'drop', minTissueFraction: 0, maxTiles: 0, seed: 0, mask: { kind: 'all' } },
  onBadTile: 'error',
});

const encoder = ({ name }: Scale, index: number, input: number, tensor: string): NativeEncoder => ({
  ...{ name, graph: index, input, turns: ['identity'], outputs: [{ tensor, activation: 'none' }] },
  format: {
    ...{ sizePx: MODEL_TILE_PX, layout: 'NCHW', channels: 'RGB', type: 'float32', scale: normalisation.scale },
    ...{ mean: threeNumbers(normalisation.mean), std: threeNumbers(normalisation.std) },
  },
});

/** Indices in `scales`; each has a graph of its own. */
function program(chosen: readonly number[], tensor: string, more: Pick<NativeProgram, 'keepTiles' | 'batchSize'>) {
  const of = chosen.map((index) => [scales[index] as Scale, index] as const);
  const simple = { kind: 'simple', method: 'mean', k: 1, fraction: 1, quantile: 0.5 } as const;
  const all: NativeProgram = {
    ...{ images: [], colour: null, select: [], rows: [], stopping: null, reproducible: true, ...more },
    tiles: of.map(([scale]) => grid(scale)),
    encoders: of.map(([scale, index], input) => encoder(scale, index, input, tensor)),
    heads: of.map(([{ name }], input) => ({ ...simple, name, of: { encoder: input, output: 0, column: 0 } })),
    outputs: of.map(([{ name }], head) => ({
      ...{ name, of: [{ head, output: 0, column: 0, weight: 1 }], mean: 'value', clip: null },
      calibration: { kind: 'identity' },
    })),
  };
  return all;
}

/** Of the tiles of one input: the first column, in the order of the grid. */
function scoresOf(found: NativeScoreResult, input: number): number[] {
  const table = found.tables[input];
  const output = table?.outputs[0];
  if (table === undefined || output === undefined) throw new Error('the result has no tiles');
  return Array.from({ length: table.tiles }, (_, i) => output.values[i * output.columns] as number);
}

async function make(workload: Workload): Promise<Contender> {
  const { loadAddon, nameOnnxRuntime } = await load<typeof import('../../dist/native/addon.js')>('native/addon.js');
  const { defaults } = await load<typeof import('../../dist/options/defaults.js')>('options/defaults.js');
  const addon = await loadAddon();
  nameOnnxRuntime(addon, null);
  const { model: path, threads, batch: batchSize } = workload;
  const graph = { path, sha256: createHash('sha256').update(readFileSync(path)).digest('hex') };
  const engine = await addon.createEngine({
    ...{ graphs: scales.map(() => ({ graph, weights: [] })), headGraphs: [], device: 'cpu' },
    ...{ threads, memoryBytes: defaults.memoryLimit },
  }).result;
  const tensor = engine.models[0]?.outputs[0]?.name ?? '';
  const side = (workload.columns * workload.size) / STORED_TILE_PX;
  const tiles = scales.map((scale) => tilesOnSide(side, scale) ** 2);

  async function score(chosen: readonly number[], keepTiles: boolean): Promise<NativeScoreResult> {
    const slide = await addon.openSlide(workload.slide, { limits: defaults.limits, slideMpp: null }).result;
    try {
      const found = await engine.score(slide, program(chosen, tensor, { keepTiles, batchSize }), null).result;
      // A stored tile that is decoded again, or is missing, is a warning.
      if (found.warnings.length > 0) throw new Error(found.warnings.join('; '));
      if (chosen.some((scale, input) => found.tables[input]?.tiles !== tiles[scale])) throw new Error('another grid');
      return found;
    } finally {
      await slide.close();
    }
  }

  const all = scales.map((_, index) => index);
  return {
    version: `microtome, ${threads} thread(s)`,
    /** Each encoder must give what it gives alone, bit by bit. The scores are those of the plain grid. */
    async verify() {
      const together = await score(all, true);
      for (const index of all) {
        const alone = scoresOf(await score([index], true), 0);
        const same = scoresOf(together, index).every((value, i) => Object.is(value, alone[i]));
        if (!same) throw new Error(`${scales[index]?.name}: other scores in one pass than alone`);
      }
      const scores = scoresOf(together, 0);
      return { tiles: scores.length, scores, decodedTiles: together.decodedTiles };
    },
    async pass() {
      await score(all, false);
      return tiles.reduce((sum, count) => sum + count, 0);
    },
    close: () => engine.close(),
  };
}

void serve(make);

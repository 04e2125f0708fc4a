/**
 * microtome's engine with three encoders of tiles of one slide, all in one pass (workloads/scales.ts). The program goes to the
 * addon itself, because only the addon says how many stored tiles it decoded.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NativeGridOptions, NativeScoreResult } from '../../dist/native/contract.js';
import type { NativeProgram } from '../../dist/native/program.js';
import { normalisation } from '../harness/digest.js';
import { serve, type Contender, type Workload } from '../harness/protocol.js';
import { root } from '../paths.js';
import { scales, tilesOnSide, type Scale } from '../workloads/scales.js';
import { MODEL_TILE_PX, STORED_TILE_PX } from '../workloads/tile-sizes.js';

/** The package exports none of this; its own modules have it. */
const load = async <T>(file: string): Promise<T> => (await import(join(root, 'dist', file))) as T;

const three = (from: readonly number[]) => from as [number, number, number];
const { scale, mean, std } = normalisation;
const numbers = {
  layout: 'NCHW',
  channels: 'RGB',
  type: 'float32',
  scale,
  mean: three(mean),
  std: three(std),
} as const;
const format = { sizePx: MODEL_TILE_PX, ...numbers };

/** Level 0 is called one micron per pixel; a reduced scale is asked for by its microns. */
const grid = ({ level, reduction }: Scale): NativeGridOptions => ({
  ...(reduction === 1 ? { level, mpp: null } : { level: null, mpp: reduction * 2 ** level }),
  ...{ slideMpp: 1, scaledDecode: false, sizePx: MODEL_TILE_PX, stridePx: MODEL_TILE_PX, placement: 'scaled' },
  ...{
    keep: 'all',
    edge: 'drop',
    minTissueFraction: 0,
    maxTiles: 0,
    seed: 0,
    mask: { kind: 'all' },
    onBadTile: 'error',
  },
});

/** `chosen`: indices in `scales`, each of which has a graph of its own. */
const program = (chosen: readonly number[], tensor: string, keepTiles: boolean, batchSize: number): NativeProgram => ({
  ...{ images: [], colour: null, select: [], rows: [], stopping: null, reproducible: true, keepTiles, batchSize },
  tiles: chosen.map((graph) => grid(scales[graph] as Scale)),
  encoders: chosen.map((graph, input) => ({
    ...{ name: `${graph}`, graph, input, format, turns: ['identity'], outputs: [{ tensor, activation: 'none' }] },
  })),
  heads: chosen.map((graph, encoder) => ({
    ...{ kind: 'simple', name: `${graph}`, of: { encoder, output: 0, column: 0 } },
    ...{ method: 'mean', k: 1, fraction: 1, quantile: 0.5 },
  })),
  outputs: chosen.map((graph, head) => ({
    ...{ name: `${graph}`, of: [{ head, output: 0, column: 0, weight: 1 }], mean: 'value', clip: null },
    calibration: { kind: 'identity' },
  })),
});

/** The first column of the tiles of one input, in the order of the grid. */
function scoresOf(found: NativeScoreResult, input: number): number[] {
  const output = found.tables[input]?.outputs[0];
  if (output === undefined) throw new Error('the result has no tiles');
  return Array.from(output.values.filter((_, i) => i % output.columns === 0));
}

async function make(workload: Workload): Promise<Contender> {
  const { loadAddon, nameOnnxRuntime } = await load<typeof import('../../dist/native/addon.js')>('native/addon.js');
  const { defaults } = await load<typeof import('../../dist/options/defaults.js')>('options/defaults.js');
  const addon = await loadAddon();
  nameOnnxRuntime(addon, null);
  const { model: path, threads, batch } = workload;
  const graph = { graph: { path, sha256: createHash('sha256').update(readFileSync(path)).digest('hex') }, weights: [] };
  const limits = { threads, memoryBytes: defaults.memoryLimit };
  const request = { graphs: scales.map(() => graph), headGraphs: [], device: 'cpu', ...limits };
  const engine = await addon.createEngine(request).result;
  const tensor = engine.models[0]?.outputs[0]?.name ?? '';
  const side = (workload.columns * workload.size) / STORED_TILE_PX;
  const tiles = scales.map((one) => tilesOnSide(side, one) ** 2);
  const all = [...scales.keys()];

  async function score(chosen: readonly number[], keepTiles: boolean): Promise<NativeScoreResult> {
    const slide = await addon.openSlide(workload.slide, { limits: defaults.limits, slideMpp: null }).result;
    try {
      const found = await engine.score(slide, program(chosen, tensor, keepTiles, batch), null).result;
      // A stored tile that is missing, or is decoded again, is a warning.
      if (found.warnings.length > 0) throw new Error(found.warnings.join('; '));
      if (chosen.some((index, input) => found.tables[input]?.tiles !== tiles[index])) throw new Error('another grid');
      return found;
    } finally {
      await slide.close();
    }
  }

  return {
    version: `microtome, ${threads} thread(s)`,
    /** Each encoder must give what it gives alone, bit by bit. The scores are those of the plain grid. */
    async verify() {
      const together = await score(all, true);
      for (const index of all) {
        const alone = scoresOf(await score([index], true), 0);
        if (scoresOf(together, index).some((value, i) => !Object.is(value, alone[i])))
          throw new Error(`${scales[index]?.name}: other scores in one pass than alone`);
      }
      const scores = scoresOf(together, 0);
      return { tiles: scores.length, scores, decodedTiles: together.decodedTiles };
    },
    pass: async () => (await score(all, false)).tables.reduce((sum, table) => sum + table.tiles, 0),
    close: () => engine.close(),
  };
}

void serve(make);

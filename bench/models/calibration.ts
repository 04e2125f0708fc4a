/** Ranges of a network's tensors over real tiles, by running the graph with the tensors as outputs. */
import { openSlide } from 'microtome';
import { writeFile } from 'node:fs/promises';
import { loadOrt } from '../contenders/peer-packages.js';
import { normalise } from '../harness/digest.js';
import { quantile } from '../harness/statistics.js';
import { cached } from '../workloads/cache.js';
import { fp32Graph } from './fp32-graph.js';
import { quantisedTensors, type Range } from './int8-graph.js';
import { INPUT, SIDE_PX, type Layer } from './network.js';

/** Tiles looked at. A range is that of most tiles: the outermost twentieth of the tiles may be cut off. */
const TILES = 32;

async function tilesOf(slidePath: string): Promise<Float32Array[]> {
  const slide = await openSlide(slidePath);
  try {
    const found: Float32Array[] = [];
    const options = { level: 0, size: SIDE_PX, keep: 'all', maxTiles: TILES, batchSize: 1 } as const;
    for await (const batch of slide.tiles(options)) {
      found.push(normalise(batch.data, SIDE_PX ** 2));
      batch.release();
    }
    return found;
  } finally {
    await slide.close();
  }
}

function extremes(values: Float32Array): Range {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { low, high };
}

/** Wide enough for all tiles but the outermost. */
function rangeOfMost(ranges: readonly Range[]): Range {
  const [lows, highs] = [ranges.map(({ low }) => low), ranges.map(({ high }) => high)];
  return { low: quantile(lows, 0.05), high: quantile(highs, 0.95) };
}

export async function calibrate(layers: readonly Layer[], slidePath: string): Promise<Map<string, Range>> {
  const names = quantisedTensors(layers);
  const inner = names.filter((name) => name !== INPUT);
  // What tells one network from another without its weights, which are a function of it.
  const key = JSON.stringify(layers, (_, value: unknown) => (ArrayBuffer.isView(value) ? undefined : value));
  const path = await cached('calibration', 'onnx', key, (to) => writeFile(to, fp32Graph(layers, inner)));
  const ort = loadOrt();
  const session = await ort.InferenceSession.create(path, { intraOpNumThreads: 2 });
  const seen = new Map<string, Range[]>(names.map((name) => [name, []]));
  for (const tile of await tilesOf(slidePath)) {
    const input = new ort.Tensor('float32', tile, [1, 3, SIDE_PX, SIDE_PX]);
    const outputs = await session.run({ [INPUT]: input });
    for (const [name, ranges] of seen) ranges.push(extremes((outputs[name] ?? input).data as Float32Array));
  }
  await session.release();
  return new Map([...seen].map(([name, ranges]) => [name, rangeOfMost(ranges)]));
}

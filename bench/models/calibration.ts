/** Ranges of a network's tensors over real tiles, by running the graph with the tensors as outputs. */
import { openSlide } from 'microtome';
import { writeFile } from 'node:fs/promises';
import { loadOrt } from '../contenders/peer-packages.js';
import { normalisation } from '../harness/digest.js';
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
      const pixels = SIDE_PX * SIDE_PX;
      const { scale, mean, std } = normalisation;
      found.push(
        Float32Array.from({ length: 3 * pixels }, (_, i) => {
          const c = Math.floor(i / pixels);
          return ((batch.data[3 * (i % pixels) + c] as number) * scale - (mean[c] as number)) / (std[c] as number);
        }),
      );
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

export async function calibrate(layers: readonly Layer[], slidePath: string): Promise<Map<string, Range>> {
  const inner = quantisedTensors(layers).filter((name) => name !== INPUT);
  const path = await cached('calibration', 'onnx', layersKey(layers), (to) => writeFile(to, fp32Graph(layers, inner)));
  const ort = loadOrt();
  const session = await ort.InferenceSession.create(path, { intraOpNumThreads: 2 });
  const seen = new Map<string, Range[]>([INPUT, ...inner].map((name) => [name, []]));
  for (const tile of await tilesOf(slidePath)) {
    const outputs = await session.run({ [INPUT]: new ort.Tensor('float32', tile, [1, 3, SIDE_PX, SIDE_PX]) });
    seen.get(INPUT)?.push(extremes(tile));
    for (const name of inner) seen.get(name)?.push(extremes(outputs[name]?.data as Float32Array));
  }
  await session.release();
  return new Map(
    [...seen].map(([name, ranges]) => [
      name,
      {
        low: quantile(
          ranges.map((r) => r.low),
          0.05,
        ),
        high: quantile(
          ranges.map((r) => r.high),
          0.95,
        ),
      },
    ]),
  );
}

/** What tells one network from another without its weights, which are a function of it. */
export function layersKey(layers: readonly Layer[]): unknown {
  return layers.map((layer) => Object.fromEntries(Object.entries(layer).filter(([, v]) => !ArrayBuffer.isView(v))));
}

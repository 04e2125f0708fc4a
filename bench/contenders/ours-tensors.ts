/** microtome as a loader for another runtime: slide.tensors(). A pass is from opening the slide to the last tensor. */
import { openSlide, type TensorBatch } from 'microtome';
import { denormalise, normalisation, TileDigest } from '../harness/digest.js';
import { serve, type Contender, type Workload } from '../harness/protocol.js';

async function make(workload: Workload): Promise<Contender> {
  const { level, size, stride, keep, threads, batch: batchSize } = workload;
  const options = { level, size, stride, threads, batchSize, ...normalisation, ...(keep === 'all' ? { keep } : {}) };

  /** Calls `use` with every batch; gives the number of tiles. */
  async function all(use: (batch: TensorBatch) => void): Promise<number> {
    const slide = await openSlide(workload.slide);
    let count = 0;
    for await (const batch of slide.tensors(options)) {
      use(batch);
      count += batch.tiles;
      batch.release();
    }
    await slide.close();
    return count;
  }

  return {
    version: `microtome, ${threads} thread(s)`,
    async verify() {
      const digest = new TileDigest();
      const pixels = size * size;
      const tiles = await all(({ data, x, y, tiles: count }) => {
        for (let i = 0; i < count; i++) {
          const tensor = data.subarray(i * 3 * pixels, (i + 1) * 3 * pixels) as Float32Array;
          digest.add(x[i] as number, y[i] as number, denormalise(tensor, pixels));
        }
      });
      return { tiles, digest: digest.digest() };
    },
    pass: () => all(() => undefined),
    close: async () => undefined,
  };
}

void serve(make);

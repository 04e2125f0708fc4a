/** microtome as a loader for another runtime: slide.tensors() gives batches of ready float tensors. */
import { openSlide } from 'microtome';
import { denormalise, normalisation, TileDigest } from '../harness/digest.js';
import { tensorTiles } from './library.js';
import { serve, type Contender, type Workload } from '../harness/protocol.js';

async function make(workload: Workload): Promise<Contender> {
  const slide = await openSlide(workload.slide);
  const { level, size, stride, keep, threads, batch: batchSize } = workload;
  const tensors = tensorTiles(slide, {
    level,
    size,
    stride,
    batchSize,
    threads,
    ...(keep === 'all' ? { keep } : {}),
    layout: 'NCHW',
    type: 'float32',
    ...normalisation,
  });
  return {
    version: `microtome, ${threads} thread(s)`,
    async verify() {
      const digest = new TileDigest();
      const pixels = size * size;
      for await (const batch of tensors()) {
        const { data } = batch;
        for (let i = 0; i < batch.tiles; i++) {
          const tensor = data.subarray(i * 3 * pixels, (i + 1) * 3 * pixels);
          digest.add(batch.x[i] as number, batch.y[i] as number, denormalise(tensor, pixels));
        }
        batch.release();
      }
      return { tiles: digest.tiles, digest: digest.digest() };
    },
    async pass() {
      let count = 0;
      for await (const batch of tensors()) {
        count += batch.tiles;
        batch.release();
      }
      return count;
    },
    close: () => slide.close(),
  };
}

void serve(make);

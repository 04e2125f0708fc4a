/** microtome as a loader for another runtime: slide.tensors(). A pass is from opening the slide to the last tensor. */
import { openSlide, type Slide } from 'microtome';
import { denormalise, normalisation, TileDigest } from '../harness/digest.js';
import { tensorTiles } from './library.js';
import { serve, type Contender, type Workload } from '../harness/protocol.js';

async function make(workload: Workload): Promise<Contender> {
  const { level, size, stride, keep, threads, batch: batchSize } = workload;
  const tensors = (slide: Slide) =>
    tensorTiles(slide, {
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
  const probe = await openSlide(workload.slide);
  tensors(probe);
  await probe.close();
  return {
    version: `microtome, ${threads} thread(s)`,
    async verify() {
      const digest = new TileDigest();
      const pixels = size * size;
      const slide = await openSlide(workload.slide);
      for await (const batch of tensors(slide)) {
        const { data } = batch;
        for (let i = 0; i < batch.tiles; i++) {
          const tensor = data.subarray(i * 3 * pixels, (i + 1) * 3 * pixels);
          digest.add(batch.x[i] as number, batch.y[i] as number, denormalise(tensor, pixels));
        }
        batch.release();
      }
      await slide.close();
      return { tiles: digest.tiles, digest: digest.digest() };
    },
    async pass() {
      let count = 0;
      const slide = await openSlide(workload.slide);
      for await (const batch of tensors(slide)) {
        count += batch.tiles;
        batch.release();
      }
      await slide.close();
      return count;
    },
    close: async () => undefined,
  };
}

void serve(make);

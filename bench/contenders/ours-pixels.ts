/** microtome as a reader: slide.tiles() through the public API. */
import { openSlide } from 'microtome';
import { TileDigest } from '../harness/digest.js';
import { serve, type Contender, type Workload } from '../harness/protocol.js';

async function make(workload: Workload): Promise<Contender> {
  const { level, size, stride, keep, threads, batch: batchSize, openslide } = workload;
  const by = openslide === undefined ? {} : { driver: 'openslide', openslidePath: openslide };
  const slide = await openSlide(workload.slide, by);
  const options = { level, size, stride, threads, batchSize, ...(keep === 'all' ? { keep } : {}) };
  return {
    version: `microtome, ${slide.driver.name}, ${threads} thread(s)`,
    async verify() {
      const digest = new TileDigest();
      const bytes = 3 * size * size;
      for await (const batch of slide.tiles(options)) {
        for (let i = 0; i < batch.tiles; i++) {
          digest.add(batch.x[i] as number, batch.y[i] as number, batch.data.subarray(i * bytes, (i + 1) * bytes));
        }
        batch.release();
      }
      return { tiles: digest.tiles, digest: digest.digest(), means: digest.means() };
    },
    async pass() {
      let count = 0;
      for await (const batch of slide.tiles(options)) {
        count += batch.tiles;
        batch.release();
      }
      return count;
    },
    close: () => slide.close(),
  };
}

void serve(make);

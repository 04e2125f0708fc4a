/** microtome whole: images of an HDF5 file through a warm scorer, in chunks as a run sends them. */
import { createImageScorer, openImages } from 'microtome';
import { normalisation } from '../harness/digest.js';
import { serve, type Contender, type Workload } from '../harness/protocol.js';

const CHUNK = 1024;
const UNDER_WAY = 3;

async function make(workload: Workload): Promise<Contender> {
  const { slide: path, size, threads, model, batch: batchSize } = workload;
  const scorer = await createImageScorer({
    model,
    threads,
    batchSize,
    device: 'cpu',
    input: { size, level: 0, ...normalisation },
    column: 0,
  });
  const images = await openImages(path);
  const places = images.names.map((name) => images.place(name) ?? { offset: NaN, bytes: NaN });
  await images.close();
  const offsets = Float64Array.from(places, ({ offset }) => offset);
  const bytes = Float64Array.from(places, ({ bytes: length }) => length);

  async function scoreAll(): Promise<number> {
    let [next, scored] = [0, 0];
    const lane = async (): Promise<void> => {
      while (next < offsets.length) {
        const [first, end] = [next, Math.min(next + CHUNK, offsets.length)];
        next = end;
        const batch = {
          kind: 'places',
          path,
          offsets: offsets.slice(first, end),
          bytes: bytes.slice(first, end),
        } as const;
        const rows = await scorer.score(batch);
        scored += end - first - rows.failures.length;
      }
    };
    await Promise.all(Array.from({ length: UNDER_WAY }, lane));
    if (scored !== offsets.length) throw new Error(`${offsets.length - scored} images failed`);
    return scored;
  }

  return {
    version: `microtome, ${threads} thread(s)`,
    verify: async () => ({ tiles: await scoreAll() }),
    pass: scoreAll,
    close: () => scorer.close(),
  };
}

void serve(make);

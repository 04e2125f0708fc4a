/** microtome, embedSlide: every pass loads the model, embeds the slide and writes the file of features. */
import { embedSlide } from 'microtome';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { normalisation } from '../harness/digest.js';
import { serve, type Contender, type Workload } from '../harness/protocol.js';

/** Where the features begin in a file, after which come the places; both are rows of the same tiles. */
const FEATURES_AT = 512;

/** The features of a file, by the places of their tiles. */
function inOrder(file: Buffer, tiles: number, columns: number): number[] {
  const placesAt = FEATURES_AT + 4 * tiles * columns;
  const place = (i: number, axis: 0 | 1): number => Number(file.readBigInt64LE(placesAt + 8 * (2 * i + axis)));
  const order = Array.from({ length: tiles }, (_, i) => i).sort(
    (a, b) => place(a, 1) - place(b, 1) || place(a, 0) - place(b, 0),
  );
  return order.flatMap((i) =>
    Array.from({ length: columns }, (_, column) => file.readFloatLE(FEATURES_AT + 4 * (i * columns + column))),
  );
}

async function make({ slide, level, size, stride, threads, model, batch }: Workload): Promise<Contender> {
  const folder = await mkdtemp(join(tmpdir(), 'microtome-bench-'));
  const output = join(folder, 'slide.h5');
  const embed = () =>
    embedSlide(slide, {
      ...{ model, output, overwrite: true, threads, batchSize: batch, keep: 'all', tile: { size, stride } },
      input: { size, level, ...normalisation },
    });
  return {
    version: `microtome, ${threads} thread(s)`,
    async verify() {
      const { tiles, columns } = await embed();
      return { tiles, features: inOrder(await readFile(output), tiles, columns) };
    },
    async pass() {
      return (await embed()).tiles;
    },
    close: () => rm(folder, { recursive: true }),
  };
}

void serve(make);

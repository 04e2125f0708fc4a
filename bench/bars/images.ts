/**
 * Images that are no slides: the whole path against what decoding and inference alone allow (see limit.ts), and how fast
 * images are read from their places in one file.
 */
import { writeFile } from 'node:fs/promises';
import { openImages } from 'microtome';
import { hold, type Outcome, type Standing } from '../harness/contest.js';
import { atLeast, measured, notRun, type Figure } from '../harness/figure.js';
import { estimate, median } from '../harness/statistics.js';
import { modelFile } from '../models/files.js';
import { cached } from '../workloads/cache.js';
import { lesions, type Lesions } from '../workloads/lesions.js';
import { speed, standingOf, summary } from './compare.js';
import { type Bench, plainWorkload, rowOf, WORKERS } from './row.js';

const SIDE_PX = 224;
/** What the pipeline hands to the runtime in one call. */
const INFERENCE_BATCH = 4;

const title = 'images of lesions';
const whole = atLeast('images', `${title}: images/s against decode + inference alone, MobileNetV3-small`, 0.95);
const reads = atLeast('images', `${title}: read from 100,000 places in one file, one thread`, 100_000, 'images/s');

function wholeFigure(outcome: Outcome): Figure {
  const keys = ['ours-images', 'stage-image', 'stage-infer'] as const;
  const found = keys.map((key) => standingOf(outcome, key));
  const missing = found.find((standing) => typeof standing === 'string');
  if (typeof missing === 'string') return notRun(whole, missing);
  const [ours, ...alone] = found as [Standing, ...Standing[]];
  const ratios = ours.timing.tilesPerSecond.map((rate, round) => {
    const cpuMs = alone.reduce((sum, { timing }) => sum + (timing.cpuMsPerTile[round] as number), 0);
    return rate / ((1000 * WORKERS) / cpuMs);
  });
  const parts = alone.map(({ timing }) => median(timing.cpuMsPerTile));
  const inCpuTime = parts.reduce((sum, ms) => sum + ms, 0) / median(ours.timing.cpuMsPerTile);
  const note =
    `${median(ours.timing.tilesPerSecond).toFixed(0)} images/s; alone ${parts.map((ms) => ms.toFixed(3)).join(' + ')} ms ` +
    `of CPU an image, ${inCpuTime.toFixed(2)} of what the whole path takes`;
  return measured(
    whole,
    estimate(ratios),
    note,
    Object.fromEntries(keys.map((key, i) => [key, summary(found[i] as Standing)])),
  );
}

async function wholePath(bench: Bench): Promise<Figure> {
  const { file, streams, images } = await lesions(bench.quick ? 1000 : 8000);
  const workload = {
    ...plainWorkload,
    ...{ slide: file, streams, size: SIDE_PX, stride: SIDE_PX, columns: images, rows: 1, threads: WORKERS },
    model: await modelFile('mobilenet'),
  };
  return wholeFigure(
    await hold({
      workload,
      entries: [
        { name: 'ours-images', check: 'none' },
        { name: 'stage-image', check: 'none' },
        { name: 'stage-infer', workload: { batch: INFERENCE_BATCH }, check: 'none' },
      ],
      rounds: bench.rounds(9),
    }),
  );
}

/** All offsets, then all lengths, as native/image_reads.cc reads them. */
function placesOf({ file, images }: Lesions): Promise<string> {
  return cached('places', 'bin', [file, images], async (path) => {
    await using index = await openImages(file);
    const places = index.names.map((name) => index.place(name) ?? { offset: NaN, bytes: NaN });
    const numbers = Float64Array.from([...places.map(({ offset }) => offset), ...places.map(({ bytes }) => bytes)]);
    await writeFile(path, new Uint8Array(numbers.buffer));
  });
}

async function reading(bench: Bench): Promise<Figure> {
  const all = await lesions(bench.quick ? 10_000 : 100_000);
  const outcome = await hold({
    workload: {
      ...plainWorkload,
      ...{
        slide: all.file,
        streams: await placesOf(all),
        size: SIDE_PX,
        stride: SIDE_PX,
        columns: all.images,
        rows: 1,
      },
    },
    entries: [{ name: 'image-reads', check: 'none' }],
    rounds: bench.rounds(9),
  });
  const found = standingOf(outcome, 'image-reads');
  if (typeof found === 'string') return notRun(reads, found);
  return measured(reads, estimate(speed(found)), 'the file is in the page cache', { 'image-reads': summary(found) });
}

export const images = rowOf([whole, reads], async (bench) => [await wholePath(bench), await reading(bench)], title);

// Drives the whole library through everything that crosses threads, in several orders: open, read, score, stream, cancel
// and close; by the main thread and by a worker thread that is ended in the middle. Run under the thread sanitizer by
// scripts/steps/thread-addon.mjs; what it prints and how long it takes do not matter.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { createScorer, openSlide } from '../../dist/index.js';

const tilePx = 64;
const side = 16;

/** A TIFF of uncompressed RGB tiles, each of one colour. */
function slideBytes() {
  const tileBytes = 3 * tilePx * tilePx;
  const count = side * side;
  const tags = [
    [256, 4, 1, side * tilePx],
    [257, 4, 1, side * tilePx],
    [258, 3, 3, 0],
    [259, 3, 1, 1],
    [262, 3, 1, 2],
    [277, 3, 1, 3],
    [322, 4, 1, tilePx],
    [323, 4, 1, tilePx],
    [324, 4, count, 0],
    [325, 4, count, 0],
  ];
  const directoryBytes = 2 + 12 * tags.length + 4;
  const bitsAt = 8 + directoryBytes;
  const offsetsAt = bitsAt + 8;
  const dataAt = offsetsAt + 8 * count;
  const bytes = Buffer.alloc(dataAt + count * tileBytes);
  bytes.write('II*\0');
  bytes.writeUInt32LE(8, 4);
  bytes.writeUInt16LE(tags.length, 8);
  const placeOf = { 258: bitsAt, 324: offsetsAt, 325: offsetsAt + 4 * count };
  tags.forEach(([tag, type, values, value], i) => {
    const at = 10 + 12 * i;
    bytes.writeUInt16LE(tag, at);
    bytes.writeUInt16LE(type, at + 2);
    bytes.writeUInt32LE(values, at + 4);
    bytes.writeUInt32LE(placeOf[tag] ?? value, at + 8);
  });
  for (let i = 0; i < 3; i++) bytes.writeUInt16LE(8, bitsAt + 2 * i);
  for (let i = 0; i < count; i++) {
    bytes.writeUInt32LE(dataAt + i * tileBytes, offsetsAt + 4 * i);
    bytes.writeUInt32LE(tileBytes, offsetsAt + 4 * (count + i));
    bytes.fill((i * 37) % 256, dataAt + i * tileBytes, dataAt + (i + 1) * tileBytes);
  }
  return bytes;
}

const scoring = { model: 'demo', threads: 2, level: 0, keep: 'all' };
const streaming = { level: 0, size: tilePx, keep: 'all', batchSize: 8, threads: 2 };

/** What is cancelled or closed may end either way: the sanitizer is what judges. */
const settled = (promises) => Promise.allSettled(promises);

async function scoreTogether(path) {
  const scorer = await createScorer(scoring);
  const abort = new AbortController();
  const whole = [1, 2, 3].map(() => scorer.score(path, { onProgress: () => undefined }));
  const cut = settled([scorer.score(path, { signal: abort.signal })]);
  const slide = await openSlide(path);
  abort.abort();
  whole.push(slide.readRegion({ level: 0, x: 10, y: 10, width: 300, height: 200 }), slide.tissue());
  await Promise.all(whole);
  await cut;
  await settled([slide.close(), scorer.close()]);
}

async function closeUnderWay(path) {
  const [scorer, slide] = await Promise.all([createScorer(scoring), openSlide(path)]);
  const running = [scorer.score(path), scorer.score(path), slide.thumbnail(100)];
  await settled([scorer.close(), slide.close(), ...running]);
}

async function streams(path) {
  const slide = await openSlide(path);
  const whole = async (batches) => {
    for await (const batch of batches) batch.release();
  };
  const broken = async (batches) => {
    for await (const batch of batches) if (batch.data.length > 0) break;
  };
  const abort = new AbortController();
  const cut = settled([whole(slide.tiles({ ...streaming, signal: abort.signal }))]);
  setImmediate(() => abort.abort());
  const ended = [whole(slide.tiles(streaming)), whole(slide.tensors(streaming)), broken(slide.tiles(streaming))];
  await Promise.all(ended);
  await cut;
  const late = whole(slide.tiles(streaming));
  await settled([slide.close(), late]);
}

async function abandonedLoad() {
  const abort = new AbortController();
  const loading = createScorer({ ...scoring, signal: abort.signal });
  abort.abort();
  await settled([loading]);
}

async function everything(path) {
  await scoreTogether(path);
  await closeUnderWay(path);
  await streams(path);
  await abandonedLoad();
  await Promise.all([scoreTogether(path), streams(path), closeUnderWay(path)]);
}

async function endedWorker(path) {
  const worker = new Worker(new URL(import.meta.url), { workerData: path });
  await new Promise((resolve) => worker.once('message', resolve));
  await worker.terminate();
}

if (isMainThread) {
  const folder = mkdtempSync(join(tmpdir(), 'microtome-threads-'));
  const path = join(folder, 'slide.tif');
  writeFileSync(path, slideBytes());
  await everything(path);
  await Promise.all([endedWorker(path), streams(path)]);
  rmSync(folder, { recursive: true, force: true });
} else {
  const scorer = await createScorer(scoring);
  void settled([scorer.score(workerData), streams(workerData)]);
  parentPort.postMessage('begun');
}

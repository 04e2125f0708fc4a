// Computes the mean colour of the tissue of each slide, one worker thread for each: for work on pixels in JavaScript.
// To score slides, one scorer on the main thread is better: its work is done by native threads anyway.
// node worker-threads.ts slide.tif other.tif
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { MicrotomeError, openSlide } from 'microtome';

type Answer = { readonly colour: readonly number[] } | { readonly error: unknown };

async function meanColour(path: string): Promise<readonly number[]> {
  const slide = await openSlide(path);
  try {
    const sums = [0, 0, 0];
    let pixels = 0;
    for await (const batch of slide.tiles({ mpp: 2, size: 128 })) {
      const { data } = batch;
      for (let i = 0; i < data.length; i++) sums[i % 3] = (sums[i % 3] ?? 0) + (data[i] ?? 0);
      pixels += data.length / 3;
      batch.release();
    }
    return sums.map((sum) => Math.round(sum / pixels));
  } finally {
    await slide.close();
  }
}

async function inWorker(path: string): Promise<Answer> {
  const worker = new Worker(new URL(import.meta.url), { workerData: path });
  const [answer] = (await once(worker, 'message')) as [Answer];
  return answer;
}

if (isMainThread) {
  const paths = process.argv.slice(2);
  const answers = await Promise.all(paths.map(inWorker));
  for (const [i, answer] of answers.entries()) {
    if ('colour' in answer) console.log(`${paths[i]}: rgb(${answer.colour.join(', ')})`);
    // Of an error only a plain Error arrives: this makes it a MicrotomeError again.
    else console.error(`${paths[i]}: ${MicrotomeError.from(answer.error)?.message ?? answer.error}`);
  }
} else {
  const answer: Answer = await meanColour(workerData as string).then(
    (colour) => ({ colour }),
    (error: unknown) => ({ error }),
  );
  parentPort?.postMessage(answer);
}

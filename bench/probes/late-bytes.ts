/**
 * Scores one slide alone and beside a small one whose bytes come 50 ms after they were asked for, in turn, on one scorer.
 *   late-bytes.js <slide> <small slide> <model> <rounds>
 */
import { open } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { createScorer, type ByteSource } from 'microtome';

export interface LateBytesReport {
  /** Of the slide, and of the one beside it. */
  readonly tiles: readonly [number, number];
  readonly reads: number;
  readonly aloneMs: readonly number[];
  readonly besideMs: readonly number[];
}

const delayMs = 50;
const [slide, small, model, rounds] = process.argv.slice(2) as [string, string, string, string];

const file = await open(small);
let reads = 0;
const late: ByteSource = {
  size: (await file.stat()).size,
  name: 'late',
  async read(ranges) {
    reads++;
    await pause(delayMs);
    return Promise.all(
      ranges.map(async ({ offset, length }) => {
        const bytes = new Uint8Array(length);
        await file.read(bytes, 0, length, offset);
        return bytes;
      }),
    );
  },
};

const scorer = await createScorer({ model, threads: 2, input: { level: 0 } });
async function timed(): Promise<number> {
  const began = performance.now();
  await scorer.score(slide);
  return performance.now() - began;
}
const { tileCount } = await scorer.score(slide);
const { tileCount: besideTiles } = await scorer.score(late);
reads = 0;
const aloneMs: number[] = [];
const besideMs: number[] = [];
for (let i = 0; i < Number(rounds); i++) {
  aloneMs.push(await timed());
  const beside = scorer.score(late);
  besideMs.push(await timed());
  await beside;
}
await scorer.close();
await file.close();
const perRound = reads / Number(rounds);
const report: LateBytesReport = { tiles: [tileCount, besideTiles], reads: perRound, aloneMs, besideMs };
process.stdout.write(`${JSON.stringify(report)}\n`);

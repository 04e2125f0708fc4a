/**
 * Scores the tissue of one slide from the disk and over HTTP from a server in a process of its own, in turn, on one scorer.
 *   remote.js <slide> <model> <rounds> <delay in ms>
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { createScorer, planSlide } from 'microtome';

export interface RemoteReport {
  readonly tiles: number;
  /** Of the stored tiles of the tissue, and what was read over HTTP for one run, with the header and the overview. */
  readonly tileBytes: number;
  readonly readBytes: number;
  readonly requests: number;
  readonly localMs: readonly number[];
  readonly remoteMs: readonly number[];
}

const [slide, model, rounds, delayMs] = process.argv.slice(2) as [string, string, string, string];

const program = new URL('./range-server.js', import.meta.url).pathname;
const server = spawn(process.execPath, [program, slide, delayMs], { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
const port = (await lines.next()).value as string;
const address = `http://127.0.0.1:${port}/slide.tif`;

async function served(): Promise<{ requests: number; bytes: number }> {
  server.stdin.write('\n');
  return JSON.parse((await lines.next()).value as string);
}

const options = { model, threads: 2, input: { level: 0 } } as const;
const { bytesToRead } = await planSlide(slide, options);
const scorer = await createScorer(options);
async function timed(input: string): Promise<number> {
  const began = performance.now();
  await scorer.score(input);
  return performance.now() - began;
}
const local = await scorer.score(slide);
const before = await served();
const remote = await scorer.score(address);
const after = await served();
if (remote.score !== local.score) throw new Error(`the scores differ: ${local.score} and ${remote.score}`);
const localMs: number[] = [];
const remoteMs: number[] = [];
for (let i = 0; i < Number(rounds); i++) {
  localMs.push(await timed(slide));
  remoteMs.push(await timed(address));
}
await scorer.close();
server.stdin.end();
const report: RemoteReport = {
  tiles: local.tileCount,
  tileBytes: bytesToRead,
  readBytes: after.bytes - before.bytes,
  requests: after.requests - before.requests,
  localMs,
  remoteMs,
};
process.stdout.write(`${JSON.stringify(report)}\n`);

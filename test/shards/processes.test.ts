/** Shards as processes of their own, with the built program: killed, run again, run twice, merged. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { codeOf, imagesIn, isBuilt, linesIn, slidesIn, start, stateOf, until, type Process } from './support.js';

const kShards = 8;
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'microtome-shards-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const partName = (i: number): string => `part-0000${i}-of-0000${kShards}`;

/** Runs every shard that is given, two at a time as on this machine. */
async function runAll(indices: readonly number[], run: (index: number) => Process): Promise<void> {
  const todo = [...indices];
  const work = async (): Promise<void> => {
    for (let index = todo.shift(); index !== undefined; index = todo.shift()) expect(await codeOf(run(index))).toBe(0);
  };
  await Promise.all([work(), work()]);
}

describe.skipIf(!isBuilt)('a run over slides by eight shards', () => {
  let args: readonly string[] = [];
  let whole = '';
  let parts = '';
  const shard = (index: number, ...more: string[]): readonly string[] => [
    ...args,
    ...['--shard-index', String(index), '--shard-count', String(kShards), '--out', parts, '--json', ...more],
  ];

  beforeAll(async () => {
    const slides = await slidesIn(folder, 26);
    // In an order that is neither that of the names nor of the sizes; one row has no slide, another a broken one.
    const rows = (await readdir(slides)).sort().reverse();
    const format = join(folder, 'submission_format.csv');
    await writeFile(join(slides, 'broken.tif'), 'no slide');
    const all = ['gone.tif', ...rows.slice(0, 9), 'broken.tif', ...rows.slice(9)];
    await writeFile(format, `slide,prediction\n${all.map((name) => `${name},0.5\n`).join('')}`);
    args = [
      ...['score', slides, '--model', 'demo', '--device', 'cpu', '--threads', '1', '--format', format],
      ...['--id-column', 'slide', '--value-column', 'prediction', '--status-column=how', '--all-outputs'],
      ...['--on-missing', 'fallback', '--fallback', '0.25'],
    ];
    const output = join(folder, 'whole.csv');
    const run = start([...args, '--out', output]);
    expect((await run.ended).code, run.stderr()).toBe(3);
    whole = await readFile(output, 'utf8');
    parts = join(folder, 'parts');
  });

  it('killed half-way, two of them, and run again: the merged table has the bytes of one process', async () => {
    expect(whole).toContain('missing\n');
    expect(whole).toContain('broken.tif,0.250000000,fallback');
    for (const index of [2, 5]) {
      const killed = start(shard(index), { onLine: (_, child) => void child.kill('SIGKILL') });
      expect((await killed.ended).signal).toBe('SIGKILL');
      expect(await linesIn(join(parts, `${partName(index)}.csv.journal`))).toBeGreaterThan(1);
      expect(existsSync(join(parts, `${partName(index)}.csv`))).toBe(false);
    }
    const early = start(['merge', parts, '--out', join(folder, 'early.csv')]);
    expect((await early.ended).code).toBe(4);
    expect(early.stderr()).toContain(
      `SHARD_MISSING (csv): ${parts}: 6 of 8 parts are missing: 0, 1, 3, 4, 6, 7; 2 of 8 are not finished: 2, 5;`,
    );
    await runAll([0, 1, 2, 3, 4, 5, 6, 7], (index) => start(shard(index)));
    const merge = start(['merge', parts, '--out', join(folder, 'merged.csv')]);
    expect((await merge.ended).code, merge.stderr()).toBe(3);
    expect(merge.stderr()).toContain(
      '28 rows of 8 parts, 1 with the fallback value, 1 missing, with the fallback value',
    );
    expect(await readFile(join(folder, 'merged.csv'), 'utf8')).toBe(whole);
    expect(
      (await readdir(parts)).filter(
        (name) =>
          !/^(?:part-\d{5}-of-00008(?:\.csv|\.json|\.run\.json)|shards\.json|rows-[0-9a-f]{16}\.jsonl)$/.test(name),
      ),
    ).toEqual([]);
  });

  it('a finished shard that is run again ends with 0 and changes nothing', async () => {
    const before = await stateOf(parts);
    const again = start(shard(2));
    expect(await codeOf(again)).toBe(0);
    expect(again.lines).toEqual([]);
    expect(again.stderr()).toContain('complete already');
    expect(await stateOf(parts)).toEqual(before);
  });

  it('a merge that is run again ends the same and leaves the output as it is', async () => {
    const again = start(['merge', parts, '--out', join(folder, 'merged.csv')]);
    expect((await again.ended).code).toBe(3);
    expect(again.stderr()).toContain('complete already');
    await writeFile(join(folder, 'other.csv'), 'something else');
    const refused = start(['merge', parts, '--out', join(folder, 'other.csv')]);
    expect((await refused.ended).code).toBe(2);
    expect(refused.stderr()).toContain('OUTPUT_EXISTS');
    expect(await readFile(join(folder, 'other.csv'), 'utf8')).toBe('something else');
  });

  it('a shard that is run twice at once: the second is refused and told who has it', async () => {
    parts = join(folder, 'twice');
    const first = start(shard(1));
    await until(
      async () => (await linesIn(join(parts, `${partName(1)}.csv.lock`))) === 1 || first.child.exitCode !== null,
    );
    first.child.kill('SIGSTOP');
    const second = start(shard(1));
    expect((await second.ended).code).toBe(75);
    expect(second.stderr()).toContain('OUTPUT_LOCKED');
    expect(second.stderr()).toContain(`process number ${first.child.pid}`);
    first.child.kill('SIGCONT');
    expect(await codeOf(first)).toBe(0);
  });
});

describe.skipIf(!isBuilt)('a run over lesion images by eight shards', () => {
  it('killed half-way, two of them, and run again: the merged table has the bytes of one process', async () => {
    const images = await imagesIn(10_000);
    const parts = join(folder, 'image-parts');
    const args = ['score', images, '--model', 'demo-lesion', '--device', 'cpu', '--threads', '1'];
    const shard = (index: number): readonly string[] => [
      ...args,
      ...['--shard-index', String(index), '--shard-count', String(kShards), '--out', parts, '--json'],
    ];
    const output = join(folder, 'images.csv');
    expect(await codeOf(start([...args, '--out', output]))).toBe(0);
    for (const index of [0, 6]) {
      const killed = start(shard(index), { isUnread: true });
      // A line for the head, and one for the images that are scored.
      await until(async () => (await linesIn(join(parts, `${partName(index)}.csv.journal`))) > 1);
      killed.child.kill('SIGKILL');
      expect((await killed.ended).signal).toBe('SIGKILL');
    }
    await runAll([0, 1, 2, 3, 4, 5, 6, 7], (index) => start(shard(index)));
    const merged = join(folder, 'merged-images.csv');
    expect(await codeOf(start(['merge', parts, '--out', merged]))).toBe(0);
    expect(await readFile(merged, 'utf8')).toBe(await readFile(output, 'utf8'));
  });
});

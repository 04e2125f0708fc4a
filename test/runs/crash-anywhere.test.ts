/**
 * A run dies at its first, second, third … operation that changes the disk, until one lives: each time the resumed run ends
 * with the bytes of an uninterrupted one, and leaves nothing beside them. That a process is really killed is kill.test.ts.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../lib/runs/clock.js';
import type { RunDependencies } from '../../lib/runs/directory-run.js';
import type { FileSystem } from '../../lib/runs/file-system.js';
import { competitionArea, gatedFileSystem, systemError, type Area } from './support.js';
import { besides, csvOf, start } from './start.js';

/** From the n-th operation on nothing reaches the disk any more. Open files are closed, as the system does. */
function dyingAt(n: number): { fs: ReturnType<typeof gatedFileSystem>; died: () => boolean } {
  let count = 0;
  const fs = gatedFileSystem(async (operation) => {
    if (operation !== 'close' && ++count >= n) throw systemError('EIO');
  });
  return { fs, died: () => count >= n };
}

/** The lock names this process, which lives. */
async function asOfTheDead(area: Area): Promise<void> {
  const path = `${area.output}.lock`;
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text !== null) await writeFile(path, JSON.stringify({ ...(JSON.parse(text) as object), startTicks: '1' }));
}

/** Each operation takes longer than the shortest time between two provisional outputs, so that all are written. */
function hastyClock(): Clock {
  let nowMs = 0;
  return {
    nowMs: () => (nowMs += 2000),
    wallMs: () => nowMs,
    after: (_, act) => {
      const timer = setImmediate(act);
      return () => clearImmediate(timer);
    },
  };
}

async function expectWhole(area: Area): Promise<void> {
  await start(area, { format: area.format, resume: true }).run.done;
  expect(await readFile(area.output, 'utf8')).toBe(csvOf(area.names));
  expect(await besides(area)).toEqual(['submission.csv']);
}

/** What a killed run leaves in the place of the output: the finished table, or one with fallback values and a journal. */
async function expectValid(area: Area): Promise<void> {
  const text = await readFile(area.output, 'utf8').catch(() => null);
  if (text === null || text === csvOf(area.names)) return;
  const [, ...lines] = text.split('\n');
  const scores = csvOf(area.names).split('\n').slice(1);
  const fallbacks = csvOf(area.names, () => 0.25)
    .split('\n')
    .slice(1);
  expect(lines.map((line, i) => line === scores[i] || line === fallbacks[i])).toEqual(scores.map(() => true));
  expect(await besides(area)).toContain('submission.csv.journal');
}

describe.each([{}, { provisional: true }])('a run %o that dies at any of its operations', (more) => {
  const dependencies = (fs: FileSystem): Partial<RunDependencies> => ({ fs, clock: hastyClock() });

  it('is resumed to the same bytes', async () => {
    for (let n = 1, alive = false; !alive; ++n) {
      const area = await competitionArea(3);
      const { fs, died } = dyingAt(n);
      const options = { format: area.format, slidesInFlight: 1, ...more };
      await start(area, options, {}, dependencies(fs)).run.done.catch(() => {});
      alive = !died();
      if (alive) expect(n).toBeGreaterThan(20);
      await expectValid(area);
      await asOfTheDead(area);
      await expectWhole(area);
    }
  });

  it.each(['resume', 'overwrite'])('and so is a run with %s', async (name) => {
    for (let n = 1, alive = false; !alive; ++n) {
      const area = await competitionArea(3);
      const options = { format: area.format, slidesInFlight: 1, ...more };
      for await (const _ of start(area, options).run) break;
      const { fs, died } = dyingAt(n);
      await start(area, { ...options, [name]: true }, {}, dependencies(fs)).run.done.catch(() => {});
      alive = !died();
      if (alive) expect(n).toBeGreaterThan(20);
      await expectValid(area);
      await asOfTheDead(area);
      await expectWhole(area);
    }
  });
});

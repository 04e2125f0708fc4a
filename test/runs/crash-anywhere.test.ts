/**
 * A run dies at its first, second, third … operation that changes the disk, until one lives: each time the resumed run ends
 * with the bytes of an uninterrupted one, and leaves nothing beside them. That a process is really killed is kill.test.ts.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
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

async function expectWhole(area: Area): Promise<void> {
  await start(area, { format: area.format, resume: true }).run.done;
  expect(await readFile(area.output, 'utf8')).toBe(csvOf(area.names));
  expect(await besides(area)).toEqual(['submission.csv']);
}

describe('a run that dies at any of its operations', () => {
  it('is resumed to the same bytes', async () => {
    for (let n = 1, alive = false; !alive; ++n) {
      const area = await competitionArea(3);
      const { fs, died } = dyingAt(n);
      await start(area, { format: area.format, slidesInFlight: 1 }, {}, { fs }).run.done.catch(() => {});
      alive = !died();
      if (alive) expect(n).toBeGreaterThan(20);
      await asOfTheDead(area);
      await expectWhole(area);
    }
  });

  it('and so is a run that was resumed', async () => {
    for (let n = 1, alive = false; !alive; ++n) {
      const area = await competitionArea(3);
      const options = { format: area.format, slidesInFlight: 1 };
      for await (const _ of start(area, options).run) break;
      const { fs, died } = dyingAt(n);
      await start(area, { ...options, resume: true }, {}, { fs }).run.done.catch(() => {});
      alive = !died();
      if (alive) expect(n).toBeGreaterThan(20);
      await asOfTheDead(area);
      await expectWhole(area);
    }
  });
});

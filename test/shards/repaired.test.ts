/** Slides that failed in a sharded run and were repaired: their shards run again, and all others keep what they have. */
import { appendFile, readFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { mergeShards } from '../../lib/index.js';
import type { DirectorySummary } from '../../lib/runs/types.js';
import { cli } from '../cli/support.js';
import { start } from '../runs/start.js';
import { competitionArea, failureOf, type Area, type FakeScorerSettings } from '../runs/support.js';
import { fakeShard } from './fake-shard.js';
import { stateOf } from './support.js';

const count = 3;
let area: Area;
let parts: string;
/** The names that a whole run scores last have other shards; each has at least two. */
let owner: ReadonlyMap<string, number>;

beforeEach(async () => {
  area = await competitionArea(9);
  parts = join(area.folder, 'parts');
  const found = new Map<string, number>();
  const trial = join(area.folder, 'trial');
  for (let index = 0; index < count; ++index) {
    await fakeShard({ area, parts: trial, index, count, options: { format: undefined } });
    const table = await readFile(join(trial, `part-0000${index}-of-0000${count}.csv`), 'utf8');
    for (const line of table.trimEnd().split('\n').slice(1)) found.set(line.split(',')[0] ?? '', index);
  }
  owner = found;
});

interface Settings {
  readonly onError?: 'error' | 'fallback' | 'skip';
  readonly overwrite?: boolean;
  readonly scorer?: FakeScorerSettings;
}

function shard(
  index: number,
  { onError = 'error', overwrite = false, scorer }: Settings = {},
): Promise<DirectorySummary> {
  const options = { format: undefined, onError, overwrite };
  return fakeShard({ area, parts, index, count, options, ...(scorer === undefined ? {} : { scorer }) });
}

/** A slide of this shard. */
function slideOf(index: number, nth = 0): string {
  return (
    [...owner]
      .filter(([, of]) => of === index)
      .map(([name]) => name)
      .sort()[nth] ?? ''
  );
}

const change = (name: string): Promise<void> => appendFile(join(area.slides, name), ' repaired');
const failing = (name: string): FakeScorerSettings => ({ failing: { [name]: 'NO_TISSUE' } });
const wholeTable = async (): Promise<string> => {
  const output = join(area.folder, 'whole.csv');
  await start(area, { output }).run.done;
  return readFile(output, 'utf8');
};

describe('a slide that failed and was repaired', () => {
  it('is scored by its shard alone; the others are left as they are, and the table is that of one process', async () => {
    const bad = slideOf(1);
    await shard(0);
    expect((await failureOf(shard(1, { scorer: failing(bad) }))).code).toBe('NO_TISSUE');
    await change(bad);
    const before = (await stateOf(parts)).filter((line) => line.startsWith('part-00000'));
    // A shard that has not begun yet takes the slides as they are, too.
    expect((await shard(2)).counts).toMatchObject({ scored: 3 });
    expect((await shard(0)).alreadyComplete).toBe(true);
    expect((await stateOf(parts)).filter((line) => line.startsWith('part-00000'))).toEqual(before);
    expect((await shard(1)).counts).toMatchObject({ scored: 1, resumed: 2 });
    const output = join(area.folder, 'merged.csv');
    expect(await mergeShards(parts, { output })).toMatchObject({ repaired: [bad], counts: { scored: 9 } });
    expect(await readFile(output, 'utf8')).toBe(await wholeTable());
    // Once more: nothing is left to do for any of them.
    for (const index of [0, 1, 2]) expect((await shard(index)).alreadyComplete).toBe(true);
    const { stderr } = await cli(['merge', parts, '--out', output]);
    expect(stderr).toContain(`note: 1 slide that had failed was changed and tried again, such as ${bad}`);
  });

  it('of a finished part is named, and the part is scored again where that is asked for', async () => {
    const bad = slideOf(2);
    const scorer = failing(bad);
    for (const index of [0, 1, 2]) await shard(index, { onError: 'fallback', ...(index === 2 ? { scorer } : {}) });
    await change(bad);
    const before = await stateOf(parts);
    const error = await failureOf(shard(2, { onError: 'fallback' }));
    expect(error).toMatchObject({ code: 'OUTPUT_EXISTS' });
    expect(error.message).toContain(`slides that failed in it have changed since: "${bad}"`);
    expect(error.advice).toContain('overwrite');
    expect((await shard(0, { onError: 'fallback' })).alreadyComplete).toBe(true);
    expect(await stateOf(parts)).toEqual(before);
    // Merged as they are, the fallback value is in the table.
    const early = await mergeShards(parts, { output: join(area.folder, 'early.csv') });
    expect(early).toMatchObject({ repaired: [], counts: { fallback: 1 } });
    expect((await shard(2, { onError: 'fallback', overwrite: true })).counts).toMatchObject({ scored: 3 });
    const output = join(area.folder, 'merged.csv');
    expect(await mergeShards(parts, { output })).toMatchObject({ repaired: [bad], counts: { scored: 9, fallback: 0 } });
    expect(await readFile(output, 'utf8')).toBe(await wholeTable());
    for (const index of [0, 1, 2]) expect((await shard(index, { onError: 'fallback' })).alreadyComplete).toBe(true);
  });

  it('may be repaired again', async () => {
    const bad = slideOf(1);
    for (let time = 0; time < 3; ++time) {
      expect((await failureOf(shard(1, { scorer: failing(bad) }))).code).toBe('NO_TISSUE');
      await change(bad);
    }
    expect((await shard(1)).counts).toMatchObject({ scored: 1, resumed: 2 });
    await change(bad);
    const error = await failureOf(shard(1));
    expect(error).toMatchObject({ code: 'SHARD_CONFLICT' });
    expect(error.message).toContain(`(shard 1 has scored it)`);
  });
});

describe('a slide that was changed otherwise is refused by name, and nothing is written', () => {
  const refused = async (index: number, settings: Settings = {}): Promise<string> => {
    const before = await stateOf(parts);
    const error = await failureOf(shard(index, settings));
    expect(error.code).toBe('SHARD_CONFLICT');
    expect(await stateOf(parts)).toEqual(before);
    return error.message;
  };

  it('one that a finished part has scored', async () => {
    await shard(1);
    const good = slideOf(1, 1);
    await change(good);
    for (const index of [0, 1]) {
      const message = await refused(index);
      expect(message).toMatch(new RegExp(`"${good}" had \\d+ bytes and has \\d+ bytes \\(shard 1 has scored it\\)`));
    }
  });

  it('one that an unfinished part has scored, beside one that failed in it', async () => {
    const [bad, good] = [slideOf(1, 0), slideOf(1, 1)];
    await failureOf(shard(1, { scorer: failing(bad) }));
    const now = new Date();
    await change(bad);
    await utimes(join(area.slides, good), now, now);
    for (const index of [0, 1]) {
      const message = await refused(index);
      expect(message).toContain(`"${good}" was modified since (shard 1 has scored it)`);
      expect(message).not.toContain(bad);
    }
  });

  it('one that no part has tried, until its shard is told to take it', async () => {
    await shard(0);
    const untried = slideOf(1);
    await change(untried);
    for (const index of [0, 1, 2]) expect(await refused(index)).toContain('(shard 1 has not tried it yet)');
    expect((await shard(1, { overwrite: true })).counts).toMatchObject({ scored: 3 });
    expect((await shard(2)).counts).toMatchObject({ scored: 3 });
    expect((await shard(0)).alreadyComplete).toBe(true);
    const output = join(area.folder, 'merged.csv');
    expect((await mergeShards(parts, { output })).repaired).toEqual([untried]);
  });

  it('a repaired slide beside one that is new makes another run', async () => {
    const bad = slideOf(1);
    await failureOf(shard(1, { scorer: failing(bad) }));
    await change(bad);
    await appendFile(join(area.slides, 'zz.tif'), 'new');
    expect(await refused(1)).toContain('"zz.tif" is new');
  });
});

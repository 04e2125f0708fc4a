/** Rows that failed for a reason that may pass, and deadlines that have passed: their part is not finished. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shardExitCodeOf } from '../../lib/cli/shard-exit-code.js';
import { mergeShards, scoreImages, scoreImageShard } from '../../lib/index.js';
import { realClock, type Clock } from '../../lib/runs/clock.js';
import { startImageRun } from '../../lib/runs/images/image-run.js';
import { imageRunDependencies } from '../../lib/runs/images/score-images.js';
import { ShardPart } from '../../lib/shards/shard-part.js';
import { csvOf } from '../runs/start.js';
import { competitionArea, failureOf, scoreOfName } from '../runs/support.js';
import { fakeShard } from './fake-shard.js';
import { imagesIn, isBuilt } from './support.js';

const files = async (parts: string): Promise<readonly string[]> =>
  (await readdir(parts).catch((): string[] => [])).filter((name) => name.startsWith('part-')).sort();

describe('a part with rows that failed for a reason that may pass', () => {
  it.each([
    ['NETWORK', 'fallback'],
    ['OUT_OF_MEMORY', 'skip'],
    ['DEADLINE', 'fallback'],
  ] as const)('of %s with onError %s is not finished: another try goes on from its journal', async (code, onError) => {
    const area = await competitionArea(4);
    const parts = join(area.folder, 'parts');
    const options = { onError, fallback: 0.5, ...(onError === 'skip' ? { format: undefined } : {}) };
    const of = { area, parts, index: 0, count: 1, options };
    // Without a format the rows come in the order of their names.
    const names = onError === 'skip' ? [...area.names].sort() : area.names;
    const [first = '', second = ''] = names;
    const failing = { [first]: 'NO_TISSUE', [second]: code } as const;
    const error = await failureOf(fakeShard({ ...of, scorer: { failing } }));
    expect(error).toMatchObject({ code });
    expect(error.message).toContain('the part is not finished, for 1 row failed for a reason that may pass');
    expect(error.message).toContain(`made to fail: ${second}`);
    expect(shardExitCodeOf(error, false)).toBe(75);
    expect(await files(parts)).toEqual(['part-00000-of-00001.csv.journal', 'part-00000-of-00001.run.json']);
    expect(await failureOf(mergeShards(parts, { output: area.output }))).toMatchObject({ code: 'SHARD_MISSING' });
    const again = await fakeShard({ ...of, scorer: { failing: { [first]: 'NO_TISSUE' } } });
    expect(again.counts).toMatchObject({ resumed: area.names.length - 2, scored: 1 });
    await mergeShards(parts, { output: area.output });
    const whole = csvOf(names, (name) => (name === first ? 0.5 : scoreOfName(name)));
    const left = whole.split('\n').filter((line) => onError !== 'skip' || !line.startsWith(first));
    expect(await readFile(area.output, 'utf8')).toBe(left.join('\n'));
  });

  it('is finished where all that failed fails again', async () => {
    const area = await competitionArea(3);
    const parts = join(area.folder, 'parts');
    const scorer = { failing: { [area.names[0] ?? '']: 'LIMIT_EXCEEDED' } } as const;
    const { counts } = await fakeShard({ area, parts, index: 0, count: 1, options: { fallback: 0.5 }, scorer });
    expect(counts).toMatchObject({ fallback: 1 });
  });
});

describe('a shard with a deadline that has passed', () => {
  const deadline = new Date(Date.now() - 3_600_000);

  it('is refused where it has not begun, and writes nothing', async () => {
    const area = await competitionArea(3);
    const parts = join(area.folder, 'parts');
    const of = { area, parts, index: 0, count: 1, options: { fallback: 0.5, deadline } };
    const error = await failureOf(fakeShard(of));
    expect(error).toMatchObject({ code: 'DEADLINE' });
    expect(error.message).toContain('which passed before this shard began');
    expect(shardExitCodeOf(error, false)).toBe(75);
    expect(await files(parts)).toEqual([]);
  });

  it('is left as it is where it is finished, also if it is to be scored anew', async () => {
    const area = await competitionArea(3);
    const parts = join(area.folder, 'parts');
    const of = { area, parts, index: 0, count: 1 };
    await fakeShard({ ...of, options: { fallback: 0.5 } });
    const again = await fakeShard({ ...of, options: { fallback: 0.5, deadline } });
    expect(again.alreadyComplete).toBe(true);
    const before = await files(parts);
    const anew = fakeShard({ ...of, options: { fallback: 0.5, deadline, overwrite: true } });
    expect(await failureOf(anew)).toMatchObject({ code: 'DEADLINE' });
    expect(await files(parts)).toEqual(before);
  });
});

describe.skipIf(!isBuilt)('a shard of lesion images', () => {
  it('that its deadline left no time is not finished', async () => {
    const images = await imagesIn(12);
    const output = await competitionArea(1).then(({ folder }) => folder);
    const options = { model: 'demo-lesion', device: 'cpu', fallback: 0.25 } as const;
    const parts = join(output, 'parts');
    const given = { ...options, shard: { index: 0, count: 1 }, output: parts };
    const part = ShardPart.of(given);
    // The time is up at once.
    const upAtOnce: Clock = {
      ...realClock,
      after: (_, then) => {
        then();
        return () => undefined;
      },
    };
    const dependencies = { ...imageRunDependencies, part, clock: upAtOnce };
    const run = startImageRun(images, { ...part.options, deadline: 60_000 }, dependencies);
    const error = await failureOf(run.done);
    expect(error).toMatchObject({ code: 'DEADLINE' });
    expect(error.message).toContain('12 rows failed for a reason that may pass');
    expect((await files(parts)).filter((name) => /\.csv$|\d\.json$/.test(name))).toEqual([]);
    await scoreImageShard(images, given).done;
    const [whole, merged] = [join(output, 'whole.csv'), join(output, 'merged.csv')];
    await scoreImages(images, { ...options, output: whole }).done;
    await mergeShards(parts, { output: merged });
    expect(await readFile(merged, 'utf8')).toBe(await readFile(whole, 'utf8'));
  });
});

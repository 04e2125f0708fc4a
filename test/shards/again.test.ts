/** A shard that is started again when its part is there: rows that were left out are no reason to refuse it. */
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scoreImageShard } from '../../lib/index.js';
import { cli } from '../cli/support.js';
import { folderWith, isicName } from '../images/support.js';
import { competitionArea, failureOf } from '../runs/support.js';
import { fakeShard } from './fake-shard.js';
import { isBuilt, stateOf } from './support.js';

describe('a part of which rows were left out', () => {
  it('is left as it is when its shard is started again', async () => {
    const area = await competitionArea(4);
    const parts = join(area.folder, 'parts');
    const scorer = { failing: { [area.names[1] ?? '']: 'NO_TISSUE' } } as const;
    const of = { area, parts, index: 0, count: 1, options: { format: undefined, onError: 'skip' }, scorer };
    expect((await fakeShard(of)).counts).toMatchObject({ skipped: 1 });
    const before = await stateOf(parts);
    expect((await fakeShard(of)).alreadyComplete).toBe(true);
    expect(await stateOf(parts)).toEqual(before);
    // A table that lacks another row, or is none any more, is not what was left.
    const table = join(parts, 'part-00000-of-00001.csv');
    const text = await readFile(table, 'utf8');
    await writeFile(table, text.split('\n').toSpliced(1, 1).join('\n'));
    expect(await failureOf(fakeShard(of))).toMatchObject({ code: 'OUTPUT_EXISTS' });
    await appendFile(table, '"');
    expect(await failureOf(fakeShard(of))).toMatchObject({ code: 'OUTPUT_EXISTS' });
  });

  it.skipIf(!isBuilt)(
    'is left as it is of lesion images too, and the command says that it is of this run',
    async () => {
      const picture = await readFile(new URL('../../docs/pictures/scored-slide.png', import.meta.url));
      const images = await folderWith({
        [`${isicName(0)}.png`]: picture,
        [`${isicName(1)}.png`]: picture.subarray(0, 99),
      });
      const parts = join(images, 'parts');
      const options = { model: 'demo-lesion', device: 'cpu', onError: 'skip' } as const;
      const shard = async () =>
        scoreImageShard(images, { ...options, shard: { index: 0, count: 1 }, output: parts }).done;
      expect((await shard()).counts).toMatchObject({ scored: 1, skipped: 1 });
      expect((await shard()).alreadyComplete).toBe(true);
      const args = ['--model', 'demo-lesion', '--device', 'cpu', '--on-error', 'skip', '--out', parts];
      const which = ['--images', '--shard-index', '0', '--shard-count', '1'];
      const { code, stderr } = await cli(['score', images, ...args, ...which], { library: { scoreImageShard } });
      expect(code).toBe(0);
      expect(stderr).toContain('complete already, nothing to do (it is the part of this run, as its record says)');
      expect(stderr).toContain('to score it again, pass --overwrite\n');
    },
  );
});

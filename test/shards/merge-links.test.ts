/** A merge does not write over the files that it reads, by whatever name it is given them. */
import { link, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mergeShards } from '../../lib/index.js';
import { competitionArea, failureOf } from '../runs/support.js';
import { fakeShard } from './fake-shard.js';
import { stateOf } from './support.js';

describe('a merge into a file of the parts', () => {
  it.each([
    'shards.json',
    'rows',
    'part-00000-of-00001.csv',
    'part-00000-of-00001.json',
    'part-00000-of-00001.run.json',
  ])('is refused through a link to the folder, to the file, and through another hard link: %s', async (name) => {
    const area = await competitionArea(2);
    const parts = join(area.folder, 'parts');
    await fakeShard({ area, parts, index: 0, count: 1 });
    const file = (await readdir(parts)).find((each) => each.startsWith(name)) ?? '';
    const [folder, soft, hard] = ['other', 'soft.csv', 'hard.csv'].map((each) => join(area.folder, each)) as [
      string,
      string,
      string,
    ];
    await symlink(parts, folder);
    await symlink(join(parts, file), soft);
    await link(join(parts, file), hard);
    const before = await stateOf(parts);
    for (const output of [join(folder, file), soft, hard, join(parts, file)]) {
      const error = await failureOf(mergeShards(parts, { output, overwrite: true }));
      expect(error).toMatchObject({ code: 'INVALID_OPTION' });
    }
    expect(await stateOf(parts)).toEqual(before);
  });

  it('may lie beside them under another name', async () => {
    const area = await competitionArea(2);
    const parts = join(area.folder, 'parts');
    await fakeShard({ area, parts, index: 0, count: 1 });
    await symlink(parts, join(area.folder, 'other'));
    expect((await mergeShards(parts, { output: join(area.folder, 'other', 'all.csv') })).rows).toBe(2);
    expect((await mergeShards(parts, { output: join(area.folder, 'shards.json') })).rows).toBe(2);
  });
});

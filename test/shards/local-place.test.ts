/** Parts lie in a folder: an address in its place is refused, and no folder gets its name. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { mergeShards, scoreImageShard, scoreShard } from '../../lib/index.js';
import { competitionArea, failureOf } from '../runs/support.js';
import { fakeShard } from './fake-shard.js';

const addresses = [
  's3://bucket/parts',
  'S3://bucket/parts',
  ' https://user:secret@host/parts?sig=secret',
  's3:/bucket/parts',
  'gs://bucket/parts',
  new URL('https://user:secret@host/parts?sig=secret'),
];

describe('an address in the place of a folder or of a table', () => {
  it.each(addresses)('is refused: %s', async (output) => {
    const area = await competitionArea(2);
    const parts = join(area.folder, 'parts');
    await fakeShard({ area, parts, index: 0, count: 1 });
    const before = [await readdir('.'), await readdir(area.folder)];
    const given = { model: 'demo', output, shard: { index: 0, count: 1 } } as const;
    const refused = [
      await failureOf(scoreShard(area.slides, given).done),
      await failureOf(scoreImageShard(area.slides, given).done),
      await failureOf(mergeShards(parts, { output })),
      await failureOf(mergeShards(output, { output: area.output })),
    ];
    for (const error of refused) {
      expect(error).toMatchObject({ code: 'INVALID_OPTION' });
      expect(error.message).toContain('is an address (');
      expect(error.message).toContain('name a folder or a file that all machines see');
      expect(error.message).not.toContain('secret');
    }
    expect([await readdir('.'), await readdir(area.folder)]).toEqual(before);
  });

  it('is not what a path or a file URL is', async () => {
    const area = await competitionArea(2);
    const parts = pathToFileURL(join(area.folder, 'parts')).href;
    await fakeShard({ area, parts, index: 0, count: 1 });
    expect((await mergeShards(new URL(parts), { output: pathToFileURL(area.output) })).rows).toBe(area.names.length);
  });
});

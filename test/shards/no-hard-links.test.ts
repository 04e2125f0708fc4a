/** The manifest where the file system has no hard links: the first shard says what the run is, all the same. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mergeShards } from '../../lib/index.js';
import type { FileSystem } from '../../lib/runs/file-system.js';
import { csvOf } from '../runs/start.js';
import { competitionArea, failureOf, gatedFileSystem, systemError } from '../runs/support.js';
import { fakeShard } from './fake-shard.js';

type Gate = Parameters<typeof gatedFileSystem>[0];

function withoutLinks(before: Gate = async () => undefined): FileSystem {
  return { ...gatedFileSystem(before), link: async () => Promise.reject(systemError('EPERM')) };
}

const isManifest = (path: string): boolean => path.endsWith('shards.json');

describe('the manifest without hard links', () => {
  it('stays that of the first shard: one that was about to write another is refused', async () => {
    const area = await competitionArea(3);
    const parts = join(area.folder, 'parts');
    const of = { area, parts, count: 2 };
    const first: Promise<unknown>[] = [];
    // The second shard has found no manifest, and stands still before it writes its own until the first one has finished.
    const fs = withoutLinks(async (operation, path, flags) => {
      if (first.length > 0 || !isManifest(path)) return;
      if (operation !== 'rename' && !(operation === 'open' && flags === 'wx')) return;
      first.push(fakeShard({ ...of, index: 0, dependencies: { fs: withoutLinks() } }));
      await first[0];
    });
    const second = await failureOf(fakeShard({ ...of, index: 1, options: { fallback: 0.5 }, dependencies: { fs } }));
    expect(first).toHaveLength(1);
    expect(second).toMatchObject({ code: 'SHARD_CONFLICT' });
    expect(second.message).toContain('the option fallback was not given and is 0.5');
    await fakeShard({ ...of, index: 1, dependencies: { fs } });
    await mergeShards(parts, { output: area.output });
    expect(await readFile(area.output, 'utf8')).toBe(csvOf(area.names));
    expect((await readdir(parts)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('is waited for while another shard writes it', async () => {
    const area = await competitionArea(3);
    const parts = join(area.folder, 'parts');
    const of = { area, parts, count: 2 };
    await fakeShard({ ...of, index: 0 });
    const path = join(parts, 'shards.json');
    const text = await readFile(path, 'utf8');
    let looks = 0;
    const fs = withoutLinks(async (operation, opened) => {
      if (operation !== 'open' || !isManifest(opened)) return;
      ++looks;
      await writeFile(path, looks < 3 ? text.slice(0, 40 * (looks - 1)) : text);
    });
    await fakeShard({ ...of, index: 1, dependencies: { fs } });
    expect(looks).toBeGreaterThanOrEqual(3);
    await mergeShards(parts, { output: area.output });
  });

  it('that is left cut short is named, with what to do', async () => {
    const area = await competitionArea(3);
    const parts = join(area.folder, 'parts');
    await fakeShard({ area, parts, index: 0, count: 2 });
    const path = join(parts, 'shards.json');
    await writeFile(path, (await readFile(path, 'utf8')).slice(0, 90));
    const error = await failureOf(fakeShard({ area, parts, index: 1, count: 2 }));
    expect(error).toMatchObject({ code: 'SHARD_CONFLICT' });
    expect(error.message).toMatch(/shards\.json is cut short; remove it, and start the shards again/);
  });
});

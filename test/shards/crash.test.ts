/**
 * A shard dies at its first, second, third … operation that changes the disk, until one lives. Whenever that was, the shard that
 * is started again ends with its part, and the merge has the bytes of one process. That a process is really killed is
 * processes.test.ts.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadModel, mergeShards } from '../../lib/index.js';
import { startRun } from '../../lib/runs/directory-run.js';
import { realFileSystem, type FileSystem } from '../../lib/runs/file-system.js';
import type { DirectorySummary } from '../../lib/runs/types.js';
import { ShardPart } from '../../lib/shards/shard-part.js';
import { csvOf, quickLock } from '../runs/start.js';
import { competitionArea, failureOf, fakeScorer, gatedFileSystem, systemError, type Area } from '../runs/support.js';

const kCount = 2;
const model = loadModel('demo');

/** With a scorer that needs no addon; the model that the manifest names is the built-in one. */
async function shard(
  { slides, format }: Area,
  parts: string,
  index: number,
  fs: FileSystem = realFileSystem,
  more: object = {},
): Promise<DirectorySummary> {
  const given = {
    model: await model,
    format,
    slidesInFlight: 1,
    output: parts,
    shard: { index, count: kCount },
    ...more,
  };
  const part = ShardPart.of(given, fs);
  const dependencies = {
    createScorer: async () => ({ ...fakeScorer(), model: await model }),
    versions: async () => ({}),
  };
  const run = startRun({ kind: 'folder', dir: slides }, part.options, {
    ...dependencies,
    part,
    fs,
    lockTimes: quickLock,
  });
  return run.done;
}

/** The lock names this process, which lives. */
async function asOfTheDead(parts: string): Promise<void> {
  for (const name of await readdir(parts).catch((): string[] => [])) {
    if (!name.endsWith('.lock')) continue;
    const lock = JSON.parse(await readFile(join(parts, name), 'utf8')) as object;
    await writeFile(join(parts, name), JSON.stringify({ ...lock, startTicks: '1' }));
  }
}

describe('a shard that dies at any of its operations', () => {
  it('is started again and ends with its part; until then nothing is merged', async () => {
    let merged = 0;
    for (let n = 1, isAlive = false; !isAlive; ++n) {
      const area = await competitionArea(3);
      const parts = join(area.folder, 'parts');
      let count = 0;
      const dying = gatedFileSystem(async (operation) => {
        if (operation !== 'close' && ++count >= n) throw systemError('EIO');
      });
      await shard(area, parts, 0, dying).catch(() => {});
      isAlive = count < n;
      if (isAlive) expect(n).toBeGreaterThan(30);
      await asOfTheDead(parts);
      await shard(area, parts, 1);
      // What is merged before the shard has been started again is right, or it is refused.
      const early = join(area.folder, 'early.csv');
      const output = await mergeShards(parts, { output: early }).catch((error: { code: string }) => error.code);
      if (typeof output === 'string') expect(['SHARD_MISSING', 'SHARD_CONFLICT']).toContain(output);
      else {
        ++merged;
        expect(await readFile(early, 'utf8')).toBe(csvOf(area.names));
      }
      await shard(area, parts, 0);
      await mergeShards(parts, { output: area.output });
      expect(await readFile(area.output, 'utf8')).toBe(csvOf(area.names));
      expect((await readdir(parts)).filter((name) => /part.*(?:tmp|lock|journal)$/.test(name))).toEqual([]);
    }
    expect(merged).toBeGreaterThan(0);
  });
});

describe('the first of several shards', () => {
  it('says what the run is: of two that begin at once and disagree one is refused', async () => {
    const area = await competitionArea(3);
    const parts = join(area.folder, 'parts');
    const both = await Promise.allSettled([
      shard(area, parts, 0),
      shard(area, parts, 1, realFileSystem, { fallback: 0.5 }),
    ]);
    const refused = both.filter((one) => one.status === 'rejected');
    expect(refused).toHaveLength(1);
    expect(refused[0]?.reason).toMatchObject({ code: 'SHARD_CONFLICT' });
  });

  it('says so where the file system has no hard links, too', async () => {
    const area = await competitionArea(3);
    const parts = join(area.folder, 'parts');
    const fs: FileSystem = { ...realFileSystem, link: async () => Promise.reject(systemError('EPERM')) };
    await shard(area, parts, 0, fs);
    expect(await failureOf(shard(area, parts, 1, fs, { fallback: 0.5 }))).toMatchObject({ code: 'SHARD_CONFLICT' });
    await shard(area, parts, 1, fs);
    await mergeShards(parts, { output: area.output });
    expect(await readFile(area.output, 'utf8')).toBe(csvOf(area.names));
    expect((await readdir(parts)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

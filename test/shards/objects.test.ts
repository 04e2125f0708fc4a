/** Slides that are known by more than size and time, and slides that could not be looked at. */
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shardExitCodeOf } from '../../lib/cli/shard-exit-code.js';
import { identityText } from '../../lib/outputs/embed/identity.js';
import { parseDirectoryOptions } from '../../lib/runs/directory-options.js';
import { realFileSystem, type FileSystem } from '../../lib/runs/file-system.js';
import type { WholeRow } from '../../lib/runs/part.js';
import { wholeSlides } from '../../lib/runs/part-slides.js';
import { prepareRun } from '../../lib/runs/prepare.js';
import { rowDifferences } from '../../lib/shards/manifest.js';
import { readRows, rowLines, rowsDigest } from '../../lib/shards/row-list.js';
import { competitionArea, failureOf, systemError, temporaryFolder } from '../runs/support.js';
import { fakeShard } from './fake-shard.js';

const identity = { size: '100', mtimeNs: '1700000000000000000', inode: '7' };

async function rowsWith(etagDigest: string): Promise<readonly WholeRow[]> {
  const area = await competitionArea(2);
  const options = parseDirectoryOptions({ model: 'demo', format: area.format, output: area.output });
  const prepared = await prepareRun({ kind: 'folder', dir: area.slides }, options, realFileSystem);
  const rows = prepared.rows.map((row, i) =>
    row.slide === null || i > 0 ? row : { ...row, slide: { ...row.slide, identity: { ...identity, etagDigest } } },
  );
  return wholeSlides({ ...prepared, rows }, options).rows;
}

describe('an object of a store', () => {
  it('that was replaced by one of the same size and time is another row of the run', async () => {
    const [was, now] = [await rowsWith('0a1b'), await rowsWith('0a1c')];
    expect(was[0]).toMatchObject({ bytes: 100, etagDigest: '0a1b' });
    expect(was[1]).not.toHaveProperty('etagDigest');
    expect(await rowsDigest(was, null)).not.toBe(await rowsDigest(now, null));
    expect(rowDifferences(was.slice(0, 1), now.slice(0, 1))).toEqual([
      `${JSON.stringify(was[0]?.name)} was replaced (its ETag is another one)`,
    ]);
    const path = join(await temporaryFolder(), 'rows.jsonl');
    let text = '';
    for await (const piece of rowLines(was, null)) text += piece;
    await writeFile(path, text);
    expect(await readRows(path, realFileSystem)).toEqual({ rows: was, sha256: await rowsDigest(was, null) });
    for (const bad of ['7', 'null', '"0A"', '"",1', '"../x"']) {
      await writeFile(path, `["a",1,"2",${bad}]\n`);
      expect(await failureOf(readRows(path, realFileSystem))).toMatchObject({ code: 'SHARD_CONFLICT' });
    }
  });

  it('has features of its own', () => {
    const texts = [identity, { ...identity, etagDigest: '0a1b' }, { ...identity, etagDigest: '0a1c' }].map((slide) =>
      identityText({}, slide),
    );
    expect(new Set(texts).size).toBe(3);
    expect(texts[0]).toBe('{"slide":{"mtimeNs":"1700000000000000000","size":"100"}}');
  });
});

describe('a slide that cannot be looked at', () => {
  const failing = (errno: string, name: string): FileSystem => ({
    ...realFileSystem,
    stat: (async (path: string, options?: object) => {
      if (path.endsWith(name)) throw systemError(errno);
      return stat(path, options);
    }) as FileSystem['stat'],
  });

  it('for a reason that may pass is no slide of no size: nothing is written, and the shard is to be started again', async () => {
    const area = await competitionArea(3);
    const parts = join(area.folder, 'parts');
    const of = { area, parts, index: 0, count: 1, options: { fallback: 0.5 } };
    const fs = failing('EIO', area.names[0] ?? '');
    const error = await failureOf(fakeShard({ ...of, dependencies: { fs } }));
    expect(error).toMatchObject({ code: 'FILE_UNREADABLE' });
    expect(shardExitCodeOf(error, false)).toBe(75);
    await expect(stat(parts)).rejects.toMatchObject({ code: 'ENOENT' });
    expect((await fakeShard(of)).counts).toMatchObject({ scored: 3 });
  });

  it('for a reason that stays is a row without a score, as in one process', async () => {
    const area = await competitionArea(3);
    const of = { area, parts: join(area.folder, 'parts'), index: 0, count: 1, options: { fallback: 0.5 } };
    const fs = failing('EACCES', area.names[0] ?? '');
    expect((await fakeShard({ ...of, dependencies: { fs } })).counts).toMatchObject({ scored: 2, fallback: 1 });
  });
});

/** What a run over a folder does not read is told once, with the reason. */
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startRun } from '../../lib/runs/directory-run.js';
import { realFileSystem, type FileSystem } from '../../lib/runs/file-system.js';
import { defaultFolderRules, walkFolder } from '../../lib/runs/folder-walk.js';
import type { DirectorySummary, NotRead } from '../../lib/runs/types.js';
import { unreadKind } from '../../lib/runs/slide-names.js';
import { failureOf, fakeScorer, systemError, temporaryFolder } from './support.js';

const run = (folder: string, options: object = {}): Promise<DirectorySummary> =>
  startRun({ kind: 'folder', dir: folder }, { model: 'fake', ...options }, { createScorer: async () => fakeScorer() })
    .done;

async function folderWith(...names: string[]): Promise<string> {
  const folder = await temporaryFolder();
  for (const name of names) await writeFile(join(folder, name), name);
  return folder;
}

const reasonsOf = ({ notRead }: DirectorySummary): Record<string, string> =>
  Object.fromEntries(notRead.map(({ path, reason }) => [path.slice(path.lastIndexOf('/') + 1), reason]));

// Nobody finds OpenSlide here, whatever this machine has.
process.env['MICROTOME_OPENSLIDE'] = '/no/such/folder';
const absent =
  'OpenSlide reads such files, and is not at /no/such/folder, which the environment variable MICROTOME_OPENSLIDE names: ' +
  'correct the variable, or remove it and run pip install openslide-bin';

describe('formats that OpenSlide reads, where it is not there', () => {
  it.each('mrxs svslide czi dcm vms vmu'.split(' '))('.%s', async (extension) => {
    const folder = await folderWith('a.tif', `b.${extension}`, `c.${extension.toUpperCase()}`);
    const summary = await run(folder);
    expect(summary.counts.scored).toBe(1);
    expect(reasonsOf(summary)).toEqual({
      [`b.${extension}`]: absent,
      [`c.${extension.toUpperCase()}`]: absent,
    });
  });
});

describe('formats that this version cannot read', () => {
  it.each('isyntax vsi lif nd2 zvi'.split(' '))('.%s', async (extension) => {
    const folder = await folderWith('a.tif', `b.${extension}`, `c.${extension.toUpperCase()}`);
    const summary = await run(folder);
    expect(summary.counts.scored).toBe(1);
    expect(reasonsOf(summary)).toEqual({
      [`b.${extension}`]: `this version does not read .${extension} files`,
      [`c.${extension.toUpperCase()}`]: `this version does not read .${extension} files`,
    });
  });

  it('TIFF files under other names can be given by their own path, and the reason says so', async () => {
    const folder = await folderWith('a.tif', 'b.qptiff');
    expect(reasonsOf(await run(folder))['b.qptiff']).toContain('can be given by its own path');
  });

  it.each(['notes.txt', 'mask.png', 'table.csv', 'a.tif.md5', 'ndpi', '.hidden.ndpi', 'README'])(
    '%s is no slide, and is not listed',
    async (name) => {
      expect(unreadKind(name)).toBeNull();
      expect((await run(await folderWith('a.tif', name))).notRead).toEqual([]);
    },
  );
});

describe('what else is not read', () => {
  it('subfolders, hidden ones not; a folder that is called like a slide', async () => {
    const folder = await folderWith('a.tif');
    for (const name of ['sub', 'b.tif', '.git']) await mkdir(join(folder, name));
    await writeFile(join(folder, 'sub', 'inner.tif'), '');
    await symlink('sub', join(folder, 'linked'));
    const summary = await run(folder);
    expect(summary.rows.map((row) => row.name)).toEqual(['a.tif']);
    expect(reasonsOf(summary)).toEqual({
      sub: 'a subfolder, and this run is not recursive',
      'b.tif': 'a subfolder, and this run is not recursive',
      linked: 'a link to a folder, and this run is not recursive',
    });
  });

  it('what is no file', async () => {
    const folder = await folderWith('a.tif');
    const server = await new Promise<Server>((resolve) => {
      const listening = createServer().listen(join(folder, 's.tif'), () => resolve(listening));
    });
    await symlink('/dev/null', join(folder, 'n.tif'));
    try {
      expect(reasonsOf(await run(folder))).toEqual({ 's.tif': 'not a regular file', 'n.tif': 'not a regular file' });
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('is told before the first slide, and once', async () => {
    const folder = await folderWith('a.tif', 'b.czi');
    const told: (readonly NotRead[])[] = [];
    const scorer = fakeScorer();
    const onNotRead = (notRead: readonly NotRead[]): void => {
      expect(scorer.calls).toHaveLength(0);
      told.push(notRead);
      throw new Error('made by the test');
    };
    const { done } = startRun(
      { kind: 'folder', dir: folder },
      { model: 'fake', onNotRead },
      { createScorer: async () => scorer },
    );
    const summary = await done;
    expect(told).toEqual([summary.notRead]);
    expect(summary.counts.scored).toBe(1);
    await rm(join(folder, 'b.czi'));
    await run(folder, { onNotRead: () => told.push([]) });
    expect(told).toHaveLength(1);
  });

  it('is empty where a format says which slides there are', async () => {
    const folder = await folderWith('a.tif', 'b.czi');
    await writeFile(join(folder, 'f.csv'), 'filename,relapse\na.tif,0\n');
    expect((await run(folder, { format: join(folder, 'f.csv') })).notRead).toEqual([]);
  });

  it('makes the refusal of a folder without slides useful', async () => {
    const folder = await folderWith('a.mrxs');
    await mkdir(join(folder, 'sub'));
    const error = await failureOf(run(folder));
    expect(error.code).toBe('FILE_NOT_FOUND');
    expect(error.message).toContain(absent);
    expect(error.advice).toBe('check the path, or pass recursive: true');
  });

  it('of 10,000 entries all are counted, and the run has one row for each slide', async () => {
    const folder = await temporaryFolder();
    const names = Array.from({ length: 10_000 }, (_, i) => (i % 10 === 0 ? `s${i}.tif` : `n${i}.czi`));
    for (let i = 0; i < names.length; i += 500)
      await Promise.all(names.slice(i, i + 500).map((name) => writeFile(join(folder, name), '')));
    const summary = await run(folder);
    expect(summary.counts.scored).toBe(1000);
    expect(summary.notRead).toHaveLength(9000);
  }, 60_000);

  it('a slide that goes while the folder is listed, and a folder that cannot be read', async () => {
    const folder = await folderWith('a.tif', 'b.tif');
    await mkdir(join(folder, 'sub'));
    const failing: Readonly<Record<string, string>> = { 'b.tif': 'ENOENT', sub: 'EACCES' };
    const fs: FileSystem = {
      ...realFileSystem,
      stat: (async (path: Buffer | string, options: never) => {
        const code = failing[basename(String(path))];
        if (code !== undefined) throw systemError(code);
        return realFileSystem.stat(path, options);
      }) as unknown as FileSystem['stat'],
    };
    const { slides, notRead } = await walkFolder(folder, { ...defaultFolderRules, recursive: true }, fs);
    expect(slides.map((slide) => slide.name)).toEqual(['a.tif']);
    expect(notRead).toEqual([
      { path: join(folder, 'b.tif'), reason: 'gone since the folder was listed' },
      { path: join(folder, 'sub'), reason: 'cannot be read (EACCES)' },
    ]);
  });

  it('a walk ends when its signal is aborted, with the reason', async () => {
    const folder = await temporaryFolder();
    for (let i = 0; i < 50; ++i) await writeFile(join(folder, `${i}.tif`), '');
    const controller = new AbortController();
    const reason = new Error('made by the test');
    let looked = 0;
    const fs: FileSystem = {
      ...realFileSystem,
      stat: (async (path: Buffer, options: never) => {
        if (++looked === 5) controller.abort(reason);
        // Longer than a turn: the walk looks at the signal.
        await new Promise((resolve) => setTimeout(resolve, 5));
        return realFileSystem.stat(path, options);
      }) as unknown as FileSystem['stat'],
    };
    const walk = walkFolder(folder, { ...defaultFolderRules, signal: controller.signal }, fs);
    await expect(walk).rejects.toBe(reason);
    expect(looked).toBeLessThan(50);
  });

  it('more entries than the limit are refused by its name', async () => {
    const folder = await folderWith('a.tif', 'b.txt', 'c.txt');
    expect((await run(folder, { maxFolderEntries: 3 })).counts.scored).toBe(1);
    const error = await failureOf(run(folder, { maxFolderEntries: 2 }));
    expect(error.code).toBe('LIMIT_EXCEEDED');
    expect(error.message).toContain('more than 2 entries');
    expect(error.advice).toContain('maxFolderEntries');
  });
});

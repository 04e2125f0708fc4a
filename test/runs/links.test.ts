/** Links in a folder that the user named: followed, counted under their own names, and never left out in silence. */
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startRun } from '../../lib/runs/directory-run.js';
import type { DirectorySummary } from '../../lib/runs/types.js';
import { start } from './start.js';
import { competitionArea, failureOf, fakeScorer, temporaryFolder } from './support.js';

/** A disk with the slides and a folder of links to them. */
async function disk(): Promise<{ readonly disk: string; readonly folder: string; readonly output: string }> {
  const root = await temporaryFolder();
  const [store, folder] = [join(root, 'store'), join(root, 'folder')];
  await mkdir(store);
  await mkdir(folder);
  for (const name of ['1.tif', '2.svs']) await writeFile(join(store, name), `slide ${name}`);
  await symlink(join(store, '1.tif'), join(folder, 'a.tif'));
  await symlink('../store/2.svs', join(folder, 'b.svs'));
  return { disk: store, folder, output: join(root, 'out.csv') };
}

const run = (folder: string, options: object = {}): Promise<DirectorySummary> =>
  startRun({ kind: 'folder', dir: folder }, { model: 'fake', ...options }, { createScorer: async () => fakeScorer() })
    .done;

describe('links to slides', () => {
  it('are followed, each under its own name, with and without a format', async () => {
    const { folder, output } = await disk();
    const summary = await run(folder, { output });
    expect(summary.rows.map((row) => [row.name, row.source])).toEqual([
      ['a.tif', 'scored'],
      ['b.svs', 'scored'],
    ]);
    expect(summary.notRead).toEqual([]);
    const format = join(folder, 'format.csv');
    await writeFile(format, 'filename,relapse\nb.svs,0\na.tif,0\n');
    const again = await run(folder, { format, output, overwrite: true });
    expect(again.rows.map((row) => row.name)).toEqual(['b.svs', 'a.tif']);
    expect((await readFile(output, 'utf8')).split('\n').slice(1, 3)).toEqual([
      expect.stringMatching(/^b\.svs,0\.\d{9}$/),
      expect.stringMatching(/^a\.tif,0\.\d{9}$/),
    ]);
  });

  it('are refused with followLinks: false; nothing is written', async () => {
    const { folder, output } = await disk();
    const error = await failureOf(run(folder, { output, followLinks: false }));
    expect(error.code).toBe('CSV_INVALID');
    expect(error.message).toContain('"a.tif" is a link that leaves the folder (and 1 more link)');
    expect(error.advice).toBe('replace it by the slide, or leave followLinks: false out');
    await expect(readFile(output)).rejects.toThrow('ENOENT');
  });

  it('that change their target change the slide: a resumed run does not take the old score', async () => {
    const { disk: store, folder, output } = await disk();
    const options = { output, slidesInFlight: 1 };
    const failing = { 'b.svs': 'TRUNCATED' as const };
    const first = startRun(
      { kind: 'folder', dir: folder },
      { model: 'fake', ...options },
      { createScorer: async () => fakeScorer({ failing, fallback: null }) },
    );
    expect((await failureOf(first.done)).code).toBe('TRUNCATED');
    await rm(join(folder, 'a.tif'));
    await writeFile(join(store, '3.tif'), 'another slide');
    await symlink(join(store, '3.tif'), join(folder, 'a.tif'));
    const error = await failureOf(run(folder, { ...options, resume: true }));
    expect(error.code).toBe('RESUME_REFUSED');
    expect(error.message).toContain('"a.tif"');
  });
});

describe('links that lead nowhere', () => {
  it('are named, with the reason; the others are scored', async () => {
    const { folder } = await disk();
    await symlink('gone.tif', join(folder, 'dead.tif'));
    await symlink('y.tif', join(folder, 'x.tif'));
    await symlink('x.tif', join(folder, 'y.tif'));
    await symlink('gone', join(folder, 'dead-folder'));
    await symlink('nothing.tif', join(folder, '.hidden.tif'));
    const summary = await run(folder);
    expect(summary.counts.scored).toBe(2);
    expect(summary.notRead).toEqual([
      { path: join(folder, 'dead-folder'), reason: 'a link to a file that is not there' },
      { path: join(folder, 'dead.tif'), reason: 'a link to a file that is not there' },
      { path: join(folder, 'x.tif'), reason: 'a link that leads back to itself' },
      { path: join(folder, 'y.tif'), reason: 'a link that leads back to itself' },
    ]);
  });

  it('alone make no run: the refusal says that they are there', async () => {
    const folder = await temporaryFolder();
    await symlink('gone.tif', join(folder, 'dead.tif'));
    const error = await failureOf(run(folder));
    expect(error.code).toBe('FILE_NOT_FOUND');
    expect(error.message).toContain(`not read: "${join(folder, 'dead.tif')}": a link to a file that is not there`);
  });

  it('given by its own path is refused as what it is', async () => {
    const { folder } = await disk();
    await symlink('gone.tif', join(folder, 'dead.tif'));
    const paths = [join(folder, 'a.tif'), join(folder, 'dead.tif')];
    const started = startRun({ kind: 'files', paths }, { model: 'fake' }, { createScorer: async () => fakeScorer() });
    const error = await failureOf(started.done);
    expect(error.code).toBe('FILE_NOT_FOUND');
    expect(error.message).toContain(`the slide ${join(folder, 'dead.tif')} is a link to a file that is not there`);
  });

  it('named by a format are rows without a slide', async () => {
    const { folder } = await disk();
    await symlink('gone.tif', join(folder, 'dead.tif'));
    const format = join(folder, 'format.csv');
    await writeFile(format, 'filename,relapse\na.tif,0\ndead.tif,0\n');
    const error = await failureOf(run(folder, { format }));
    expect(error.code).toBe('ROWS_MISMATCH');
    expect(error.message).toContain('"dead.tif"');
    expect(error.message).toContain('a link to a file that is not there');
  });
});

describe('a journal that is a link to nothing', () => {
  it('is a journal: the output beside it is not taken for finished', async () => {
    const area = await competitionArea();
    await start(area, { format: area.format }).run.done;
    await symlink('nowhere', `${area.output}.journal`);
    const resumed = start(area, { format: area.format, resume: true });
    expect((await failureOf(resumed.run.done)).code).toBe('RESUME_REFUSED');
    const error = await failureOf(start(area, { format: area.format }).run.done);
    expect([error.code, error.message]).toEqual(['OUTPUT_EXISTS', expect.stringContaining('.journal is there')]);
  });
});

describe('names in a table', () => {
  it.each(['../store/1.tif', '/etc/passwd', 'a/../../store/1.tif', '..', 'sub//a.tif', './a.tif', 'a\\b.tif'])(
    'that leave the folder are refused whatever links do: %s',
    async (name) => {
      const { folder } = await disk();
      const format = join(folder, 'format.csv');
      await writeFile(format, `filename,relapse\n${name},0\n`);
      for (const options of [{}, { recursive: true }, { followLinks: false }, { onMissing: 'fallback' }]) {
        const error = await failureOf(run(folder, { format, ...options }));
        expect(error.code).toBe('CSV_INVALID');
        expect(error.message).toContain('format.csv:2: ');
      }
    },
  );

  it('say that they leave the folder where a path may stand', async () => {
    const { folder } = await disk();
    const format = join(folder, 'format.csv');
    for (const name of ['../store/1.tif', '/etc/passwd', 'a/../../store/1.tif']) {
      await writeFile(format, `filename,relapse\n${name},0\n`);
      const error = await failureOf(run(folder, { format, recursive: true }));
      expect(error.message).toContain('a name that leaves the folder');
    }
  });
});

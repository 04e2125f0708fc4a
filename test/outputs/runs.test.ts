/** Files of a run over many slides: their order with the journal, resuming, folders that fill up, and the record. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { MicrotomeError, scoreDirectory, type DirectoryOptions, type DirectorySummary } from '../../lib/index.js';
import { startRun } from '../../lib/runs/directory-run.js';
import { realFileSystem, type FileSystem } from '../../lib/runs/file-system.js';
import { createScorer } from '../../lib/scoring/scorer.js';
import { failure } from '../api/support/bundle.js';
import { writeSlide } from '../support/slides.js';
import { scratchFolder } from './support.js';

const scratch = scratchFolder();
const at = (...names: string[]): string => join(scratch, ...names);
const slides = at('slides');
const names = ['a.tif', 'b.tif', 'c.tif'];

beforeAll(async () => {
  mkdirSync(slides);
  for (const [i, name] of names.entries())
    await writeSlide(join(slides, name), { width: 1536, height: 1024, seed: 20 + i, tissueShare: 0.4 });
}, 120_000);

function folderOf(name: string): { readonly csv: string; readonly files: string } {
  mkdirSync(at(name));
  return { csv: at(name, 'out.csv'), files: at(name, 'files') };
}

const done = (options: Partial<DirectoryOptions>, from: string | string[] = slides): Promise<DirectorySummary> =>
  scoreDirectory(from, { model: 'demo', ...options }).done;

const recordOf = (path: string): Record<string, unknown> =>
  JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;

/** A run whose file system is told of each renaming before it happens. */
function watchedRun(options: Partial<DirectoryOptions>, onAppend: () => void): Promise<DirectorySummary> {
  const open: FileSystem['open'] = async (path, flags, mode) => {
    const handle = await realFileSystem.open(path, flags, mode);
    if (!String(path).includes('.journal')) return handle;
    const write = handle.write.bind(handle);
    Object.assign(handle, {
      write: async (...args: Parameters<typeof write>) => {
        onAppend();
        return await write(...args);
      },
    });
    return handle;
  };
  const fs = { ...realFileSystem, open };
  return startRun({ kind: 'folder', dir: slides }, { model: 'demo', ...options }, { createScorer, fs }).done;
}

describe('a run with files', () => {
  it('writes them for each slide, whatever else it is asked for, and says in its record what became of each', async () => {
    const { csv, files } = folderOf('plain');
    writeFileSync(at('plain', 'broken.tif'), 'no TIFF');
    const from = [...names.map((name) => join(slides, name)), at('plain', 'broken.tif')];
    const summary = await done({ output: csv, outputFolder: files, fallback: 0.5 }, from);
    expect(summary.counts).toMatchObject({ scored: 3, fallback: 1 });
    expect(readdirSync(join(files, 'geojson')).sort()).toEqual(['a.geojson', 'b.geojson', 'c.geojson']);
    expect(readdirSync(join(files, 'heatmap'))).toHaveLength(9);
    const record = recordOf(join(files, 'run-record.json'));
    expect(record).toMatchObject({ state: 'finished', counts: { done: 3, failed: 1 } });
    const recorded = record['slides'] as { name: string; state: string; error: string | null; files: string[] }[];
    expect(recorded.find(({ name }) => name === 'broken.tif')).toMatchObject({ state: 'failed', error: 'NOT_A_SLIDE' });
    expect(recorded.find(({ name }) => name === 'a.tif')?.files).toContain(join(files, 'tiles-csv', 'a.csv'));
  });

  it('has all files of a slide in place before its row is in the journal', async () => {
    const { csv, files } = folderOf('order');
    const seen: number[] = [];
    const onAppend = (): void => {
      const folder = join(files, 'tiles-csv');
      seen.push(existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.csv')).length : 0);
    };
    await watchedRun({ output: csv, tilesCsv: join(files, 'tiles-csv'), slidesInFlight: 1 }, onAppend);
    // The head of the journal, then a row for each slide.
    expect(seen).toEqual([0, 1, 2, 3]);
  });

  it('gives tiles in its outcomes only where they were asked for', async () => {
    for (const tiles of [true, false]) {
      const { files } = folderOf(`tiles-${tiles}`);
      for await (const outcome of scoreDirectory(slides, { model: 'demo', geojson: files, tiles }))
        expect(outcome.ok && outcome.result.tiles !== undefined).toBe(tiles);
    }
  });
});

describe('before any work', () => {
  it('two slides of one stem are refused, both named', async () => {
    const { files } = folderOf('stems');
    mkdirSync(at('stems', 'more'));
    await writeSlide(at('stems', 'more', 'a.svs'), { width: 512, height: 512, seed: 1 });
    const from = [join(slides, 'a.tif'), at('stems', 'more', 'a.svs')];
    const error = await failure(() => done({ heatmap: files }, from), 'INVALID_OPTION');
    expect(error.message).toContain(from[0]);
    expect(error.message).toContain(from[1]);
    expect(existsSync(files)).toBe(false);
  });

  it('files that are there are not replaced', async () => {
    const { csv, files } = folderOf('there');
    mkdirSync(files);
    writeFileSync(join(files, 'b.csv'), 'mine');
    const options = { output: csv, tilesCsv: files };
    expect((await failure(() => done(options), 'OUTPUT_EXISTS')).path).toBe(join(files, 'b.csv'));
    expect(existsSync(csv)).toBe(false);
    await done({ ...options, overwrite: true });
    expect(readFileSync(join(files, 'b.csv'), 'utf8')).toContain('minx,miny');
  });

  it('a file of a slide is not the output of the run, nor its record', async () => {
    const folder = at('clash');
    mkdirSync(folder);
    const csv = join(folder, 'a.csv');
    const clash = await failure(() => done({ output: csv, tilesCsv: folder }), 'INVALID_OPTION');
    expect(clash.message).toContain(csv);
    const same = await failure(() => done({ output: csv, runRecord: join(folder, '.', 'a.csv') }), 'INVALID_OPTION');
    expect(same.message).toContain('runRecord');
  });
});

describe('resuming', () => {
  const interrupted = async (name: string, options: Partial<DirectoryOptions> = {}): Promise<string> => {
    const { csv, files } = folderOf(name);
    const run = scoreDirectory(slides, {
      model: 'demo',
      output: csv,
      outputFolder: files,
      slidesInFlight: 1,
      ...options,
    });
    for await (const outcome of run) if (outcome.ok && outcome.result.path.endsWith('b.tif')) break;
    return files;
  };

  it('keeps slides whose files are there, and comes to the same bytes', async () => {
    const whole = folderOf('whole');
    await done({ output: whole.csv, outputFolder: whole.files });
    const files = await interrupted('resumed');
    expect(recordOf(join(files, 'run-record.json'))).toMatchObject({ state: 'cancelled' });
    const summary = await done({ output: at('resumed', 'out.csv'), outputFolder: files, resume: true });
    expect(summary.counts['resumed']).toBeGreaterThanOrEqual(2);
    for (const kind of ['tiles-csv', 'geojson', 'heatmap', 'mask']) {
      const expected = readdirSync(join(whole.files, kind)).sort();
      expect(readdirSync(join(files, kind)).sort()).toEqual(expected);
      for (const name of expected)
        expect(readFileSync(join(files, kind, name)).equals(readFileSync(join(whole.files, kind, name)))).toBe(true);
    }
    expect(recordOf(join(files, 'run-record.json'))).toMatchObject({ state: 'finished', counts: { pending: 0 } });
  });

  it('scores a slide again whose file is gone, and one for which another kind of file is wanted now', async () => {
    const files = await interrupted('gone');
    const removed = join(files, 'geojson', 'a.geojson');
    rmSync(removed);
    const unfinished = join(files, 'geojson', 'c.geojson.0b8ab8bc-6a4e-4a0e-9d3c-000000000000.tmp');
    writeFileSync(unfinished, '{"half":');
    writeFileSync(join(files, 'geojson', 'notes.tmp'), 'not ours');
    const output = at('gone', 'out.csv');
    const summary = await done({ output, outputFolder: files, resume: true });
    expect(summary.resume?.again).toEqual([{ name: 'a.tif', what: 'file', was: null, is: removed }]);
    expect([removed, unfinished].map((path) => existsSync(path))).toEqual([true, false]);
    expect(existsSync(join(files, 'geojson', 'notes.tmp'))).toBe(true);

    const more = await interrupted('more');
    // There, but nobody knows of which run.
    mkdirSync(at('more', 'others'));
    writeFileSync(at('more', 'others', 'a.csv'), 'stale');
    const wanted = { output: at('more', 'out.csv'), outputFolder: more, tilesCsv: at('more', 'others'), resume: true };
    expect((await done(wanted)).resume?.again.map(({ name }) => name)).toEqual(['a.tif', 'b.tif']);
    expect(readFileSync(at('more', 'others', 'a.csv'), 'utf8')).toContain('minx,miny');
  });

  it('of a run that is complete is refused where files are missing, but for slides that failed', async () => {
    const { csv, files } = folderOf('complete');
    mkdirSync(at('complete', 'in'));
    writeFileSync(at('complete', 'in', 'broken.tif'), 'no TIFF');
    const from = [join(slides, 'a.tif'), at('complete', 'in', 'broken.tif')];
    const options = { output: csv, outputFolder: files, fallback: 0.5 };
    await done(options, from);
    expect((await done({ ...options, resume: true }, from)).alreadyComplete).toBe(true);
    rmSync(join(files, 'tiles-csv', 'a.csv'));
    const error = await failure(() => done({ ...options, resume: true }, from), 'OUTPUT_EXISTS');
    expect(error.path).toBe(join(files, 'tiles-csv', 'a.csv'));
  });
});

/** A file system of one megabyte; false where this process may not make one. */
function mountTiny(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

describe('a folder that fills up', () => {
  it('ends the run with DISK_FULL, leaves only whole files, and the run goes on when there is room', async (context) => {
    const { csv, files } = folderOf('full');
    mkdirSync(files);
    if (!mountTiny(files)) return context.skip('no right to mount a file system');
    try {
      writeFileSync(join(files, 'ballast'), new Uint8Array(1_020_000));
      const options = { output: csv, heatmap: join(files, 'heat'), tilesCsv: join(files, 'tables') };
      const error = await failure(() => done(options), 'DISK_FULL');
      expect(error.path).toContain(files);
      expect(readdirSync(join(files, 'heat'))).toEqual([]);
      expect(readdirSync(join(files, 'tables'))).toEqual([]);
      rmSync(join(files, 'ballast'));
      const summary = await done({ ...options, heatmap: at('full', 'elsewhere'), resume: true });
      expect(summary.counts).toMatchObject({ scored: 3 });
      expect(readdirSync(join(files, 'tables')).sort()).toEqual(['a.csv', 'b.csv', 'c.csv']);
    } finally {
      execFileSync('umount', [files]);
    }
  });
});

it('errors of a run are in its record', async () => {
  const { csv, files } = folderOf('failed');
  mkdirSync(at('failed', 'in'));
  writeFileSync(at('failed', 'in', 'broken.tif'), 'no TIFF');
  const options = { output: csv, outputFolder: files, onError: 'error' } as const;
  await expect(done(options, at('failed', 'in'))).rejects.toBeInstanceOf(MicrotomeError);
  expect(recordOf(join(files, 'run-record.json'))).toMatchObject({
    state: 'failed',
    error: { code: 'NOT_A_SLIDE', stage: 'slide' },
    counts: { failed: 1 },
  });
});

/** Runs over slides of several files: one row each, one identity, and nothing of them told as not read. */
import { mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { startRun } from '../../lib/runs/directory-run.js';
import { realFileSystem } from '../../lib/runs/file-system.js';
import { defaultFolderRules, walkFolder, type FolderRules } from '../../lib/runs/folder-walk.js';
import { rowsOfFiles, rowsOfFolder, rowsOfFormat } from '../../lib/runs/rows.js';
import type { SlideDrivers } from '../../lib/runs/scanner-slides.js';
import { openslideAbsent, slideDrivers } from '../../lib/runs/slide-drivers.js';
import { findSlide, type FoundSlide } from '../../lib/runs/slide-files.js';
import { SlideParts } from '../../lib/runs/slide-parts.js';
import { dicomFile, makeMirax, makeVms, type DicomOptions } from '../slide-files/makers.js';
import type { DirectorySummary } from '../../lib/runs/types.js';
import { failureOf, fakeScorer, temporaryFolder, type FakeScorerSettings } from './support.js';

const there: SlideDrivers = { openslide: async () => null };
const absent: SlideDrivers = { openslide: async () => openslideAbsent };
const rules = (more: Partial<FolderRules> = {}): FolderRules => ({ ...defaultFolderRules, drivers: there, ...more });

const label: DicomOptions = { imageType: 'ORIGINAL\\PRIMARY\\LABEL\\NONE', frames: 1, matrix: [256, 256] };

async function writeDicom(folder: string, files: Readonly<Record<string, DicomOptions>>): Promise<void> {
  for (const [name, options] of Object.entries(files)) await writeFile(join(folder, name), dicomFile(options));
}

/** A TIFF, two DICOM series, a MIRAX slide and a VMS slide, a CT image. */
async function mixedFolder(): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 't.tif'), 'tiff');
  await writeDicom(folder, {
    'b2.dcm': {},
    'b1.dcm': label,
    'c.dcm': { series: '1.2.3.77' },
    'ct.dcm': { sopClass: '1.2.840.10008.5.1.4.1.1.2' },
  });
  await makeMirax(folder, 'm');
  await makeVms(folder);
  return folder;
}

const namesOf = (slides: readonly { readonly name: string }[]): readonly string[] => slides.map(({ name }) => name);

describe('a folder', () => {
  it('has one slide for a MIRAX slide, a VMS slide and a DICOM series', async () => {
    const folder = await mixedFolder();
    for (const recursive of [false, true]) {
      const { slides, notRead } = await walkFolder(folder, rules({ recursive }));
      expect(namesOf(slides)).toEqual(['a.vms', 'b1.dcm', 'c.dcm', 'm.mrxs', 't.tif']);
      // Neither the folder of the MIRAX slide nor its files, nor the JPEG files of the VMS slide.
      const reason = 'a DICOM file, and no whole-slide image (its SOP class is 1.2.840.10008.5.1.4.1.1.2)';
      expect(notRead).toEqual([{ path: join(folder, 'ct.dcm'), reason }]);
      const parts = Object.fromEntries(slides.map((one) => [one.name, one.parts?.map((path) => basename(path))]));
      expect(parts['t.tif']).toBeUndefined();
      expect(parts['c.dcm']).toBeUndefined();
      expect(parts['b1.dcm']).toEqual(['b1.dcm', 'b2.dcm']);
      expect(parts['m.mrxs']).toHaveLength(5);
      expect(parts['a.vms']).toHaveLength(6);
    }
  });

  it('without OpenSlide tells each such file once, with what to install, and reads the others', async () => {
    const folder = await mixedFolder();
    const { slides, notRead } = await walkFolder(folder, rules({ drivers: absent }));
    expect(namesOf(slides)).toEqual(['t.tif']);
    expect(notRead.map(({ path }) => basename(path))).toEqual([
      'a.vms',
      'b1.dcm',
      'b2.dcm',
      'c.dcm',
      'ct.dcm',
      'm.mrxs',
    ]);
    expect(new Set(notRead.map(({ reason }) => reason))).toEqual(new Set([openslideAbsent]));
    expect(openslideAbsent).toContain('pip install openslide-bin');
  });

  it('of TIFFs never asks for OpenSlide', async () => {
    const folder = await temporaryFolder();
    for (const name of ['t.tif', 'n.ndpi']) await writeFile(join(folder, name), '');
    const refused: SlideDrivers = { openslide: () => Promise.reject(new Error('asked')) };
    expect((await walkFolder(folder, rules({ drivers: refused }))).slides).toHaveLength(2);
  });

  it("a scanner's TIFF is a slide with and without OpenSlide: a damaged one fails, and is never left out", async () => {
    const folder = await temporaryFolder();
    const names = ['a.ndpi', 'b.scn', 'c.bif'];
    for (const name of names) await writeFile(join(folder, name), '');
    for (const drivers of [there, absent]) {
      const { slides, notRead } = await walkFolder(folder, rules({ drivers }));
      expect(namesOf(slides)).toEqual(names);
      expect(notRead).toEqual([]);
    }
  });

  it('a run is refused where the library that was named for OpenSlide is not there', async () => {
    const folder = await temporaryFolder();
    await makeMirax(folder, 'm');
    await writeFile(join(folder, 't.tif'), 'tiff');
    const nothing = join(folder, 'nothing.so');
    const drivers = slideDrivers({ driver: 'auto', openslidePath: nothing });
    const error = await failureOf(walkFolder(folder, rules({ drivers })));
    expect([error.code, error.message]).toEqual(['DRIVER_MISSING', expect.stringContaining(nothing)]);
    const other = slideDrivers({ driver: 'aperio', openslidePath: nothing });
    const { notRead } = await walkFolder(folder, rules({ drivers: other }));
    expect(notRead.map(({ reason }) => reason)).toEqual([
      'OpenSlide reads such files, and the driver aperio was asked for',
    ]);
  });

  it('with subfolders: a series is called by its first file, also where other folders have it too', async () => {
    const folder = await temporaryFolder();
    for (const sub of ['one', 'two']) {
      await mkdir(join(folder, sub));
      await writeDicom(join(folder, sub), { 'y.dcm': {}, 'x.dcm': label });
    }
    expect(namesOf((await walkFolder(folder, rules({ recursive: true }))).slides)).toEqual(['one/x.dcm', 'two/x.dcm']);
  });

  it('a slide that is incomplete fails alone, with its series as one row', async () => {
    const folder = await temporaryFolder();
    await writeDicom(folder, { 'a.dcm': { frames: 3 }, 'b.dcm': label });
    await rm(join((await makeMirax(folder, 'm')).slice(0, -5), 'Data0001.dat'));
    await writeFile(join(folder, 't.tif'), 'tiff');
    const { rows } = await rowsOfFolder(folder, null, false, realFileSystem, rules());
    expect(rows.map(({ name, failure }) => [name, failure?.code])).toEqual([
      ['a.dcm', 'SLIDE_INCOMPLETE'],
      ['m.mrxs', 'SLIDE_INCOMPLETE'],
      ['t.tif', undefined],
    ]);
  });

  it('where links are not followed, one among the files of a slide is refused', async () => {
    const folder = await temporaryFolder();
    const inner = (await makeMirax(folder, 'm')).slice(0, -5);
    await rename(join(inner, 'Data0001.dat'), join(folder, 'elsewhere'));
    await symlink(join(folder, 'elsewhere'), join(inner, 'Data0001.dat'));
    expect((await walkFolder(folder, rules())).slides).toHaveLength(1);
    const error = await failureOf(walkFolder(folder, rules({ followLinks: false })));
    expect(error.code).toBe('CSV_INVALID');
    expect(error.message).toContain('m/Data0001.dat');
    const source = { path: 'f.csv', line: 2 };
    const parts = new SlideParts(realFileSystem, null);
    const byName = await failureOf(findSlide(folder, 'm.mrxs', source, parts, realFileSystem, false));
    expect([byName.code, byName.message]).toEqual(['CSV_INVALID', expect.stringContaining('m/Data0001.dat')]);
  });
});

describe('a list', () => {
  it('two files of one series are one slide that was given twice; both are named', async () => {
    const folder = await mixedFolder();
    const paths = [join(folder, 'b1.dcm'), join(folder, 'b2.dcm')];
    const error = await failureOf(rowsOfFiles(paths, null, false, realFileSystem, rules()));
    expect(error.code).toBe('ROWS_MISMATCH');
    for (const path of paths) expect(error.message).toContain(path);
    const both = await failureOf(rowsOfFiles([folder, paths[1] as string], null, false, realFileSystem, rules()));
    expect(both.code).toBe('ROWS_MISMATCH');
    const same = [paths[0], paths[0]] as string[];
    expect((await failureOf(rowsOfFiles(same, null, false, realFileSystem, rules()))).code).toBe('INVALID_OPTION');
  });

  it('a row is called by the file that was named', async () => {
    const folder = await mixedFolder();
    const { rows } = await rowsOfFiles(
      [join(folder, 'b2.dcm'), join(folder, 'm.mrxs')],
      null,
      false,
      realFileSystem,
      rules(),
    );
    expect(namesOf(rows)).toEqual(['b2.dcm', 'm.mrxs']);
    expect(rows[0]?.slide?.parts?.map((path) => basename(path))).toEqual(['b1.dcm', 'b2.dcm']);
  });

  it('of many DICOM slides reads each folder once', async () => {
    const folder = await temporaryFolder();
    const names = Array.from({ length: 20 }, (_, i) => `${i + 10}.dcm`);
    await writeDicom(folder, Object.fromEntries(names.map((name, i) => [name, { series: `1.2.3.${i}` }])));
    let listed = 0;
    const opendir: typeof realFileSystem.opendir = (path, options) => {
      ++listed;
      return realFileSystem.opendir(path, options);
    };
    const paths = names.map((name) => join(folder, name));
    const fs = { ...realFileSystem, opendir };
    const { rows } = await rowsOfFiles(paths, null, false, fs, rules());
    expect(namesOf(rows)).toEqual(names);
    expect(listed).toBe(1);
  });

  it.each(['https://example.org/s.mrxs', 'http://example.org/a/b.dcm', 's3://bucket/key.vms'])(
    'an address of such a slide is refused by its name: %s',
    async (address) => {
      const { rows } = await rowsOfFiles([address], null, false, realFileSystem, rules());
      expect(rows[0]?.failure?.code).toBe('NOT_A_SLIDE');
      expect(rows[0]?.failure?.message).toContain(`${address}: OpenSlide reads such slides`);
    },
  );
});

describe('a format', () => {
  const format = (...names: readonly string[]) => ({
    path: 'format.csv',
    sha256: '',
    rows: names.map((name, i) => ({ name, line: i + 2 })),
  });
  const rowsOf = async (folder: string, ...names: readonly string[]) =>
    rowsOfFormat(folder, format(...names) as never, null, false, realFileSystem, rules());

  it('names any file of a series, or its folder', async () => {
    const folder = await mixedFolder();
    await mkdir(join(folder, 'series'));
    await writeDicom(join(folder, 'series'), {
      'y.dcm': { series: '1.2.3.55' },
      'x.dcm': { ...label, series: '1.2.3.55' },
    });
    const { rows, problems } = await rowsOf(folder, 'b2.dcm', 'series', 'm.mrxs');
    expect(problems).toEqual([]);
    expect(rows.map(({ name, slide }) => [name, basename(slide?.path ?? '')])).toEqual([
      ['b2.dcm', 'b2.dcm'],
      ['series', 'x.dcm'],
      ['m.mrxs', 'm.mrxs'],
    ]);
  });

  it('refuses two rows of one slide, and names both', async () => {
    const error = await failureOf(rowsOf(await mixedFolder(), 'b2.dcm', 't.tif', 'b1.dcm'));
    expect(error.code).toBe('CSV_INVALID');
    expect(error.message).toContain('format.csv:4: "b1.dcm" is of the slide that "b2.dcm" of line 2 names');
  });

  it('says why a folder is no slide', async () => {
    const folder = await mixedFolder();
    await mkdir(join(folder, 'empty'));
    await mkdir(join(folder, 'two'));
    await writeDicom(join(folder, 'two'), { 'a.dcm': {}, 'b.dcm': { series: '1.9' } });
    const { problems } = await rowsOf(folder, 'empty', 'two');
    expect(problems[0]).toContain('a folder, and no DICOM slide is in it');
    expect(problems[1]).toContain('a folder of 2 DICOM slides');
  });
});

describe('the identity', () => {
  const identityOf = async (path: string): Promise<FoundSlide['identity'] | undefined> =>
    (await new SlideParts(realFileSystem, null).of(path))?.identity;

  it('of a slide of several files changes with each of them', async () => {
    const path = await makeMirax(await temporaryFolder(), 'm');
    const inner = path.slice(0, -5);
    const before = await identityOf(path);
    const others = ['Slidedat.ini', 'Index.dat', 'Data0000.dat', 'Data0001.dat'].map((name) => join(inner, name));
    expect(before?.size).toBe(String(await totalBytes([path, ...others])));
    expect(await identityOf(path)).toEqual(before);
    // An older file gets another time, and neither the sum of the sizes nor the latest time changes.
    await utimes(join(inner, 'Data0000.dat'), 1000, 1000);
    const after = await identityOf(path);
    expect([after?.size, after?.inode]).toEqual([before?.size, before?.inode]);
    expect(after?.filesDigest).not.toBe(before?.filesDigest);
    // The same bytes at the same time in another file.
    await writeFile(join(inner, 'new'), Buffer.alloc(100, 1));
    await utimes(join(inner, 'new'), 1000, 1000);
    await rename(join(inner, 'new'), join(inner, 'Data0000.dat'));
    const replaced = await identityOf(path);
    expect(replaced?.filesDigest).toBe(after?.filesDigest);
    expect(replaced?.inode).not.toBe(after?.inode);
  });

  it('of a slide of one file has what journals had before', async () => {
    const folder = await temporaryFolder();
    await writeDicom(folder, { 'a.dcm': {} });
    const stat = await realFileSystem.stat(join(folder, 'a.dcm'), { bigint: true });
    expect(await identityOf(join(folder, 'a.dcm'))).toEqual({
      size: String(stat.size),
      mtimeNs: String(stat.mtimeNs),
      inode: String(stat.ino),
    });
  });

  it('resume refuses a score of a slide of which one file has changed', async () => {
    const folder = await temporaryFolder();
    const slides = join(folder, 'slides');
    await mkdir(slides);
    const path = await makeMirax(slides, 'm');
    await makeMirax(slides, 'n');
    const output = join(folder, 'out.csv');
    const source = { kind: 'files' as const, paths: [path, join(slides, 'n.mrxs')] };
    const run = (settings: FakeScorerSettings, options: object = {}): Promise<DirectorySummary> =>
      startRun(
        source,
        { model: 'fake', output, slidesInFlight: 1, ...options },
        { createScorer: async () => fakeScorer(settings) },
      ).done;
    const failing = { 'n.mrxs': 'TRUNCATED' as const };
    expect((await failureOf(run({ failing, fallback: null }))).code).toBe('TRUNCATED');
    await utimes(join(path.slice(0, -5), 'Data0000.dat'), 1000, 1000);
    const error = await failureOf(run({}, { resume: true }));
    expect(error.code).toBe('RESUME_REFUSED');
    expect(error.message).toContain('"m.mrxs" has a file that was replaced');
  });

  it('resume scores again what another build of OpenSlide has read, and keeps what it has not', async () => {
    const folder = await temporaryFolder();
    const slides = join(folder, 'slides');
    await mkdir(slides);
    const paths = [await makeMirax(slides, 'm'), await makeMirax(slides, 'n'), join(slides, 't.tif')];
    await writeFile(join(slides, 't.tif'), 'tiff');
    const run = async (settings: FakeScorerSettings, openslide: string | null, options: object) => {
      const scorer = fakeScorer({ fallback: null, ...settings });
      const { done } = startRun(
        { kind: 'files', paths },
        { model: 'fake', output: join(folder, 'out.csv'), slidesInFlight: 1, ...options },
        { createScorer: async () => scorer, openslide: async () => openslide },
      );
      return done.catch((error: unknown) => error as Error);
    };
    const failing = { 'n.mrxs': 'TRUNCATED' as const };
    const resume = { resume: true };
    await run({ failing }, 'one', {});
    // None is there now, and the scores are as good as they were.
    for (const openslide of ['one', null]) await run({ failing }, openslide, resume);
    const last = (await run({}, 'two', resume)) as DirectorySummary;
    expect(last.counts).toMatchObject({ resumed: 1, scored: 2 });
    expect(last.resume?.again).toEqual([{ name: 'm.mrxs', what: 'OpenSlide', was: 'one', is: 'two' }]);
  });
});

async function totalBytes(paths: readonly string[]): Promise<number> {
  let sum = 0;
  for (const path of paths) sum += (await realFileSystem.stat(path)).size;
  return sum;
}

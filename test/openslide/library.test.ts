/** A library that is missing, too old or no OpenSlide, and files that change while a slide is open: one error each, in one line. */
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dicomSlides, hamamatsuSlides, miraxSlides, ndpiSlides, open } from './support/tools.js';

const MAIN = resolve(import.meta.dirname, '../../dist/cli/main.js');
const slide = miraxSlides[0]?.path ?? '';

let scratch = '';
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'microtome-library-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `microtome info` of the slide with that library, in a process of its own: a library is opened once. */
function info(path: string): Promise<Ended> {
  return new Promise((done) => {
    const args = [MAIN, 'info', slide, '--openslide-path', path];
    execFile(process.execPath, args, { timeout: 60_000 }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : null, stdout, stderr }),
    );
  });
}

/** A library that says it is of that version, and has nothing else. */
function fake(name: string, version: string): string {
  const [source, library] = [join(scratch, `${name}.c`), join(scratch, `${name}.so`)];
  writeFileSync(source, `const char* openslide_get_version(void) { return "${version}"; }\n`);
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, source]);
  return library;
}

describe('a library that cannot be used', () => {
  it.each([
    ['is not there', () => join(scratch, 'nothing', 'libopenslide.so.1'), /OpenSlide/],
    ['is older than version 4', () => fake('old', '3.4.1'), /3\.4\.1/],
    ['lacks functions', () => fake('bare', '4.0.0'), /openslide_\w+/],
    ['is no library', () => copied('text.so', import.meta.filename), /OpenSlide/],
  ])('%s', async (_, path, said) => {
    const { code, stdout, stderr } = await info(path());
    expect(code).not.toBe(0);
    expect(code).not.toBeNull();
    expect(stdout).toBe('');
    expect(stderr).toContain('DRIVER_MISSING');
    expect(stderr).toMatch(said);
    expect(stderr).toContain('pip install openslide-bin');
  });
});

function copied(name: string, from: string): string {
  const to = join(scratch, name);
  copyFileSync(from, to);
  return to;
}

describe('a file that changes while the slide is open', () => {
  const changes: readonly (readonly [string, (file: string) => void])[] = [
    ['is cut short', (file) => truncateSync(file, 100)],
    ['is replaced by zeros', (file) => writeFileSync(file, new Uint8Array(300_000))],
    ['is removed', (file) => rmSync(file)],
  ];

  it.each(changes)('MIRAX: Data0000.dat %s', async (how, change) => {
    const folder = join(scratch, how.replaceAll(' ', '-'));
    mkdirSync(folder);
    const path = join(folder, 'plain.mrxs');
    copyFileSync(slide, path);
    cpSync(slide.replace('.mrxs', ''), join(folder, 'plain'), { recursive: true });
    // Its time is an old one, so that a change within the clock's tick is seen.
    utimesSync(join(folder, 'plain', 'Data0000.dat'), 1, 1);
    const opened = await open(path);
    await opened.readRegion({ level: 0, x: 0, y: 0, width: 10, height: 10 });
    change(join(folder, 'plain', 'Data0000.dat'));
    const rest = opened.readRegion({ level: 0, x: 300, y: 300, width: 1000, height: 900 });
    await expect(rest).rejects.toMatchObject({ code: 'SLIDE_CHANGED' });
    await opened.close();
  });

  // The larger of the series: files beside the one that was named are looked at every 32 tiles.
  const series = dicomSlides[1]?.path ?? null;
  it.skipIf(series === null).each(changes)('DICOM: another instance of the series %s', async (how, change) => {
    const folder = join(scratch, `dicom-${how.replaceAll(' ', '-')}`);
    cpSync(resolve(series ?? '', '..'), folder, { recursive: true });
    // The level whose pixels are read is not the file that was named.
    const full = join(folder, 'volume-0.dcm');
    utimesSync(full, 1, 1);
    const opened = await open(join(folder, 'volume-1.dcm'));
    const { width, height } = opened;
    await opened.readRegion({ level: 0, x: 0, y: 0, width: 10, height: 10 });
    change(full);
    const rest = opened.readRegion({ level: 0, x: 0, y: 0, width, height });
    await expect(rest).rejects.toMatchObject({ code: 'SLIDE_CHANGED' });
    await opened.close();
  });

  // Our own reader keeps the file open: what is not there any more, or is no pixel, has the code that it would have at first.
  it.each([
    ['is cut short', (file: string) => truncateSync(file, 20_000), 'TRUNCATED'],
    ['is overwritten by zeros', (file: string) => writeFileSync(file, new Uint8Array(900_000)), 'CORRUPT_TILE'],
  ] as const)('NDPI: the file %s', async (how, change, code) => {
    const path = copied(`${how.replaceAll(' ', '-')}.ndpi`, ndpiSlides[1]?.path ?? '');
    const opened = await open(path);
    const { width, height } = opened;
    change(path);
    const read = opened.readRegion({ level: 0, x: 0, y: 0, width, height });
    await expect(read).rejects.toMatchObject({ code });
    await opened.close();
  });

  it('VMS: an image file is replaced', async () => {
    const folder = join(scratch, 'vms');
    const from = hamamatsuSlides[0]?.path ?? '';
    cpSync(resolve(from, '..'), folder, { recursive: true });
    const opened = await open(join(folder, 'slide.vms'));
    for (const name of ['slide.jpg', 'slide(1,0).jpg']) writeFileSync(join(folder, name), new Uint8Array(200_000));
    const read = opened.readRegion({ level: 0, x: 0, y: 0, width: 1800, height: 600 });
    await expect(read).rejects.toMatchObject({ code: 'SLIDE_CHANGED' });
    await opened.close();
  });
});

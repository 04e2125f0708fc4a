/**
 * Scores, features, regions and masks of slides of scanners, by OpenSlide and by our readers of NDPI and SCN: the same bits on 1 and 8
 * threads, by API and command line.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, extname, join, resolve } from 'node:path';
import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { embedSlide, scoreSlide, type SlideResult } from '../../dist/index.js';
import { dataDir, slideFile } from '../support/data.js';
import {
  dicomSlides,
  hamamatsuSlides,
  leftTiffs,
  library,
  miraxSlides,
  ndpi420,
  ndpiSlides,
  open,
  scannerTiffs,
  type MadeSlide,
} from './support/tools.js';

const MAIN = resolve(import.meta.dirname, '../../dist/cli/main.js');

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function command(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return new Promise((done) => {
    const options = { env: { ...process.env, ...env }, timeout: 200_000, killSignal: 'SIGKILL' } as const;
    execFile(process.execPath, [MAIN, ...args], options, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : null, stdout, stderr });
    });
  });
}

/** What of a result must not depend on threads. */
const bitsOf = ({ score, outputs, tileCount, tissueFraction, badTiles, missingTiles, read }: SlideResult) => ({
  score,
  outputs: Object.fromEntries(Object.entries(outputs).map(([name, values]) => [name, [...values]])),
  tileCount,
  tissueFraction,
  badTiles,
  missingTiles,
  read,
});

const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');
const chosen = [
  ...[dicomSlides[1], dicomSlides[2], miraxSlides[0], miraxSlides[3], hamamatsuSlides[0], hamamatsuSlides[2]],
  ...[ndpiSlides[1], ndpi420, scannerTiffs[1], leftTiffs[1]],
];
const slides: readonly MadeSlide[] = chosen.filter((slide) => slide !== undefined);
/** The driver, where it is ours, and its reason. */
const ownDrivers: Readonly<Record<string, readonly [string, RegExp]>> = {
  '.ndpi': ['ndpi', /Hamamatsu/],
  '.scn': ['leica', /leica-microsystems/],
};
const expectedDriver = (path: string): readonly [string, RegExp] =>
  ownDrivers[extname(path)] ?? ['openslide', /OpenSlide 4\.\d+\.\d+ reads it as (mirax|hamamatsu|dicom|ventana)/];

let scratch = '';
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'microtome-openslide-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe.each(slides)('$name', ({ name, path }) => {
  const file = (end: string): string => join(scratch, `${name.replaceAll(/\W/g, '-')}-${end}`);

  it('has the same score on 1 and on 8 threads, and tissue', async () => {
    const one = await scoreSlide(path, { model: 'demo', threads: 1, openslidePath: library });
    const eight = await scoreSlide(path, { model: 'demo', threads: 8, openslidePath: library });
    expect(bitsOf(eight)).toEqual(bitsOf(one));
    expect(one.tileCount).toBeGreaterThan(0);
    expect(one.badTiles).toBe(one.missingTiles);
    expect(one.tissueFraction).toBeGreaterThan(0.02);
    expect(one.tissueFraction).toBeLessThan(0.98);
  });

  it('has the same features on 1 and on 8 threads', async () => {
    const digests: string[] = [];
    for (const threads of [1, 8]) {
      const output = file(`${threads}.h5`);
      const { tiles } = await embedSlide(path, { model: 'demo', output, threads, openslidePath: library });
      expect(tiles).toBeGreaterThan(0);
      digests.push(sha256(readFileSync(output)));
    }
    expect(digests[1]).toBe(digests[0]);
  });

  it('is shown by the command line: info names the driver, region has the pixels of the API, score the score', async () => {
    const env = { MICROTOME_OPENSLIDE: library };
    const info = await command(['info', path, '--json'], env);
    expect(info).toMatchObject({ code: 0, stderr: '' });
    const said = JSON.parse(info.stdout) as { driver: { name: string; why: string } };
    const [driver, reason] = expectedDriver(path);
    expect(said.driver.name).toBe(driver);
    expect(said.driver.why).toMatch(reason);

    const picture = file('region.png');
    const part = { level: 1, x: 33, y: 57, width: 90, height: 71 };
    const flags = Object.entries(part).flatMap(([key, value]) => [`--${key}`, String(value)]);
    expect(await command(['region', path, ...flags, '--out', picture], env)).toMatchObject({ code: 0 });
    const slide = await open(path);
    const png = decode(readFileSync(picture));
    expect([png.width, png.height, png.channels]).toEqual([part.width, part.height, 3]);
    expect(sha256(Uint8Array.from(png.data))).toBe(sha256((await slide.readRegion(part)).data));
    await slide.close();

    const table = file('score.csv');
    const scored = await command(['score', path, '--model', 'demo', '--openslide-path', library, '--out', table]);
    expect(scored.code, scored.stderr).toBe(0);
    const { score } = await scoreSlide(path, { model: 'demo', openslidePath: library });
    const row = readFileSync(table, 'utf8').trim().split('\n').at(-1) ?? '';
    expect(row.startsWith(basename(path)) || row.includes('dicom')).toBe(true);
    expect(Number(row.split(',').at(-1))).toBeCloseTo(score, 8);
  });
});

// The TIFF and the series hold the same pixels, in stored tiles of other sizes.
it.skipIf(dataDir === null)(
  'a series in lossless JPEG 2000 has the score of the TIFF that it was made from',
  async () => {
    const series = dicomSlides.find(({ name }) => name === 'DICOM j2k');
    const options = { model: 'demo', openslidePath: library } as const;
    const ours = await scoreSlide(series?.path ?? '', options);
    const theirs = await scoreSlide(slideFile('derived_cmu_pyr_jpeg75_t256.tif'), options);
    expect(ours.tileCount).toBe(theirs.tileCount);
    expect(ours.score).toBeCloseTo(theirs.score, 4);
  },
);

/** Inputs that users of other readers reported: what is right is in reports.json, beside the files. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MicrotomeError } from '../../lib/index.js';
import { readReports, reportFile, sha256Of, withReport, type Report } from '../support/reports.js';

const reports = readReports();
const report = (name: string): Report => reports[name] ?? { kind: 'not there' };
const present = Object.keys(reports).filter((name) => existsSync(reportFile(name)));

/** The pixels of the row's region, or the error that refuses the slide or them. */
async function regionOrRefusal(name: string): Promise<string | MicrotomeError> {
  const { region } = report(name);
  const { level, x, y, width, height } = region ?? { level: 0, x: 0, y: 0, width: 8, height: 8 };
  try {
    return await withReport(name, async (slide) => {
      const found = await slide.readRegion({ level, x, y, width, height });
      expect(found.badTiles, 'stored tiles that read as white').toBe(0);
      return sha256Of(found.data);
    });
  } catch (error) {
    if (error instanceof MicrotomeError) return error;
    throw error;
  }
}

/** The pixels of the row, or one of these refusals; anything else, white above all, is wrong. */
async function expectPixelsOr(name: string, code: string, message: RegExp): Promise<void> {
  const found = await regionOrRefusal(name);
  if (!(found instanceof MicrotomeError)) return expect(found).toBe(report(name).region?.sha256);
  expect(found).toMatchObject({ code, message: expect.stringMatching(message) });
}

async function tileCount(name: string): Promise<number> {
  return withReport(name, async (slide) => {
    let count = 0;
    for await (const batch of slide.tiles({ level: 0, size: 256 })) {
      count += batch.tiles;
      batch.release();
    }
    return count;
  });
}

/** The number that an OME-XML of the file states. */
function physicalSize(name: string): number {
  const text = readFileSync(reportFile(name)).toString('latin1');
  return Number(/PhysicalSizeX="([^"]+)"/.exec(text)?.[1]);
}

/** What `expect` and `also` say in words, as assertions. Every row that has such a text has an entry. */
const words: Readonly<Record<string, () => Promise<void>>> = {
  'two.ome.tif': () =>
    withReport('two.ome.tif', ({ associated, warnings }) => {
      expect(associated.map(({ width, height }) => [width, height])).toEqual([[1024, 1024]]);
      expect(warnings.join('\n')).toMatch(/2 OME images/);
    }),
  'planes.ome.tif': () => expectPixelsOr('planes.ome.tif', 'UNSUPPORTED_PIXELS', /channels of an OME image/),
  'gt450.svs': () =>
    withReport('gt450.svs', ({ associated }) => {
      expect(associated).toContainEqual({ name: 'label', width: 400, height: 400 });
      expect(associated).toContainEqual({ name: 'macro', width: 900, height: 600 });
    }),
  'zero.svs': async () => {
    const whole = await tileCount('ok.svs');
    expect(whole).toBeGreaterThan(16);
    expect(await tileCount('zero.svs')).toBe(whole);
  },
  'philips.tiff': () =>
    withReport('philips.tiff', async (slide) => {
      for (const { index, downsample } of slide.levels.slice(1, 4)) {
        for await (const batch of slide.tiles({ level: index, size: 64, keep: 'all' })) {
          expect([batch.level0PerPxX, batch.level0PerPxY]).toEqual([downsample, downsample]);
          expect(Math.max(...batch.x) * batch.level0PerPxX).toBeLessThan(slide.width);
          expect(Math.max(...batch.y) * batch.level0PerPxY).toBeLessThan(slide.height);
          batch.release();
        }
      }
      const mask = await slide.tissue();
      expect(mask.level0PerPxX * mask.width).toBeCloseTo(slide.width, 6);
    }),
  'reversed.tif': () =>
    withReport('reversed.tif', ({ width, warnings }) => {
      expect(width).toBe(2048);
      expect(warnings.join('\n')).toMatch(/the slide is page-3 \(2048 x 2048 pixels\).*not its first page/);
    }),
  'inch.ome.tif': () =>
    withReport('inch.ome.tif', ({ mpp }) => expect(mpp?.x).toBeCloseTo(physicalSize('inch.ome.tif') * 25_400, 6)),
  'pm.ome.tif': () =>
    withReport('pm.ome.tif', ({ mpp }) => expect(mpp?.x).toBeCloseTo(physicalSize('pm.ome.tif') * 1e-6, 6)),
  'counts0_one.tif': () => expectPixelsOr('counts0_one.tif', 'NOT_A_SLIDE', /byte count/i),
  'nocounts_deflate.tif': () => expectPixelsOr('nocounts_deflate.tif', 'NOT_A_SLIDE', /StripByteCounts is missing/),
  'tables_noeoi.tif': () => expectPixelsOr('tables_noeoi.tif', 'CORRUPT_TILE', /tables/i),
  'ljpeg.tif': async () => {
    const found = await regionOrRefusal('ljpeg.tif');
    expect(found).toMatchObject({ code: 'UNSUPPORTED_COMPRESSION' });
    expect((found as MicrotomeError).message).not.toMatch(/damaged/);
  },
  'jpegpred2.tif': () => expectPixelsOr('jpegpred2.tif', 'none', /^$/),
};

/** Rows whose pixels may be refused; their words compare them. */
const mayBeRefused = new Set(['planes.ome.tif', 'counts0_one.tif', 'nocounts_deflate.tif', 'tables_noeoi.tif']);

describe.skipIf(present.length === 0)('reported inputs', () => {
  it.each(present.filter((name) => report(name).levels !== undefined))('%s has the levels of its row', (name) =>
    withReport(name, (slide) => {
      expect(slide.levels.map(({ width, height }) => [width, height])).toEqual(report(name).levels);
    }),
  );

  it.each(present.filter((name) => report(name).levels0 !== undefined))('%s has the level 0 of its row', (name) =>
    withReport(name, ({ width, height }) => expect([width, height]).toEqual(report(name).levels0)),
  );

  it.each(present.filter((name) => report(name).downsamples !== undefined))('%s has the factors of its row', (name) =>
    withReport(name, (slide) => {
      expect(slide.levels.map(({ downsample }) => downsample)).toEqual(report(name).downsamples);
    }),
  );

  it.each(present.filter((name) => report(name).mpp !== undefined))('%s has the resolution of its row', (name) =>
    withReport(name, ({ mpp }) => {
      expect(mpp?.x).toBeCloseTo(report(name).mpp ?? Number.NaN, 9);
      expect(mpp?.y).toBeCloseTo(report(name).mpp ?? Number.NaN, 9);
      expect(mpp?.trusted).toBe(true);
    }),
  );

  it.each(present.filter((name) => report(name).region !== undefined && !mayBeRefused.has(name)))(
    '%s has the pixels of its row',
    async (name) => expect(await regionOrRefusal(name)).toBe(report(name).region?.sha256),
  );

  it.each(present.filter((name) => words[name] !== undefined))('%s is as its row says in words', (name) =>
    words[name]?.(),
  );

  it('every row that says something in words is asserted', () => {
    const said = present.filter((name) => {
      const { expect: expected, also, note } = report(name);
      return (expected ?? also ?? note) !== undefined;
    });
    expect(said.filter((name) => words[name] === undefined)).toEqual([]);
  });
});

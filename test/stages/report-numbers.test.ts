/** Files after public bug reports of other readers: numbers, units, byte counts, and what is blamed (`reports.json`). */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScorer, openSlide } from '../../lib/index.js';
import type { MicrotomeError, TissueMask } from '../../lib/index.js';
import { fromFile } from '../support/byte-sources.js';
import { attentionModel } from '../support/models/small-graphs.js';
import { readReports, reportFile, sha256Of, withReport } from '../support/reports.js';

const reports = readReports();
const there = Object.keys(reports).length > 0;

async function failureOf(work: () => Promise<unknown>): Promise<MicrotomeError> {
  try {
    await work();
  } catch (error) {
    return error as MicrotomeError;
  }
  throw new Error('nothing was thrown');
}

describe.skipIf(!there)('reports: resolution', () => {
  const expected: Readonly<Record<string, number>> = {
    'comma.svs': 0.5,
    'float.tif': 0.5,
    'double.tif': 0.5,
    'srational.tif': 0.5,
    'ent4.ome.tif': 0.5,
    'inch.ome.tif': 0.0000196850394 * 25400,
    'pm.ome.tif': 500000 * 1e-6,
  };

  it.each(Object.entries(expected))('%s', async (name, mpp) => {
    await withReport(name, async (slide) => {
      expect(slide.mpp?.x).toBeCloseTo(reports[name]?.mpp ?? mpp, 9);
      expect(slide.mpp?.y).toBeCloseTo(mpp, 9);
      expect(slide.mpp?.trusted).toBe(true);
      expect(slide.warnings).toEqual([]);
    });
  });
});

describe.skipIf(!there)('reports: pixels', () => {
  const names = [
    'comma.svs',
    'float.tif',
    'double.tif',
    'srational.tif',
    'ent4.ome.tif',
    'inch.ome.tif',
    'pm.ome.tif',
    'counts0_one.tif',
    'nocounts_deflate.tif',
    'tables_noeoi.tif',
    'jpegpred2.tif',
    'zero.svs',
    'ok.svs',
  ];

  it.each(names)('%s', async (name) => {
    const wanted = reports[name]?.region;
    if (wanted === undefined) throw new Error(`${name} has no region`);
    const { level, x, y, width, height, sha256 } = wanted;
    await withReport(name, async (slide) => {
      const { data, badTiles, outsidePx } = await slide.readRegion({ level, x, y, width, height });
      expect({ badTiles, outsidePx }).toEqual({ badTiles: 0, outsidePx: 0 });
      expect(sha256Of(data)).toBe(sha256);
    });
  });

  it('nocounts_deflate.tif says that the file has no byte counts', async () => {
    await withReport('nocounts_deflate.tif', async (slide) =>
      expect(slide.warnings).toEqual([expect.stringContaining('level 0 has no byte counts')]),
    );
  });
});

describe.skipIf(!there)('reports: what is blamed', () => {
  it('ljpeg.tif: the compression, by name, under both policies', async () => {
    await withReport('ljpeg.tif', async (slide) => {
      expect(slide.levels).toHaveLength(1);
      for (const onBadTile of ['error', 'fill'] as const) {
        const region = { level: 0, x: 0, y: 0, width: 300, height: 300, onBadTile };
        const error = await failureOf(() => slide.readRegion(region));
        expect(error.code).toBe('UNSUPPORTED_COMPRESSION');
        expect(error.message).toContain('level 0 is stored as lossless JPEG (SOF3)');
        expect(`${error.message} ${error.advice}`).not.toContain('damaged');
        expect(error.path).toContain('ljpeg.tif');
      }
      expect((await failureOf(() => slide.tissue())).code).toBe('UNSUPPORTED_COMPRESSION');
    });
  });
});

describe.skipIf(!there)('reports: tiles missing in a reduced level', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'microtome-reports-'));
  const model = join(scratch, 'model.onnx');
  beforeAll(() => writeFileSync(model, attentionModel()));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  const maskOf = (name: string): Promise<TissueMask> => withReport(name, (slide) => slide.tissue());

  it('the mask of zero.svs is that of ok.svs, and says how many tiles were made', async () => {
    const [zero, ok] = [await maskOf('zero.svs'), await maskOf('ok.svs')];
    expect(ok).toMatchObject({ badTiles: 0, missingTiles: 0, madeTiles: 0 });
    expect(zero).toMatchObject({ badTiles: 0, missingTiles: 0, madeTiles: 16 });
    const different = zero.data.reduce((sum, value, i) => sum + (value === ok.data[i] ? 0 : 1), 0);
    const tissue = ok.data.reduce((sum, value) => sum + (value === 0 ? 0 : 1), 0);
    expect(tissue).toBeGreaterThan(1000);
    expect(different).toBeLessThan(tissue / 100);
  });

  it('the same from a source whose bytes come later', async () => {
    const source = fromFile(reportFile('zero.svs')).source;
    const slide = await openSlide(source);
    const late = await slide.tissue();
    await slide.close();
    const local = await maskOf('zero.svs');
    expect(late.madeTiles).toBe(16);
    expect(Buffer.compare(late.data, local.data)).toBe(0);
  });

  it('the level itself, read directly, stays white and counted', async () => {
    await withReport('zero.svs', async (slide) => {
      const region = await slide.readRegion({ level: 1, x: 1024, y: 1024, width: 1024, height: 1024 });
      expect(region.missingTiles).toBe(16);
      expect(region.data.every((value) => value === 255)).toBe(true);
    });
  });

  it('a grid has the same tiles as of the whole twin', async () => {
    const places = (name: string): Promise<string[]> =>
      withReport(name, async (slide) => {
        const all: string[] = [];
        for await (const batch of slide.tiles({ mpp: 0.5, size: 256 })) {
          for (const [i, x] of batch.x.entries()) all.push(`${x},${batch.y[i]}`);
          batch.release();
        }
        return all.sort();
      });
    const whole = await places('ok.svs');
    expect(whole.length).toBeGreaterThan(50);
    expect(await places('zero.svs')).toEqual(whole);
  });

  it('scoring takes as many tiles as of the whole twin, and warns with the count', async () => {
    const scorer = await createScorer({ model, input: { level: 0 } });
    try {
      const [zero, ok] = [await scorer.score(reportFile('zero.svs')), await scorer.score(reportFile('ok.svs'))];
      expect(ok.tileCount).toBe(72);
      expect(zero.tileCount).toBe(72);
      expect(zero.warnings).toContainEqual(
        '16 stored tiles of the level that the tissue mask is made from are missing and were made from finer levels',
      );
      expect(ok.warnings.join()).not.toContain('missing');
    } finally {
      await scorer.close();
    }
  });
});

describe.skipIf(!there)('reports: a region outside', () => {
  it('wholly outside is refused with the size of the level, partly outside is counted', async () => {
    await withReport('ok.svs', async (slide) => {
      for (const [x, y] of [
        [2048, 0],
        [0, 5000],
        [-64, 0],
        [0, -64],
      ] as const) {
        const error = await failureOf(() => slide.readRegion({ level: 1, x, y, width: 64, height: 64 }));
        expect(error.code).toBe('INVALID_OPTION');
        expect(error.message).toContain(`lies outside level 1, which is 2048 x 2048 pixels`);
      }
      const part = await slide.readRegion({ level: 1, x: 2040, y: -4, width: 16, height: 8 });
      expect(part.outsidePx).toBe(16 * 8 - 8 * 4);
      expect((await slide.readRegion({ level: 1, x: 0, y: 0, width: 8, height: 8 })).outsidePx).toBe(0);
    });
  });
});

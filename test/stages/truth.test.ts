/** Pixels of real slides against what independent readers agreed on. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MicrotomeError, openSlide } from '../../lib/index.js';
import type { Region, Slide } from '../../lib/index.js';
import { doctor } from '../../lib/native/doctor.js';
import { dataDir, slideFile } from '../support/data.js';
import { DeflateTiff } from '../support/tiff-tiles.js';

interface TruthRegion {
  readonly level: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly bands: number;
  readonly dtype: string;
  readonly agreedSha256: string | null;
  /** What each reader gave. */
  readonly readers: Readonly<Record<string, string>>;
}

interface TruthSlide {
  readonly set: string;
  readonly expect: string;
  readonly levels: readonly { readonly width: number; readonly height: number }[];
  readonly regions: readonly TruthRegion[];
  readonly tiff: { readonly compression: string; readonly sampleFormat?: string };
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Native samples back from RGB, where the conversion keeps them: RGB itself, or grey repeated three times. */
function nativeFromRgb(region: Region, bands: number): Uint8Array {
  if (bands === 3) return region.data;
  const out = new Uint8Array(region.width * region.height * bands).fill(255);
  for (let i = 0; i < region.width * region.height; i++)
    for (let b = 0; b < Math.min(bands, 3); b++) out[i * bands + b] = region.data[3 * i + b] ?? 0;
  return out;
}

/** The documented conversion of 16-bit and alpha samples (SPEC: `>> 8`; composited on white, rounded half up). */
function converted(file: DeflateTiff, native: Uint16Array): Uint8Array {
  const shift = file.bits - 8;
  const out = new Uint8Array((native.length / file.samples) * 3);
  const unassociated = file.extraSamples[0] === 2;
  for (let i = 0; i < out.length / 3; i++) {
    const at = (s: number) => (native[i * file.samples + s] ?? 0) >> shift;
    const a = file.samples === 4 && unassociated ? at(3) : 255;
    for (let s = 0; s < 3; s++) out[3 * i + s] = Math.floor((2 * (at(s) * a + 255 * (255 - a)) + 255) / 510);
  }
  return out;
}

/** True when the region could be compared with the agreed bytes, one way or another. */
function checkRegion(name: string, compression: string, truth: TruthRegion, region: Region): boolean {
  if (truth.dtype === 'uint8' && sha256(nativeFromRgb(region, truth.bands)) === truth.agreedSha256) return true;
  // No second WebP reader here: RGB gives back what was opaque, and these regions have transparent pixels.
  if (compression === 'WEBP' && truth.bands === 4) return false;
  // Not invertible from RGB: the samples are read independently, compared with the truth, and converted.
  const file = new DeflateTiff(slideFile(name));
  const native = file.region(truth.x, truth.y, truth.width, truth.height);
  const bytes = truth.dtype === 'uint16' ? new Uint8Array(native.buffer) : Uint8Array.from(native);
  expect(sha256(bytes), 'the independent reader').toBe(truth.agreedSha256);
  expect(Buffer.compare(region.data, converted(file, native)), 'converted pixels').toBe(0);
  return true;
}

/** The truth's names of codecs that a build may lack, and ours: in messages, and in the report of doctor. */
const CODECS: Record<string, { readonly title: string; readonly name: string }> = {
  ZSTD: { title: 'ZSTD', name: 'zstd' },
  JPEG_2000_LOSSY: { title: 'JPEG 2000', name: 'jpeg2000' },
  WEBP: { title: 'WebP', name: 'webp' },
};

/** A refusal is right only for a codec that doctor says is missing; it names it. */
async function expectMissingCodec(error: MicrotomeError, compression: string): Promise<void> {
  const codec = CODECS[compression];
  const found = (await doctor()).libraries?.codecs.find(({ name }) => name === codec?.name);
  expect(found?.library, `who decodes ${compression}`).toBe('');
  expect([error.code, error.message]).toEqual([
    'UNSUPPORTED_COMPRESSION',
    expect.stringContaining(codec?.title ?? '?'),
  ]);
}

/** The slides that are there. None where there is no data: a skipped suite is collected all the same. */
function sharedSlides(): [string, TruthSlide][] {
  const path = join(dataDir ?? '', 'truth.json');
  if (dataDir === null || !existsSync(path)) return [];
  const truth = JSON.parse(readFileSync(path, 'utf8')) as { slides: Record<string, TruthSlide> };
  return Object.entries(truth.slides).filter(([name, s]) => s.set === 'shared' && existsSync(slideFile(name)));
}

const shared = sharedSlides();

describe.skipIf(shared.length === 0)('real slides', () => {
  it.each(shared.filter(([, s]) => s.expect === 'decode'))('%s reads as the truth says', async (name, slide) => {
    let opened: Slide;
    try {
      opened = await openSlide(slideFile(name));
      await opened.readRegion({ level: 0, x: 0, y: 0, width: 1, height: 1 });
    } catch (error) {
      // Refused, by a code that names what is missing: a codec this build lacks, or signed samples.
      expect(error).toBeInstanceOf(MicrotomeError);
      const refusal = error as MicrotomeError;
      if (slide.tiff.sampleFormat === 'INT') expect(refusal.code).toBe('UNSUPPORTED_PIXELS');
      else await expectMissingCodec(refusal, slide.tiff.compression);
      return;
    }
    expect(opened.levels.map((l) => [l.width, l.height])).toEqual(slide.levels.map((l) => [l.width, l.height]));
    expect(slide.regions.length).toBeGreaterThan(0);
    let compared = 0;
    for (const wanted of slide.regions) {
      if (wanted.agreedSha256 === null) continue;
      const { level, x, y, width, height } = wanted;
      const region = await opened.readRegion({ level, x, y, width, height });
      if (checkRegion(name, slide.tiff.compression, wanted, region)) compared++;
    }
    const comparable = slide.tiff.compression !== 'WEBP' || slide.regions[0]?.bands === 3;
    expect(compared).toBe(comparable ? slide.regions.filter((r) => r.agreedSha256 !== null).length : 0);
    await opened.close();
  });

  it.each(shared.filter(([, s]) => s.expect === 'refuse'))('%s is refused', async (name) => {
    const attempt = openSlide(slideFile(name)).then((s) => s.readRegion({ level: 0, x: 0, y: 0, width: 1, height: 1 }));
    await expect(attempt).rejects.toMatchObject({
      name: 'MicrotomeError',
      code: expect.stringMatching(/^UNSUPPORTED_/),
    });
  });

  // Written by libvips, whose own reader is the only one that knows its colours.
  it('JPEG 2000 of libvips reads as libvips reads it', async () => {
    const name = 'derived_cmu_pyr_jp2k_lossless_t256.tif';
    const regions = shared.find(([known]) => known === name)?.[1].regions ?? [];
    expect(regions.length).toBeGreaterThan(0);
    const slide = await openSlide(slideFile(name));
    for (const { level, x, y, width, height, readers } of regions) {
      const read = slide.readRegion({ level, x, y, width, height });
      const error = await read.then(
        () => null,
        (reason: MicrotomeError) => reason,
      );
      if (error !== null) await expectMissingCodec(error, 'JPEG_2000_LOSSY');
      else expect(sha256((await read).data)).toBe(readers['libvips-tiffload']);
    }
    await slide.close();
  });

  it('a sparse slide reads as white where tiles are missing, and counts them', async () => {
    const slide = await openSlide(slideFile('sparse.tiff'));
    const region = await slide.readRegion({ level: 0, x: 0, y: 0, width: 600, height: 300 });
    expect(region.badTiles).toBe(2);
    expect(region.data.every((v) => v === 255)).toBe(true);
  });
});

/** A limit that is exceeded: which option it is, what was found, what is allowed. And where messages name the slide. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flagNaming } from '../../lib/cli/naming.js';
import { messageWith, MicrotomeError, openSlide, scoreDirectory, scoreSlide } from '../../lib/index.js';
import type { SlideLimits } from '../../lib/index.js';
import { writeSlide } from '../support/slides.js';
import { writeBundle } from './support/bundle.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-limits-said-'));
const path = join(scratch, 'slide.tif');

beforeAll(() => writeSlide(path, { width: 1024, height: 1024, seed: 3, tissueShare: 0.4 }));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function failureOf(work: () => Promise<unknown>): Promise<MicrotomeError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof MicrotomeError) return error;
    throw error;
  }
  throw new Error('it was to fail');
}

const whole = { level: 0, x: 0, y: 0, width: 1024, height: 1024 } as const;

async function drain(tiles: AsyncIterable<{ release(): void }>): Promise<void> {
  for await (const batch of tiles) batch.release();
}

describe('a limit that is exceeded', () => {
  it.each<[keyof SlideLimits, number, (limits: SlideLimits) => Promise<unknown>, RegExp]>([
    [
      'decodedTileBytes',
      1000,
      async (limits) => (await openSlide(path, { limits })).readRegion(whole),
      /\b196608 bytes\b/,
    ],
    ['directories', 1, (limits) => openSlide(path, { limits }), /more directories/],
    ['metadataBytes', 10, (limits) => openSlide(path, { limits }), /\b\d{2,} bytes\b/],
    ['tableBytes', 1, (limits) => openSlide(path, { limits }), /takes \d+ bytes/],
    [
      'storedTileBytes',
      10,
      async (limits) => (await openSlide(path, { limits })).readRegion(whole),
      /\b\d{3,} (stored )?bytes/,
    ],
    [
      'requestBytes',
      1000,
      async (limits) => (await openSlide(path, { limits })).readRegion(whole),
      /\b3145728 bytes\b/,
    ],
    ['requestBytes', 1000, async (limits) => (await openSlide(path, { limits })).thumbnail(512), /\b786432 bytes\b/],
    [
      'requestBytes',
      1000,
      async (limits) =>
        drain((await openSlide(path, { limits })).tiles({ level: 0, size: 256, batchSize: 2, keep: 'all' })),
      /\b393216 bytes\b/,
    ],
  ])('%s of %d: names the option, the value found and the value allowed', async (name, most, work, found) => {
    const error = await failureOf(() => work({ [name]: most }));
    expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED', path });
    expect(error.message).toMatch(new RegExp(`limits\\.${name}\\b[^;]*\\b${most}\\b`));
    expect(error.message).toMatch(found);
    expect(error.message).toContain(path);
    const flag = `--limit-${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
    expect(messageWith(error, flagNaming)).toContain(flag);
  });

  it('that no option raises is not said to be one', async () => {
    const slide = await openSlide(path, { slideMpp: 0.001 });
    const error = await failureOf(() => drain(slide.tiles({ mpp: 1000, size: 1024, keep: 'all' })));
    expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED', path });
    expect(error.message).toMatch(/\b65536\b.*no option raises this limit/);
    await slide.close();
  });
});

describe('a slide that is not there', () => {
  const missing = join(scratch, 'none.tif');
  it.each<[string, () => Promise<unknown>]>([
    ['openSlide', () => openSlide(missing)],
    ['scoreSlide', () => scoreSlide(missing, { model: 'demo' })],
    ['a run over single slides', () => scoreDirectory([missing], { model: 'demo' }).done],
    ['a run over a folder', () => scoreDirectory(join(scratch, 'none'), { model: 'demo' }).done],
  ])('%s: is of the stage slide, and is named', async (_, work) => {
    const error = await failureOf(work);
    expect(error).toMatchObject({ code: 'FILE_NOT_FOUND', stage: 'slide' });
    expect(error.path).toContain('none');
    expect(error.message).toContain(error.path);
  });
});

describe('rows that do not agree', () => {
  it('name the table that has them', async () => {
    const format = join(scratch, 'format.csv');
    writeFileSync(format, 'filename,relapse\nnone.tif,0.5\n');
    const error = await failureOf(() => scoreDirectory(scratch, { model: 'demo', format }).done);
    expect(error).toMatchObject({ code: 'ROWS_MISMATCH', stage: 'csv', path: format });
    expect(error.message).toContain('none.tif');
    expect(error.message).toContain(format);
  });
});

describe('a slide that states no resolution', () => {
  it('names the option of the slide, the level, and the option of the model', async () => {
    const bare = join(scratch, 'bare.tif');
    await writeSlide(bare, { width: 600, height: 600, seed: 3, tissueShare: 0.4 });
    expect(statSync(bare).size).toBeGreaterThan(0);
    const slide = await openSlide(bare);
    const known = slide.mpp !== null;
    await slide.close();
    if (known) throw new Error('this slide was to state no resolution');
    const error = await failureOf(() => scoreSlide(bare, { model: writeBundle() }));
    expect(error).toMatchObject({ code: 'MPP_UNKNOWN', path: bare });
    expect(error.advice).toMatch(/\bslideMpp\b.*\blevel\b.*\bmpp\b/);
    expect(error.message).toContain(bare);
    expect(messageWith(error, flagNaming)).toMatch(/--slide-mpp\b.*--level\b.*--mpp\b/);
  });
});

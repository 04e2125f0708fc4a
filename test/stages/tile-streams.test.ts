/** slide.tiles and slide.tensors against readRegion, which shares no code with them above the decoder. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSlide } from '../../lib/index.js';
import type { Slide } from '../../lib/index.js';
import { writeSlide } from '../support/slides.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-streams-'));
const path = join(scratch, 'slide.tif');
let slide: Slide;

beforeAll(async () => {
  await writeSlide(path, { width: 1800, height: 1500, seed: 77, tissueShare: 0.5 });
  slide = await openSlide(path, { slideMpp: 0.25 });
});
afterAll(async () => {
  await slide.close();
  rmSync(scratch, { recursive: true, force: true });
});

const region = async (x: number, y: number, size: number): Promise<Buffer> =>
  Buffer.from((await slide.readRegion({ level: 0, x, y, width: size, height: size })).data);

/** The same classic little-endian TIFF, with the chain of pages cut after the first: no reduced level is left. */
function firstPageOnly(file: Buffer): Buffer {
  const out = Buffer.from(file);
  const directory = out.readUInt32LE(4);
  out.writeUInt32LE(0, directory + 2 + 12 * out.readUInt16LE(directory));
  return out;
}

describe('tiles', () => {
  it.each([
    ['aligned', 256, 256, 1],
    ['across stored tiles', 224, 224, 2],
    ['overlapping', 300, 170, 3],
    ['larger than stored tiles', 700, 700, 2],
  ])('%s: every pixel, every tile once', async (_, size, stride, threads) => {
    const seen = new Set<string>();
    const options = { level: 0, size, stride, threads, batchSize: 5, keep: 'all' } as const;
    for await (const batch of slide.tiles(options)) {
      for (let i = 0; i < batch.tiles; i++) {
        const [x, y] = [batch.x[i] ?? -1, batch.y[i] ?? -1];
        const data = batch.data.subarray(i * size * size * 3, (i + 1) * size * size * 3);
        expect(Buffer.compare(data, await region(x, y, size)), `${x}, ${y}`).toBe(0);
        seen.add(`${x},${y}`);
      }
      batch.release();
    }
    expect(seen.size).toBe(Math.ceil(1800 / stride) * Math.ceil(1500 / stride));
  });

  it('say how a place in the level becomes a place in level 0', async () => {
    const [base, half] = slide.levels;
    if (base === undefined || half === undefined) throw new Error('the slide has one level');
    for await (const batch of slide.tiles({ level: 1, size: 256, keep: 'all' })) {
      expect([batch.level, batch.level0PerPxX, batch.level0PerPxY]).toEqual([
        1,
        base.width / half.width,
        base.height / half.height,
      ]);
      batch.release();
    }
  });

  it('come in the same order whatever the threads are, and released memory is used again', async () => {
    const order = async (threads: number, release: boolean): Promise<string> => {
      let text = '';
      for await (const batch of slide.tiles({ level: 0, size: 224, threads, batchSize: 3, keep: 'all' })) {
        text += `${[...batch.x]} ${[...batch.y]} ${batch.data.reduce((sum, v) => (sum * 31 + v) % 1e9, 7)};`;
        if (!release) continue;
        const { data } = batch;
        batch.release();
        expect(data).toHaveLength(0);
      }
      return text;
    };
    const reference = await order(1, false);
    expect(await order(4, true)).toBe(reference);
    expect(await order(2, true)).toBe(reference);
  });

  it('that nobody takes do not keep the process or the slide', async () => {
    const other = await openSlide(path);
    const stream = other.tiles({ level: 0, size: 224, keep: 'all' })[Symbol.asyncIterator]();
    expect((await stream.next()).value.tiles).toBe(16);
    await other.close();
    await expect(stream.next()).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('tensors', () => {
  it.each(['NCHW', 'NHWC'] as const)('%s: what the samples say', async (layout) => {
    const size = 128;
    const mean = [0.7, 0.6, 0.5] as const;
    const std = [0.2, 0.25, 0.3] as const;
    let tiles = 0;
    const options = {
      level: 0,
      size,
      stride: 400,
      layout,
      channels: 'BGR',
      mean,
      std,
      keep: 'all',
      batchSize: 4,
    } as const;
    for await (const batch of slide.tensors(options)) {
      expect(batch.dims).toEqual(layout === 'NCHW' ? [batch.tiles, 3, size, size] : [batch.tiles, size, size, 3]);
      expect(batch.data).toBeInstanceOf(Float32Array);
      for (let i = 0; i < batch.tiles; i++) {
        const pixels = await region(batch.x[i] ?? 0, batch.y[i] ?? 0, size);
        let worst = 0;
        for (let p = 0; p < size * size; p++)
          for (let c = 0; c < 3; c++) {
            const want = ((pixels[3 * p + (2 - c)] ?? 0) / 255 - (mean[c] ?? 0)) / (std[c] ?? 1);
            const at = i * 3 * size * size + (layout === 'NCHW' ? c * size * size + p : 3 * p + c);
            worst = Math.max(worst, Math.abs((batch.data[at] ?? Number.NaN) - want));
          }
        expect(worst).toBeLessThan(2e-6);
      }
      tiles += batch.tiles;
      batch.release();
    }
    expect(tiles).toBe(5 * 4);
  });
});

describe('scaledDecode', () => {
  // The drawn pyramid has every half: without them the level is two and four times finer than the target.
  it('reads the grid of the target, near to what reducing gives, and says so', async () => {
    const single = join(scratch, 'single.tif');
    writeFileSync(single, firstPageOnly(readFileSync(path)));
    const one = await openSlide(single, { slideMpp: 0.25 });
    for (const mpp of [0.5, 1, 1.3]) {
      const read = async (scaledDecode: boolean) => {
        const found = new Map<string, Uint8Array>();
        for await (const b of one.tiles({ mpp, size: 96, keep: 'all', scaledDecode }))
          for (let i = 0; i < b.tiles; i++)
            found.set(`${b.x[i]},${b.y[i]}`, Uint8Array.from(b.data.subarray(i * 27648, (i + 1) * 27648)));
        return found;
      };
      const [whole, scaled] = [await read(false), await read(true)];
      expect(scaled.size).toBe(whole.size);
      let sum = 0;
      let count = 0;
      for (const [at, pixels] of scaled) {
        const reference = whole.get(at);
        if (reference === undefined) continue;
        for (const [k, v] of pixels.entries()) sum += (v - (reference[k] ?? 0)) ** 2;
        count += pixels.length;
      }
      // At 1.3 the positions are rounded to the reduced pixels and need not be the same.
      if (mpp !== 1.3) expect(count).toBe(scaled.size * 27648);
      if (count > 0) expect(10 * Math.log10(255 ** 2 / (sum / count)), `PSNR at ${mpp}`).toBeGreaterThan(28);
    }
    await one.close();
  });
});

// The picture of README.md is what the project draws today.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RgbImage } from '../../demo/canvas.js';
import { pictureOf, pictureSlide } from '../../demo/picture.js';
import { openSlide, scoreSlide } from '../../lib/index.js';
import { writeSlide } from '../support/slides.js';

const file = fileURLToPath(new URL('../../docs/pictures/scored-slide.png', import.meta.url));
const maxBytes = 150_000;

async function draw(path: string): Promise<RgbImage> {
  const { score, tiles } = await scoreSlide(path, { model: 'demo', tiles: true });
  if (tiles === undefined) throw new Error('the result has no tiles');
  const slide = await openSlide(path);
  try {
    return await pictureOf(slide, score, tiles);
  } finally {
    await slide.close();
  }
}

/** Samples that differ by more than the last bits of an inference on another processor can make them differ. */
function differing(a: Uint8Array, b: ArrayLike<number>): number {
  return a.reduce((count, sample, i) => count + (Math.abs(sample - (b[i] ?? 0)) > 16 ? 1 : 0), 0);
}

describe('docs/pictures/scored-slide.png', () => {
  let folder: string;
  let drawn: RgbImage;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'microtome-picture-'));
    const path = join(folder, 'slide.tif');
    await writeSlide(path, pictureSlide);
    drawn = await draw(path);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is what demo/picture.ts draws of the demonstration slide', () => {
    const kept = decode(readFileSync(file));
    expect([kept.width, kept.height, kept.channels]).toEqual([drawn.width, drawn.height, 3]);
    expect(differing(drawn.data, kept.data)).toBeLessThan(drawn.data.length / 1000);
  });

  it('is small, and shown by the README', () => {
    expect(statSync(file).size).toBeLessThan(maxBytes);
    const readme = readFileSync(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8');
    expect(readme).toContain('(docs/pictures/scored-slide.png)');
  });
});

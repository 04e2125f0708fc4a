/** Very large slides: memory stays bounded and does not grow with the slide (README). */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { meanColourModel } from '../support/models/small-graphs.js';
import { makeSharedTileSlide } from '../support/slides.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-large-'));
const slide = join(scratch, 'large.tif');
const model = join(scratch, 'mean.onnx');

beforeAll(async () => {
  writeFileSync(model, meanColourModel());
  await makeSharedTileSlide(slide, { width: 100_000, height: 100_000, seed: 8, tissueShare: 0.1 });
}, 180_000);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Report {
  readonly tiles: number;
  readonly peakKiB: number;
}

async function score(path: string): Promise<Report> {
  const probe = join(import.meta.dirname, '../support/probe-loop.mjs');
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [probe, 'plain', path, model]);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Report;
}

describe('a slide of 100,000 x 100,000 pixels', () => {
  it('stays under 1 GiB', async () => {
    const { tiles, peakKiB } = await score(slide);
    expect(tiles).toBeGreaterThan(15_000);
    expect(peakKiB).toBeLessThan(1024 * 1024);
  });
});

describe('slides of 1 and 72 gigapixels with the same tissue', () => {
  it('need the same memory', async () => {
    const peaks: number[] = [];
    for (const side of [31_623, 268_435]) {
      const path = join(scratch, `${side}.tif`);
      const tissueShare = (2048 * 256 ** 2) / side ** 2;
      await makeSharedTileSlide(path, { width: side, height: side, seed: 5, tissueShare, bigTiff: true });
      const report = await score(path);
      expect(report.tiles).toBeGreaterThan(2000);
      expect(report.tiles).toBeLessThan(3000);
      peaks.push(report.peakKiB);
    }
    const [small, large] = peaks as [number, number];
    expect(large).toBeLessThan(1.1 * small);
    expect(small).toBeLessThan(1.1 * large);
  }, 300_000);
});

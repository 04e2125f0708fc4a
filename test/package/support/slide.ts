// One generated slide per test file, and the score that the package under test must give it in every setting.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { writeSlide } from '../../../demo/slide/index.js';

export interface TestSlide {
  readonly path: string;
  remove(): Promise<void>;
}

export async function makeSlide(): Promise<TestSlide> {
  const dir = await mkdtemp(join(tmpdir(), 'microtome-slide-'));
  const path = join(dir, 'slide.tif');
  await writeSlide(path, { width: 4096, height: 3072, seed: 5, tissueShare: 0.2 });
  return { path, remove: () => rm(dir, { recursive: true, force: true }) };
}

export function expectScore(value: unknown): asserts value is number {
  expect(value).toBeTypeOf('number');
  expect(value).toBeGreaterThan(0);
  expect(value).toBeLessThan(1);
}

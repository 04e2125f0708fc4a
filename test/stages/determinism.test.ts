/** Per-tile outputs, as bytes, do not depend on batch size, threads or company (README: "The same numbers"). */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScorer } from '../../lib/index.js';
import type { SlideResult } from '../../lib/index.js';
import { mobileNetV3Small } from '../support/models/mobilenet-v3-small.js';
import { attentionModel } from '../support/models/small-graphs.js';
import { writeSlide } from '../support/slides.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-same-'));
const slides = [0, 1, 2].map((i) => join(scratch, `slide-${i}.tif`));

beforeAll(async () => {
  for (const [i, path] of slides.entries())
    await writeSlide(path, { width: 1500 + 200 * i, height: 1400, seed: 40 + i, tissueShare: 0.4 });
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function tileBytes(result: SlideResult): Buffer {
  const outputs = Object.values(result.tiles?.outputs ?? {});
  expect(outputs.length).toBeGreaterThan(0);
  return Buffer.concat(outputs.map((o) => Buffer.from(o.values.buffer, o.values.byteOffset, o.values.byteLength)));
}

const models: readonly (readonly [string, () => Buffer])[] = [
  ['MobileNetV3-small', () => mobileNetV3Small()],
  ['a model of fixed batch 1', () => mobileNetV3Small(2, 1)],
  ['a model with attention', () => attentionModel()],
];

describe.each(models)('%s', (name, bytes) => {
  const path = join(scratch, `${name.replaceAll(/\W/g, '-')}.onnx`);
  const target = slides[1] as string;
  const score = async (threads: number, batchSize: number, company: boolean): Promise<SlideResult> => {
    await using scorer = await createScorer({
      model: path,
      input: { level: 0 },
      ...(name.includes('attention') ? {} : { column: 1 }),
      threads,
      batchSize,
      tiles: true,
    });
    const all = company ? slides : [target];
    const results = await Promise.all(all.map((s) => scorer.score(s)));
    return results[all.indexOf(target)] as SlideResult;
  };

  it('gives the same bytes for batch sizes 1, 7, 64, for 1, 2, 4 threads, alone and among others', async () => {
    writeFileSync(path, bytes());
    const reference = await score(1, 1, false);
    expect(reference.tileCount).toBeGreaterThan(8);
    const values = tileBytes(reference);
    expect(new Set(new Float64Array(values.buffer, values.byteOffset, values.length / 8)).size).toBeGreaterThan(2);
    for (const [threads, batchSize, company] of [
      [1, 7, false],
      [1, 64, true],
      [2, 1, true],
      [2, 7, true],
      [2, 64, false],
      [4, 1, false],
      [4, 7, true],
      [4, 64, true],
    ] as const) {
      const result = await score(threads, batchSize, company);
      const label = `${threads} threads, batch ${batchSize}, ${company ? 'among others' : 'alone'}`;
      expect(Buffer.compare(tileBytes(result), values), label).toBe(0);
      expect(Object.is(result.score, reference.score), label).toBe(true);
    }
  });
});

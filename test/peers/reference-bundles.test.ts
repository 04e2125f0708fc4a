/**
 * The reference bundles (train/reference): the same bytes from the same seed, scores that differ between slides, and the rules
 * of the second reading of the format by hand-made cases.
 */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scoreSlide } from '../../lib/index.js';
import { runPython } from '../support/python.js';
import { bundleNames, referenceScore } from '../support/reference-score.js';
import type { ReferenceScore } from '../support/reference-score.js';
import { writeReferenceSlides } from '../support/reference-slides.js';
import type { ReferenceSlide } from '../support/reference-slides.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-reference-bundles-'));
const bundle = (name: string): string => join(scratch, 'bundles', name);
let slides: readonly ReferenceSlide[] = [];

interface Built {
  readonly bundle: string;
  readonly bytes: number;
}
let built: readonly Built[] = [];

beforeAll(async () => {
  mkdirSync(join(scratch, 'slides'));
  slides = await writeReferenceSlides(scratch);
  built = await runPython<Built>('../../train/reference/build.py', [join(scratch, 'bundles')]);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function hashes(folder: string): readonly string[] {
  return readdirSync(folder)
    .sort()
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}`,
    );
}

it('follows each rule of the format by hand-made cases', async () => {
  const [counts] = await runPython<{ run: number; failed: number }>('../../train/reference/rules_test.py', []);
  expect(counts?.failed).toBe(0);
  expect(counts?.run).toBeGreaterThan(20);
});

it('are small, and the same seed gives the same bytes, another seed others', async () => {
  expect(built.map((one) => one.bundle)).toEqual(bundleNames);
  expect(built.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(200e6);
  await runPython('../../train/reference/build.py', [join(scratch, 'again')]);
  await runPython('../../train/reference/build.py', [join(scratch, 'other'), '--seed', '9']);
  for (const name of bundleNames) {
    expect(hashes(join(scratch, 'again', name)), name).toEqual(hashes(bundle(name)));
    expect(hashes(join(scratch, 'other', name)), name).not.toEqual(hashes(bundle(name)));
  }
});

describe.each(bundleNames)('the %s bundle', (name) => {
  const scores: ReferenceScore[] = [];
  beforeAll(async () => {
    for (const slide of slides) scores.push(await referenceScore(bundle(name), slide));
  });

  it('gives slides of other tissue other scores, for the same clinical values too', async () => {
    const found = scores.flatMap(({ outputs }) => (outputs === null ? [] : [outputs['relapse'] as number]));
    expect(found.length).toBeGreaterThanOrEqual(4);
    expect(Math.max(...found) - Math.min(...found)).toBeGreaterThan(0.05);
    const [first, second] = slides as readonly [ReferenceSlide, ReferenceSlide];
    const same = await referenceScore(bundle(name), { ...second, rowFile: first.rowFile });
    expect(Math.abs((same.outputs?.['relapse'] ?? 0) - (scores[0]?.outputs?.['relapse'] ?? 0))).toBeGreaterThan(1e-3);
  });

  it('has rules that leave out some of the tiles of a slide, and not all', () => {
    const counts = scores.flatMap((score) => Object.values(score.counts));
    const last = counts.map(({ tissue, rules }) => ({ tissue, left: rules.at(-1)?.left ?? tissue }));
    if (name === 'second') expect(last).toEqual([]);
    else expect(last.some(({ tissue, left }) => left > 0 && left < tissue)).toBe(true);
  });
});

/** The tiles and the encoder of the third bundle, and the mean of one output: grid, mask, resize and tensor without the rest. */
function writeMeanQuality(folder: string): void {
  cpSync(bundle('third'), folder, { recursive: true });
  const file = join(folder, 'microtome.json');
  const whole = JSON.parse(readFileSync(file, 'utf8'));
  const [tiles] = whole.inputs.tiles;
  const [moco] = whole.encoders;
  const { mpp, size, mean, std } = tiles;
  const model = {
    ...whole,
    inputs: { tiles: [{ name: 'tiles', mpp, size, mean, std }] },
    encoders: [{ ...moco, outputs: moco.outputs.slice(1) }],
    select: whole.select.slice(0, 1),
    heads: [{ name: 'mean', method: 'mean', of: { encoder: 'moco', output: 'quality', column: 0 } }],
    outputs: [{ name: 'relapse', of: 'mean', fallback: 0.16 }],
    files: { 'moco.onnx': whole.files['moco.onnx'] },
  };
  writeFileSync(file, JSON.stringify(model));
}

describe('tiles of a resolution, their mean output', () => {
  const folder = join(scratch, 'mean-quality');
  beforeAll(() => writeMeanQuality(folder));

  it.each([0, 1, 2, 3])('slide %d has the tiles and the score of the second reading', async (index) => {
    const slide = slides[index] as ReferenceSlide;
    const wanted = await referenceScore(folder, slide);
    const result = await scoreSlide(slide.path, { model: folder, slideMpp: Number(slide.row['resolution']) });
    expect(result.tileCount).toBe(wanted.counts['tiles']?.tissue);
    const difference = Math.abs(result.score - (wanted.outputs?.['relapse'] ?? 0));
    process.stdout.write(`slide ${index}: ${result.tileCount} tiles, difference ${difference.toExponential(1)}\n`);
    expect(difference).toBeLessThanOrEqual(1e-5);
  });
});

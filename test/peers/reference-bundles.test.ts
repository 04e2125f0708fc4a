/**
 * The reference bundles (train/reference): the same bytes from the same seed, scores that differ between slides, and the rules
 * of the second reading of the format by hand-made cases.
 */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scoreDirectory, scoreSlide } from '../../lib/index.js';
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

/** What a slide of a metadata row is scored with; a name is no clinical value. */
function optionsOf({ row }: ReferenceSlide): { slideMpp: number; clinical: Record<string, string> } {
  const { filename: _, ...clinical } = row;
  return { slideMpp: Number(row['resolution']), clinical };
}

/** The same slide with another row of the metadata. */
function withRow(slide: ReferenceSlide, name: string, change: Readonly<Record<string, string>>): ReferenceSlide {
  const row = { ...slide.row, ...change };
  const rowFile = join(scratch, `${name}.row.json`);
  writeFileSync(rowFile, JSON.stringify(row));
  return { ...slide, row, rowFile };
}

/** Scores with both and compares the outputs and what each rule left; gives the greatest difference. */
async function compare(name: string, slide: ReferenceSlide): Promise<number> {
  const wanted = await referenceScore(bundle(name), slide);
  const scored = scoreSlide(slide.path, { model: bundle(name), ...optionsOf(slide) });
  if (wanted.outputs === null) {
    await expect(scored).rejects.toMatchObject({ code: 'NO_TISSUE' });
    return 0;
  }
  const result = await scored;
  for (const [input, { rules }] of Object.entries(wanted.counts)) {
    const left = result.selection.filter((step) => step.input === input).map(({ left: tiles }) => tiles);
    expect(left, input).toEqual(rules.map((rule) => rule.left));
  }
  expect(Object.keys(result.outputs)).toEqual(Object.keys(wanted.outputs));
  const differences = Object.entries(wanted.outputs).map(([output, value]) =>
    Math.abs(value - (result.outputs[output]?.[0] ?? NaN)),
  );
  return Math.max(...differences);
}

function requireSame(what: string, difference: number): void {
  process.stdout.write(`${what}: difference ${difference.toExponential(1)}\n`);
  expect(difference).toBeLessThanOrEqual(1e-5);
}

describe.each(bundleNames)('the %s bundle, scored by the library', (name) => {
  it.each([0, 1, 2, 3, 4])('slide %d has every output and every count of the second reading', async (index) => {
    requireSame(`${name}, slide ${index}`, await compare(name, slides[index] as ReferenceSlide));
  });

  it('takes missing values, other spellings and another order of words as the second reading does', async () => {
    const slide = slides[3] as ReferenceSlide;
    const rows = [
      { age: '', melanoma_history: '', body_site: '' },
      { age: '47', melanoma_history: 'yes', body_site: 'Lower Limb/Hip', sex: '2' },
    ];
    for (const [i, row] of rows.entries())
      requireSame(`${name}, row ${i}`, await compare(name, withRow(slide, `${name}-${i}`, row)));
  });
});

describe('heads that the metadata choose', () => {
  const model = (): { heads: { cases?: { equals: number[]; head: string }[] }[]; outputs: { fallback: unknown }[] } =>
    JSON.parse(readFileSync(join(bundle('third'), 'microtome.json'), 'utf8'));

  it('are each that of the resolution, and the default one for every other', async () => {
    const slide = slides[0] as ReferenceSlide;
    const resolutions = model().heads.flatMap(({ cases }) => (cases ?? []).flatMap(({ equals }) => equals));
    expect(resolutions.length).toBe(13);
    const seen = new Set<number>();
    for (const resolution of [...resolutions, 0.2]) {
      const row = withRow(slide, `resolution-${resolution}`, { resolution: String(resolution) });
      requireSame(`resolution ${resolution}`, await compare('third', row));
      // Tiles are read alike, so that what differs is the head.
      const { clinical } = optionsOf(row);
      seen.add((await scoreSlide(slide.path, { model: bundle('third'), slideMpp: 0.25, clinical })).score);
    }
    expect(seen.size).toBe(14);
  });

  it('a run writes the fallback of the group of each slide that cannot be scored', async () => {
    const folder = join(scratch, 'unscorable');
    mkdirSync(folder);
    const resolutions = ['0.121399', '0.25', '0.3'];
    const rows = resolutions.map((resolution, i) => {
      writeFileSync(join(folder, `${i}.tif`), 'no slide');
      return `${i}.tif,[32:34[,1,trunk,NO,${resolution}`;
    });
    const metadata = join(scratch, 'unscorable.csv');
    writeFileSync(metadata, `filename,age,sex,body_site,melanoma_history,resolution\n${rows.join('\n')}\n`);
    const { done } = scoreDirectory(folder, { model: bundle('third'), metadata });
    const summary = await done;
    expect(summary.rows.map(({ source, score }) => [source, score])).toEqual([
      ['fallback', 0.12],
      ['fallback', 0.15],
      ['fallback', 0.16],
    ]);
  });

  it('a run with a table without a column that the model reads is refused before any work', async () => {
    const metadata = join(scratch, 'short.csv');
    writeFileSync(
      metadata,
      `filename,age,resolution\n${slides.map(({ name }) => `${name},[32:34[,0.25`).join('\n')}\n`,
    );
    const { done } = scoreDirectory(join(scratch, 'slides'), { model: bundle('third'), metadata });
    await expect(done).rejects.toMatchObject({
      code: 'CSV_INVALID',
      message: expect.stringContaining('melanoma_history'),
    });
    const { done: without } = scoreDirectory(join(scratch, 'slides'), { model: bundle('third') });
    await expect(without).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });

  it('a run scores each slide with its row of the table', async () => {
    const { done } = scoreDirectory(join(scratch, 'slides'), {
      model: bundle('third'),
      metadata: join(scratch, 'metadata.csv'),
    });
    const summary = await done;
    for (const [i, row] of summary.rows.entries()) {
      const wanted = await referenceScore(bundle('third'), slides[i] as ReferenceSlide);
      expect(row.name).toBe(slides[i]?.name);
      requireSame(`run, ${row.name}`, Math.abs((row.score ?? NaN) - (wanted.outputs?.['relapse'] ?? wanted.fallback)));
    }
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

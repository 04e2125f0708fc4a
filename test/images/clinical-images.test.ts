/** Images with values of their metadata: what a graph gets of both, and what is wrong with a table. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodePng } from '../../lib/core/png.js';
import {
  checkModel,
  createImageScorer,
  mergeShards,
  scoreImages,
  scoreImageShard,
  scoreSlide,
} from '../../lib/index.js';
import type { Json } from '../api/support/bundle.js';
import { failureOf, temporaryFolder } from '../runs/support.js';
import { bundle, clinical, weights } from './clinical-bundle.js';
import { folderWith, isicName } from './support.js';

const header = 'isic_id,patient_id,age_approx,sex,size_mm,never_read';
/** Five lesions of two patients: a value that is missing, a word and a number that are not understood. */
const table: readonly (readonly string[])[] = [
  ['P1', '60', 'female', '2'],
  ['P1', '', 'male', '4'],
  ['P1', 'old', 'other', '9'],
  ['P2', '40', 'male', '7'],
  ['P1', '50', '', ''],
];

/** The numbers that the graph must get, worked out by hand. */
function expectedValues(): readonly (readonly number[])[] {
  const mean = (2 + 4 + 9) / 3;
  const deviation = Math.sqrt(((2 - mean) ** 2 + (4 - mean) ** 2 + (9 - mean) ** 2) / 3);
  const score = (value: number): number => (value - mean) / deviation;
  return [
    [1, 0, 1, 0, score(2), 4],
    [0, 1, 0, 1, score(4), 4],
    [0, 1, 0, 0, score(9), 4],
    [-1, 0, 0, 1, 0, 1],
    [0, 0, 0, 0, 0, 4],
  ];
}

async function images(): Promise<string> {
  const found: Record<string, Buffer> = {};
  for (const i of table.keys()) {
    const data = Uint8Array.from({ length: 3 * 30 * 20 }, (_, k) => (k * (i + 3)) % 251);
    found[`${isicName(i)}.png`] = await encodePng({ data, width: 30, height: 20, channels: 3 });
  }
  return folderWith(found);
}

async function metadata(edited: readonly (readonly string[])[] = table, top = header): Promise<string> {
  const path = join(await temporaryFolder(), 'metadata.csv');
  // Another order than that of the images.
  const rows = edited.map((cells, i) => [isicName(i), ...cells, 'x'].join(',')).reverse();
  await writeFile(path, `${[top, ...rows].join('\n')}\n`);
  return path;
}

const machine = { device: 'cpu', threads: 2 } as const;

describe('a bundle for images and their metadata', () => {
  it('gives the graph the value of each image and the numbers of its row', async () => {
    const output = join(await temporaryFolder(), 'out.csv');
    const run = scoreImages(await images(), {
      ...machine,
      model: bundle(),
      metadata: await metadata(),
      output,
      allOutputs: true,
    });
    const outputs = new Map<string, readonly number[]>();
    for await (const found of run)
      for (const [i, name] of found.names.entries())
        outputs.set(
          name,
          [...found.outputs.values()].map((values) => values[i] ?? Number.NaN),
        );
    const summary = await run.done;
    expect(summary.counts.scored).toBe(table.length);
    for (const [i, values] of expectedValues().entries()) {
      const [target = Number.NaN, alone = Number.NaN, sum = Number.NaN] = outputs.get(isicName(i)) ?? [];
      const expected = [alone, ...values].reduce((all, value, k) => all + value * (weights[k] ?? 0), 0);
      expect(sum).toBeCloseTo(expected, 5);
      expect(target).toBeCloseTo(Math.min(Math.max(expected / 2, 0), 1), 5);
      expect(alone).toBeGreaterThan(0);
    }
    expect(summary.notes['value of "age" taken as missing']).toEqual({ count: 1, examples: [isicName(2)] });
    expect(summary.notes['value of "sex" taken as missing']).toEqual({ count: 1, examples: [isicName(2)] });
    const lines = (await readFile(output, 'utf8')).trimEnd().split('\n');
    expect(lines[0]).toBe('isic_id,target,alone,sum');
    expect(lines).toHaveLength(table.length + 1);
  });

  it('a row that the model does not understand fails its image alone, and a run that was stopped knows the table', async () => {
    const folder = await images();
    const output = join(await temporaryFolder(), 'out.csv');
    const bad = table.map((cells, i) => (i === 1 ? [...cells.slice(0, 3), 'large'] : cells));
    const path = await metadata(bad);
    const common = { ...machine, model: bundle(), output, metadata: path } as const;
    const error = await failureOf(scoreImages(folder, { ...common, onError: 'error' }).done);
    expect(error).toMatchObject({ code: 'CLINICAL_INVALID' });
    expect(error.message).toContain('"size_mm" has the value "large"');
    await writeFile(path, (await readFile(path, 'utf8')).replace('large', '4'));
    const changed = await failureOf(scoreImages(folder, { ...common, resume: true }).done);
    expect(changed.code).toBe('RESUME_REFUSED');
    await writeFile(path, (await readFile(path, 'utf8')).replace('male,4', 'male,large'));
    const summary = await scoreImages(folder, { ...common, resume: true, onError: 'fallback' }).done;
    expect(summary.counts).toMatchObject({ fallback: 1 });
    expect(Object.keys(summary.failures)).toEqual(['CLINICAL_INVALID']);
    expect(await readFile(output, 'utf8')).toContain(`${isicName(1)},0.500000000`);
  });

  it('needs the table, its columns, and a patient in each row', async () => {
    const folder = await images();
    const options = { ...machine, model: bundle() } as const;
    const without = await failureOf(scoreImages(folder, options).done);
    expect(without).toMatchObject({ code: 'INVALID_OPTION' });
    expect(without.message).toContain('"age_approx", "sex", "size_mm", "patient_id"');
    const path = await metadata(table, header.replace('sex', 'gender'));
    const lacking = await failureOf(scoreImages(folder, { ...options, metadata: path }).done);
    expect(lacking).toMatchObject({ code: 'CSV_INVALID' });
    expect(lacking.message).toContain('no column "sex", which the model reads');
    const nobody = await metadata(table.map((cells, i) => (i === 0 ? ['', ...cells.slice(1)] : cells)));
    const alone = await scoreImages(folder, { ...options, metadata: nobody, fallback: 0.5 }).done;
    expect(alone.failures.CLINICAL_MISSING).toEqual({ count: 1, examples: [isicName(0)] });
  });
});

describe('shards of a run whose model compares the rows of the metadata', () => {
  it('compare with all rows of the table, also those of other shards: merged, the bytes of one process', async () => {
    const [folder, path, model] = [await images(), await metadata(), bundle()];
    const place = await temporaryFolder();
    const [whole, merged, parts] = ['whole.csv', 'merged.csv', 'parts'].map((name) => join(place, name)) as [
      string,
      string,
      string,
    ];
    const options = { ...machine, model, metadata: path, allOutputs: true } as const;
    await scoreImages(folder, { ...options, output: whole }).done;
    const scored: number[] = [];
    for (const index of [2, 0, 1]) {
      const run = scoreImageShard(folder, { ...options, output: parts, shard: { index, count: 3 } });
      scored.push((await run.done).counts.scored);
    }
    // Each has some rows, so that no shard has all of a patient's four.
    expect(scored.toSorted()).toEqual([1, 2, 2]);
    await mergeShards(parts, { output: merged });
    expect(await readFile(merged, 'utf8')).toBe(await readFile(whole, 'utf8'));
    // One value of one row changes the numbers of others: another table is another run.
    await writeFile(path, (await readFile(path, 'utf8')).replace('male,7', 'male,8'));
    const other = scoreImageShard(folder, { ...options, output: parts, shard: { index: 1, count: 3 } });
    const error = await failureOf(other.done);
    expect(error).toMatchObject({ code: 'SHARD_CONFLICT' });
    expect(error.message).toContain('the content of metadata is not what it was');
  });
});

describe('createImageScorer', () => {
  it('takes the vectors that it makes of a table, and nothing else', async () => {
    const folder = await images();
    const paths = [0, 3].map((i) => join(folder, `${isicName(i)}.png`));
    const columns = header.split(',').slice(1, 5);
    const rows = table.map((cells) => Object.fromEntries(cells.map((cell, i) => [columns[i] ?? '', cell])));
    await using scorer = await createImageScorer({ ...machine, model: bundle() });
    expect(scorer.clinicalColumns).toEqual(['age_approx', 'sex', 'size_mm', 'patient_id']);
    const vectors = scorer.clinicalVectors(rows);
    for (const [i, values] of expectedValues().entries())
      for (const [k, value] of values.entries()) expect(vectors[i]?.values?.[k]).toBeCloseTo(value, 12);
    const [first, , , fourth] = vectors.map(({ values }) => values as Float64Array);
    const found = await scorer.score(
      { kind: 'files', paths },
      { clinical: [first as Float64Array, fourth as Float64Array] },
    );
    const [alone, sum] = ['alone', 'sum'].map((name) => found.outputs.get(name) as Float64Array);
    [0, 3].forEach((row, i) => {
      const expected = [alone?.[i] ?? 0, ...(expectedValues()[row] ?? [])];
      expect(sum?.[i]).toBeCloseTo(
        expected.reduce((all, value, k) => all + value * (weights[k] ?? 0), 0),
        5,
      );
    });
    for (const wrong of [undefined, [first], [first, new Float64Array(5)], [first, [0, 0, 0, 0, 0, 0]]])
      expect(
        await failureOf(scorer.score({ kind: 'files', paths }, { clinical: wrong as readonly Float64Array[] })),
      ).toMatchObject({ code: 'INVALID_OPTION' });
    expect(scorer.clinicalVectors([{ ...rows[0], size_mm: 'large' }])[0]?.error).toMatchObject({
      code: 'CLINICAL_INVALID',
    });
  });

  it('of a model without clinical values takes none', async () => {
    await using scorer = await createImageScorer({ ...machine, model: 'demo-lesion' });
    const batch = { kind: 'files', paths: [] } as const;
    expect(scorer.clinicalColumns).toEqual([]);
    expect(await failureOf(scorer.score(batch, { clinical: [] }))).toMatchObject({ code: 'INVALID_OPTION' });
  });
});

describe('a model whose values compare the rows of a table', () => {
  it('is tried by checkModel, and refuses a slide', async () => {
    const model = bundle();
    expect((await checkModel(model, { device: 'cpu' })).failure).toBeNull();
    const row = { age_approx: 1, sex: 'male', size_mm: 1, patient_id: 'P' };
    const noise = { size: 8, read: async () => [new Uint8Array(8)] };
    expect(await failureOf(scoreSlide(noise, { model, clinical: row, device: 'cpu' }))).toMatchObject({
      code: 'MODEL_MISMATCH',
    });
  });

  it.each<[string, (feature: Json) => void]>([
    [
      'within is for the type "number"',
      (f) => Object.assign(f, { type: 'boolean', parse: { true: ['a'], false: ['b'] } }),
    ],
    ['all rows of such a group have the same value', (f) => Object.assign(f, { column: 'patient_id' })],
    [
      'a count of rows is of the column itself',
      (f) => Object.assign(f, { within: { column: 'patient_id', as: 'count' } }),
    ],
    [
      'a row without a group cannot be counted',
      (f) => Object.assign(f, { column: 'patient_id', within: { column: 'patient_id', as: 'count' } }),
    ],
    [
      'cannot count as missing where the rule is "error"',
      (f) => Object.assign(f, { missing: { rule: 'error', unknown: 'missing' } }),
    ],
  ])('is refused: %s', async (message, change) => {
    const model = bundle((json) => {
      const inputs = json['inputs'] as { clinical: readonly Json[] };
      inputs.clinical = clinical.map((feature) => ({ ...feature }));
      change(inputs.clinical[2] as Json);
    });
    const error = await failureOf(createImageScorer({ ...machine, model }));
    expect(error.code).toBe('MODEL_INVALID');
    expect(error.message).toContain(message);
  });
});

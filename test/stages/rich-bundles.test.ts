/** The guarantees of README for a model with one of everything: two scales, an image, rules, heads that are graphs, metadata. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SlideResult } from '../../lib/index.js';
import { createScorer, loadModel, planSlide, scoreDirectory, scoreSlide } from '../../lib/index.js';
import type { Json } from '../api/support/bundle.js';
import { failure } from '../api/support/bundle.js';
import { writeFullBundle } from '../api/support/full-bundle.js';
import { bagGraph, richGraphs, vectorGraph } from '../support/models/rich-graphs.js';
import { writeSlide } from '../support/slides.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-rich-'));
const folder = join(scratch, 'slides');
const names = ['a.tif', 'b.tif', 'c.tif'];
const slides = names.map((name) => join(folder, name));
const target = slides[1] as string;
const clinical = { age: '[40:50[', body_site: 'Trunc', scanner: '0.251' };

/** Rules that leave some tiles of these slides, and not all. */
function soften(json: Json): void {
  for (const rule of json['select'] as Json[]) {
    if (rule['rule'] === 'filter') rule['min'] = 0.05;
    if (rule['rule'] === 'quality') rule['max'] = 0.9;
  }
}
const rich = (edit: (json: Json) => void = () => undefined): string =>
  writeFullBundle((json) => {
    soften(json);
    edit(json);
  }, richGraphs());

beforeAll(async () => {
  mkdirSync(folder);
  for (const [i, path] of slides.entries())
    await writeSlide(path, { width: 1500 + 200 * i, height: 1400, seed: 60 + i, tissueShare: 0.5 });
}, 120_000);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Every number that is known of the tiles, and of the slide. */
function numbersOf({ tables, outputs }: SlideResult): Buffer {
  const columns = Object.values(tables ?? {}).flatMap((table) =>
    Object.values(table.outputs).map(({ values }) => values),
  );
  const all = [...columns, ...Object.values(outputs)];
  expect(all.length).toBeGreaterThan(5);
  return Buffer.concat(all.map((v) => Buffer.from(v.buffer, v.byteOffset, v.byteLength)));
}

describe('a model with one of everything', () => {
  it('gives the same bytes for any batch size, any threads, alone and among others', async () => {
    const model = await loadModel(rich());
    const score = async (threads: number, batchSize: number, company: boolean): Promise<SlideResult> => {
      await using scorer = await createScorer({ model, threads, batchSize, tiles: true, slideMpp: 0.25, clinical });
      const all = company ? slides : [target];
      const results = await Promise.all(all.map((slide) => scorer.score(slide)));
      return results[all.indexOf(target)] as SlideResult;
    };
    const reference = await score(1, 1, false);
    const left = (reference.selection ?? []).map((step) => step.left);
    expect(left).toHaveLength(4);
    expect(Math.min(...left)).toBeGreaterThan(0);
    const bytes = numbersOf(reference);
    for (const [threads, batchSize, company] of [
      [1, 64, true],
      [2, 7, false],
      [2, 64, true],
      [4, 1, true],
    ] as const) {
      const label = `${threads} threads, batch ${batchSize}, ${company ? 'among others' : 'alone'}`;
      expect(Buffer.compare(numbersOf(await score(threads, batchSize, company)), bytes), label).toBe(0);
    }
  });

  it('has the attention of each tile that is left, and it sums to 1', async () => {
    const result = await scoreSlide(target, { model: rich(), slideMpp: 0.25, clinical, tiles: true });
    const attention = result.tables?.['far']?.outputs['attention'];
    expect(attention?.values).toHaveLength(result.tables?.['far']?.count as number);
    expect([...(attention?.values ?? [])].reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    expect(new Set(attention?.values).size).toBeGreaterThan(1);
  });

  it('takes the head that the metadata choose', async () => {
    const model = await loadModel(rich());
    const score = async (scanner: string): Promise<number> =>
      (await scoreSlide(target, { model, slideMpp: 0.25, clinical: { ...clinical, scanner } })).score;
    expect(await score('0.251')).not.toBe(await score('old'));
    await failure(() => score('unheard of'), 'CLINICAL_UNKNOWN');
  });

  it('decodes each stored tile once for two scales of a level and for another level', async () => {
    const bundle = writeFullBundle(
      (json) => {
        const tiles = (json['inputs'] as Json)['tiles'] as Json[];
        tiles[0] = { name: 'far', size: 64, level: 1 };
        tiles[1] = { name: 'near', size: 64, level: 0 };
        tiles.push({ name: 'wide', size: 96, level: 0 });
        const second = structuredClone((json['encoders'] as Json[])[2] as Json);
        json['encoders'] = [
          ...(json['encoders'] as Json[]),
          { ...second, name: 'wide', graph: 'wide.onnx', input: { from: 'wide' } },
        ];
        json['select'] = ['far', 'near', 'wide'].map((input) => ({ rule: 'tissueFraction', input, min: 0.3 }));
        (json['inputs'] as Json)['images'] = undefined;
        json['encoders'] = (json['encoders'] as Json[]).filter(({ name }) => name !== 'whole');
        json['heads'] = ['far', 'near', 'wide'].map((encoder) => ({
          name: encoder,
          method: 'mean',
          of: { encoder, output: encoder === 'far' ? 'score' : 'vector' },
        }));
        (json['inputs'] as Json)['clinical'] = undefined;
        json['outputs'] = [{ name: 'score', of: [{ head: 'far' }, { head: 'near' }, { head: 'wide' }], clip: null }];
      },
      { ...richGraphs(), 'wide.onnx': vectorGraph(96) },
    );
    const plan = await planSlide(target, { model: bundle });
    const result = await scoreSlide(target, { model: bundle });
    const decode = result.timings.stages.find(({ stage }) => stage === 'decode');
    expect(plan.storedTiles).toBeGreaterThan(20);
    expect(decode?.items).toBe(plan.storedTiles);
    expect(result.warnings.join()).not.toContain('decoded again');
  });

  it.each([
    ['reinhard', { mean: [75, 20, -10], std: [10, 6, 5] }],
    [
      'macenko',
      {
        stains: [
          [0.65, 0.7, 0.29],
          [0.27, 0.95, 0.15],
        ],
        concentrations: [1.9, 1.0],
      },
    ],
  ])('gives all tiles the stains of the reference, %s, and says so', async (method, reference) => {
    const model = await loadModel(
      rich((json) => {
        (json['inputs'] as Json)['colour'] = { stain: { method, seed: 5, reference } };
      }),
    );
    const options = { slideMpp: 0.25, clinical };
    const result = await scoreSlide(target, { model, ...options });
    expect(result.colour).toMatchObject({ icc: false, stain: { method, seed: 5 } });
    expect(result.score).not.toBe((await scoreSlide(target, { model: rich(), ...options })).score);
    await using scorer = await createScorer({ model, ...options, threads: 4, batchSize: 1 });
    const among = await Promise.all(slides.map((slide) => scorer.score(slide)));
    expect(among[1]?.score).toBe(result.score);
  });

  it('says that a slide has no profile', async () => {
    const model = rich((json) => {
      (json['inputs'] as Json)['colour'] = { icc: true };
    });
    const { warnings, colour } = await scoreSlide(target, { model, slideMpp: 0.25, clinical });
    expect(warnings.join()).toContain('no ICC profile');
    expect(colour).toMatchObject({ icc: true, stain: null });
  });

  it('goes on after an interruption with the same bytes', async () => {
    const model = await loadModel(rich());
    const metadata = join(scratch, 'metadata.csv');
    writeFileSync(
      metadata,
      `filename,age,body_site,scanner,resolution\n${names.map((n, i) => `${n},[${40 + i}:${50 + i}[,arm,${i === 1 ? 'old' : '0.25'},0.25`).join('\n')}\n`,
    );
    const options = { model, metadata, slideMpp: 0.25 };
    const whole = join(scratch, 'whole.csv');
    await scoreDirectory(folder, { ...options, output: whole }).done;
    const parted = join(scratch, 'parted.csv');
    const stop = new AbortController();
    const run = scoreDirectory(folder, { ...options, output: parted, signal: stop.signal });
    await expect(
      (async () => {
        for await (const outcome of run) {
          expect(outcome.ok).toBe(true);
          stop.abort(new Error('enough'));
        }
        await run.done;
      })(),
    ).rejects.toThrow('enough');
    const summary = await scoreDirectory(folder, { ...options, output: parted, resume: true }).done;
    expect(summary.counts.resumed).toBeGreaterThan(0);
    expect(readFileSync(parted, 'utf8')).toBe(readFileSync(whole, 'utf8'));
  });

  it('refuses a stopping rule by name', async () => {
    const error = await failure(
      () => scoreSlide(target, { model: rich(), slideMpp: 0.25, clinical, stopping: { halfWidth: 0.1 } }),
      'INVALID_OPTION',
    );
    expect(error.message).toContain('stopping.halfWidth');
  });

  it('refuses attention of another length than there are tiles', async () => {
    const bundle = writeFullBundle(soften, { ...richGraphs(), 'bag.onnx': bagGraph('other') });
    const error = await failure(() => scoreSlide(target, { model: bundle, slideMpp: 0.25, clinical }), 'OUTPUT_SHAPE');
    expect(error.message).toContain('bag');
    expect(error.message).toContain('attention');
  });

  it('says which rule leaves nothing', async () => {
    const bundle = rich((json) => {
      for (const rule of json['select'] as Json[]) if (rule['rule'] === 'filter') rule['min'] = 1;
    });
    const error = await failure(() => scoreSlide(target, { model: bundle, slideMpp: 0.25, clinical }), 'NO_TISSUE');
    expect(error.message).toContain('rule 2');
  });

  it('takes all tiles where there are fewer than a rule may keep', async () => {
    const bundle = rich((json) => {
      for (const rule of json['select'] as Json[]) if (rule['rule'] === 'highest') rule['count'] = 1000;
    });
    const result = await scoreSlide(target, { model: bundle, slideMpp: 0.25, clinical });
    expect(result.selection?.find(({ rule }) => rule === 'highest')?.left).toBe(9);
  });
});

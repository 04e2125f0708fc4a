/**
 * A run whose scores are no probabilities, through the real library and the command line: file, table, JSON, summary and exit
 * code tell the same.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScorer, scoreDirectory, scoreSlide } from '../../lib/index.js';
import type { DirectoryOptions } from '../../lib/index.js';
import { startRun } from '../../lib/runs/directory-run.js';
import { cli, type CliResult } from '../cli/support.js';
import { constantModel } from '../support/models/small-graphs.js';
import { OnnxGraph } from '../support/onnx-writer.js';
import { writeSlide } from '../support/slides.js';
import { competitionArea, failureOf, fakeScorer } from './support.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-range-'));
const slides = join(scratch, 'slides');
const slide = join(slides, 'a.tif');
let outputs = 0;
const newOutput = (): string => join(scratch, `out${outputs++}.csv`);

function put(name: string, bytes: Uint8Array | string): string {
  writeFileSync(join(scratch, name), bytes);
  return join(scratch, name);
}

const models: Record<string, string> = {};

beforeAll(async () => {
  mkdirSync(slides);
  await writeSlide(slide, { width: 512, height: 512, seed: 2, tissueShare: 0.5 });
  const rows = { logit: [2.29], negative: [-0.33], two: [0.4, 2.29], zero: [0], one: [1], above: [1 + 2 ** -22] };
  for (const [name, row] of Object.entries(rows)) models[name] = put(`${name}.onnx`, constantModel(row));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** The nearest single precision number: what the graph gives. */
const single = (value: number): number => Math.fround(value);

const options = (model: string, more: Partial<DirectoryOptions> = {}): DirectoryOptions => ({
  model: models[model] as string,
  input: { level: 0 },
  keep: 'all',
  ...more,
});

const library = { scoreDirectory, createScorer };
const run = (model: string, ...flags: string[]): Promise<CliResult> =>
  cli(['score', slides, '--model', models[model] as string, '--level', '0', '--keep', 'all', ...flags], { library });
const jsonOf = ({ stdout }: CliResult): Record<string, unknown> => JSON.parse(stdout) as Record<string, unknown>;
const valueIn = (csv: string): string => (readFileSync(csv, 'utf8').split('\n')[1] as string).split(',')[1] as string;

describe('a score outside [0, 1] of which nobody declared a range', () => {
  it.each([
    ['logit', 2.29, 'sigmoid'],
    ['negative', -0.33, 'sigmoid'],
    ['two', 2.29, 'softmax'],
  ])('%s: is an error of its slide; nothing is written', async (model, value, activation) => {
    const output = newOutput();
    const error = await failureOf(scoreDirectory(slides, options(model, { output })).done);
    expect(error).toMatchObject({ code: 'OUTPUT_OUT_OF_RANGE', path: slide });
    for (const part of [slide, `${single(value)}`, `activation: '${activation}'`, 'clip', 'clip: null'])
      expect(error.message).toContain(part);
    expect(existsSync(output)).toBe(false);
    const shown = await run(model, '--out', output, '--overwrite');
    expect([shown.code, shown.stdout, existsSync(output)]).toEqual([1, '', false]);
    expect(shown.stderr).toContain(`failed: ${slide}: OUTPUT_OUT_OF_RANGE: the score of ${slide} is ${single(value)}`);
    expect(shown.stderr).toContain(`--activation ${activation}`);
    expect(shown.stderr).toContain('--clip none');
  });

  it('is one in the table and in the JSON too', async () => {
    const table = await run('logit');
    expect([table.code, table.stdout]).toEqual([1, `OUTPUT_OUT_OF_RANGE\t${slide}\n`]);
    expect(table.stderr).toContain('1 failed');
    const json = await run('logit', '--json');
    expect([json.code, jsonOf(json)]).toMatchObject([1, { ok: false, error: { code: 'OUTPUT_OUT_OF_RANGE' } }]);
  });

  it('scoreSlide gives it as it is, with a warning', async () => {
    const result = await scoreSlide(slide, options('logit') as Parameters<typeof scoreSlide>[1]);
    expect(result).toMatchObject({ score: single(2.29), unclipped: single(2.29), clipped: false });
    expect(result.warnings).toEqual([expect.stringContaining('is outside [0, 1], and no range was declared')]);
  });

  it('does not stop the other slides: one fails, one is scored', async () => {
    const area = await competitionArea(3);
    const score = (name: string): number => (name === area.names[1] ? 2.29 : 0.5);
    const scorer = fakeScorer({ score });
    const given = { model: 'fake', format: area.format, output: area.output };
    const summary = await startRun({ kind: 'folder', dir: area.slides }, given, { createScorer: async () => scorer })
      .done;
    expect(summary.rows.map(({ source, error }) => [source, error])).toEqual([
      ['scored', null],
      ['fallback', 'OUTPUT_OUT_OF_RANGE'],
      ['scored', null],
    ]);
    expect(readFileSync(area.output, 'utf8')).toContain(`${area.names[1]},0.250000000\n`);
  });

  it('of a bundle: the advice is about the bundle', async () => {
    const bytes = readFileSync(models['logit'] as string);
    const folder = join(scratch, 'bundle');
    mkdirSync(folder);
    writeFileSync(join(folder, 'model.onnx'), bytes);
    const tiles = { name: 'tiles', size: 64, level: 0, mean: [0, 0, 0], std: [1, 1, 1] };
    const encoder = { name: 'e', graph: 'model.onnx', input: { from: 'tiles' } };
    const bundle = {
      formatVersion: 1,
      name: 'logits',
      inputs: { tiles: [tiles] },
      encoders: [{ ...encoder, outputs: [{ name: 'row', columns: 1 }] }],
      heads: [{ name: 'mean', method: 'mean', of: { encoder: 'e', output: 'row' } }],
      outputs: [{ name: 'score', of: 'mean', fallback: 0.2 }],
      files: { 'model.onnx': createHash('sha256').update(bytes).digest('hex') },
      card: { licence: 'none', intendedUse: 'tests' },
    };
    writeFileSync(join(folder, 'microtome.json'), JSON.stringify(bundle));
    const output = newOutput();
    const summary = await scoreDirectory(slides, { model: folder, keep: 'all', output }).done;
    expect(summary.rows).toMatchObject([{ source: 'fallback', error: 'OUTPUT_OUT_OF_RANGE', score: 0.2 }]);
    const outcomes = [];
    for await (const outcome of scoreDirectory(slides, { model: folder, keep: 'all' })) outcomes.push(outcome);
    expect(outcomes).toMatchObject([{ ok: false, error: { advice: expect.stringContaining('in the bundle') } }]);
  });
});

describe('what makes it a score', () => {
  /** The same number in the file, the table and the JSON line. */
  async function everywhere(model: string, ...flags: string[]) {
    const output = newOutput();
    const written = await run(model, ...flags, '--out', output);
    expect(written.code, written.stderr).toBe(0);
    const table = await run(model, ...flags);
    const json = jsonOf(await run(model, ...flags, '--json'));
    expect([table.code, table.stdout]).toEqual([0, `${valueIn(output)}\t${slide}\n`]);
    expect((json['score'] as number).toFixed(9)).toBe(valueIn(output));
    return { text: valueIn(output), json, stderr: written.stderr };
  }

  it('an activation', async () => {
    const { text, json } = await everywhere('logit', '--activation', 'sigmoid');
    expect(text).toBe((1 / (1 + Math.exp(-single(2.29)))).toFixed(9));
    expect(json['clipped']).toBe(false);
  });

  it('a range that holds it, or none: the score as it is', async () => {
    for (const clip of ['none', '-10,10']) {
      const { text, json, stderr } = await everywhere('logit', `--clip=${clip}`);
      expect([text, json['clipped']]).toEqual([single(2.29).toFixed(9), false]);
      expect(stderr).not.toContain('held to');
    }
  });

  it('a narrower range: held to it, counted and told', async () => {
    const { text, json, stderr } = await everywhere('logit', '--clip', '0,1');
    expect(text).toBe('1.000000000');
    expect(json).toMatchObject({ score: 1, clipped: true, unclipped: single(2.29) });
    expect(stderr).toContain(`clipped: ${slide}: the score ${single(2.29)} was held to [0, 1]`);
    expect(stderr).toContain('1 held to the declared range');
    const summary = await scoreDirectory(slides, options('logit', { clip: [0, 1] })).done;
    expect(summary).toMatchObject({ clipped: 1, rows: [{ score: 1, clippedFrom: single(2.29) }] });
  });

  it.each([
    ['zero', '0.000001000'],
    ['one', '0.999999000'],
    ['above', '0.999999000'],
  ])('%s is rounding, and not counted', async (model, expected) => {
    const { text, json, stderr } = await everywhere(model);
    expect([text, json['clipped']]).toEqual([expected, false]);
    expect(stderr).not.toContain('held to');
    expect((await scoreDirectory(slides, options(model)).done).clipped).toBe(0);
  });
});

describe('the journal', () => {
  it('keeps what was clipped: a resumed run counts the same', async () => {
    const area = await competitionArea(3);
    const bad = area.names[2] as string;
    const settings = { clip: [0.4, 0.6] as const, fallback: null, score: () => 0.9 };
    const given = { model: 'fake', format: area.format, output: area.output };
    const source = { kind: 'folder', dir: area.slides } as const;
    const first = fakeScorer({ ...settings, failing: { [bad]: 'TRUNCATED' } });
    await failureOf(startRun(source, given, { createScorer: async () => first }).done);
    const second = fakeScorer(settings);
    const resume = { ...given, resume: true };
    const summary = await startRun(source, resume, { createScorer: async () => second }).done;
    expect(second.calls).toHaveLength(1);
    expect([summary.counts.resumed, summary.clipped]).toEqual([2, 3]);
    expect(summary.rows.map((row) => row.clippedFrom)).toEqual([0.9, 0.9, 0.9]);
  });
});

describe('a fallback', () => {
  it('that is no probability is refused before the first slide, where no range is declared', async () => {
    const area = await competitionArea(2);
    const scorer = fakeScorer({ fallback: -1 });
    const given = { model: 'fake', format: area.format, output: area.output };
    const source = { kind: 'folder', dir: area.slides } as const;
    const error = await failureOf(startRun(source, given, { createScorer: async () => scorer }).done);
    expect(error).toMatchObject({ code: 'MODEL_MISMATCH' });
    expect(error.message).toContain('the fallback -1 is outside [0, 1]');
    expect([scorer.calls.length, scorer.closed, existsSync(area.output)]).toEqual([0, true, false]);
  });
  it('that the declared range makes another number of is counted', async () => {
    const area = await competitionArea(2);
    const scorer = fakeScorer({
      clip: [0.4, 0.6],
      score: () => 0.5,
      failing: { [area.names[0] as string]: 'NO_TISSUE' },
    });
    const given = { model: 'fake', format: area.format, output: area.output };
    const summary = await startRun({ kind: 'folder', dir: area.slides }, given, { createScorer: async () => scorer })
      .done;
    expect(summary).toMatchObject({ clipped: 1, rows: [{ source: 'fallback', clippedFrom: 0.25 }, { score: 0.5 }] });
  });
});

describe('a graph that does not say how many columns it gives', () => {
  /** One column, of a shape that is computed from the pixels, so that no runtime knows it before it runs. */
  function surprise(): string {
    const graph = new OnnxGraph();
    const x = graph.input({ name: 'image', type: 'float32', shape: ['n', 3, 64, 64] });
    const row = graph.node('ReduceMean', [x], { axes: [1, 2, 3], keepdims: 0 });
    const number = graph.node('Cast', [graph.node('ReduceMean', [row], { keepdims: 0 })], { to: 7 });
    const zeros = graph.node('Mul', [number, graph.integers([0, 0])]);
    const shape = graph.node('Add', [zeros, graph.integers([-1, 1])]);
    graph.node('Reshape', [row, shape], {}, 'y');
    graph.output({ name: 'y', type: 'float32', shape: ['n', 'columns'] });
    return put('surprise.onnx', graph.encode());
  }
  const fault = (more: Partial<DirectoryOptions>) =>
    failureOf(scoreDirectory(slides, { model: surprise(), input: { level: 0 }, keep: 'all', ...more }).done);

  it('softmax over what turns out to be one is refused, naming sigmoid', async () => {
    const error = await fault({ activation: 'softmax', column: 0 });
    expect([error.code, error.message]).toEqual(['INVALID_OPTION', expect.stringContaining("activation: 'sigmoid'")]);
  });
  it('a column that turns out not to be there is refused, naming the option', async () => {
    const error = await fault({ column: 5 });
    expect([error.code, error.advice]).toEqual(['OUTPUT_SHAPE', 'pass column, an index below 1']);
    expect(error.message).toContain('column 5 of output "y", which has 1');
  });
});

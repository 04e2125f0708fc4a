/** `score` says what it assumed of a model: on stderr, in the JSON lines and in the summary of the run. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScorer, loadModel, scoreDirectory } from '../../lib/index.js';
import type { DirectorySummary, Model } from '../../lib/index.js';
import { constantModel } from '../support/models/small-graphs.js';
import { writeSlide } from '../support/slides.js';
import { cli, type CliResult, type CliSettings } from './support.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-assumed-'));
const slides = join(scratch, 'slides');
const model = join(scratch, 'net.onnx');
const single = join(scratch, 'single.onnx');

beforeAll(async () => {
  mkdirSync(slides);
  for (const name of ['a.tif', 'b.tif'])
    await writeSlide(join(slides, name), { width: 512, height: 512, seed: 2, tissueShare: 0.5 });
  writeFileSync(model, constantModel([0.1, 0.4]));
  writeFileSync(single, constantModel([0.4], 'Sigmoid'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const library = { scoreDirectory, createScorer, loadModel };
const run = (path: string, flags: readonly string[], settings: CliSettings = {}): Promise<CliResult> =>
  cli(['score', slides, '--model', path, '--level', '0', '--keep', 'all', ...flags], { library, ...settings });
const linesOf = (text: string): string[] => text.split(/\r|\n/).filter((line) => line.includes('assumed'));

const everything = [
  ...[
    '--input-scale',
    '0.00392156862745098',
    '--input-mean',
    '0,0,0',
    '--input-std',
    '1,1,1',
    '--input-channels',
    'RGB',
  ],
  ...['--activation', 'none', '--column', '1', '--head-method', 'mean'],
];

describe('score with a bare .onnx', () => {
  it('says in one line what it assumed, what the graph shows, what was told, and how to say otherwise', async () => {
    const { code, stderr } = await run(model, []);
    expect(code, stderr).toBe(0);
    expect(linesOf(stderr)).toEqual([
      'model net: assumed, because neither the model nor an option says it: input scale 1/255 (samples from 0 to 1), mean 0,0,0, std 1,1,1, channels RGB, ' +
        'activation none (the graph ends with Gemm), column 1 (of 0 and 1: the second, taken for the positive class), head mean; ' +
        'from the graph: input "tiles", size 64 px, layout NCHW, output "row"; resolution as told: level 0; ' +
        'to say otherwise: --input-channels, --input-scale, --input-mean, --input-std, --activation, --column, --head-method',
    ]);
  });

  it.each([[['--progress', 'none']], [['--json']], [['--json', '--progress', 'none']], [['--progress', 'bar']]])(
    'also with %j, once',
    async (flags) => {
      expect(linesOf((await run(model, flags)).stderr)).toHaveLength(1);
    },
  );

  it('on a terminal the bar is wiped before it', async () => {
    const { stderr } = await run(model, [], { tty: { columns: 60 } });
    const [line] = linesOf(stderr);
    expect(line?.replace('\u001b[K', '').startsWith('model net: assumed')).toBe(true);
  });

  it('not with percent, which prints nothing else', async () => {
    expect((await run(model, ['--progress', 'percent'])).stderr).toMatch(/^(\d{1,3}% \d+:\d\d:\d\d\n)+$/);
  });

  it('says less with each option that is told, and nothing where all are', async () => {
    const [line] = linesOf((await run(model, ['--input-mean', '0.5,0.5,0.5', '--input-std', '0.2,0.2,0.2'])).stderr);
    expect(line).toContain('input scale 1/255');
    expect(line).not.toMatch(/mean 0|std|--input-mean/);
    const told = await run(model, everything);
    expect([told.code, linesOf(told.stderr)]).toEqual([0, []]);
    expect(told.stdout).toBe((await run(model, [])).stdout);
  });

  it('what a file of options tells is told', async () => {
    const config = join(scratch, 'run.json');
    writeFileSync(config, JSON.stringify({ input: { scale: 1 }, activation: 'none' }));
    const [line] = linesOf((await run(model, ['--config', config])).stderr);
    expect(line).toContain('assumed, because neither the model nor an option says it: mean 0,0,0');
    expect(line).not.toMatch(/scale|activation/);
  });

  it('a single column and the operator before it are facts of the graph', async () => {
    const [line] = linesOf((await run(single, [])).stderr);
    expect(line).toContain('activation none (the graph ends with Sigmoid)');
    expect(line).toContain('column 0, its only one');
    expect(line).not.toContain('--column');
  });

  it('softmax over a single column is refused before any work, naming the flag that was probably meant', async () => {
    const logit = join(scratch, 'logit.onnx');
    writeFileSync(logit, constantModel([2.29]));
    const refused = await run(logit, ['--activation', 'softmax']);
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain('--activation softmax over the single column of the output "row"');
    expect(refused.stderr).toContain('pass --activation sigmoid');
  });

  it('a doubtful activation is warned of once, beside it', async () => {
    const { stderr } = await run(single, ['--activation', 'sigmoid', '--progress', 'none']);
    const warnings = stderr.split('\n').filter((line) => line.startsWith('warning: '));
    expect(warnings).toEqual([expect.stringContaining('model single: the graph ends with Sigmoid')]);
  });
});

describe('the same is in', () => {
  const input = { scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1], channels: 'RGB' };
  const assumed = { input, activation: 'none', column: 1, head: { method: 'mean' } };

  it('every line of --json', async () => {
    const lines = (await run(model, ['--json'])).stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([{ assumed }, { assumed }]);
    for (const line of (await run(model, ['--json', ...everything])).stdout.trimEnd().split('\n'))
      expect(JSON.parse(line)).toMatchObject({ assumed: null });
  });

  it('the model, the result of each slide and the summary, as data', async () => {
    const loaded: Model[] = [];
    const onModel = (found: Model): void => void loaded.push(found);
    const task = scoreDirectory(slides, { model, level: 0, keep: 'all', onModel });
    for await (const outcome of task) expect(outcome).toMatchObject({ ok: true, result: { assumed } });
    const summary: DirectorySummary = await task.done;
    expect([...loaded.map((each) => each.assumed), summary.assumed]).toMatchObject([assumed, assumed]);
  });

  it('microtome model, also as JSON', async () => {
    const shown = await cli(['model', model], { library });
    expect(shown.stdout).toContain('resolution: not stated; pass --input-mpp or --input-level');
    expect(shown.stdout).toMatch(/^assumed +input scale 1\/255/m);
    expect(shown.stdout).toContain('no range is declared: a score outside [0, 1] is an error');
    expect(JSON.parse((await cli(['model', model, '--json'], { library })).stdout)).toMatchObject({ assumed });
  });
});

describe('a bundle that declares everything', () => {
  it('yields no line', async () => {
    const { code, stderr, stdout } = await cli(['score', slides, '--model', 'demo', '--keep', 'all', '--json'], {
      library,
    });
    expect([code, linesOf(stderr)]).toEqual([0, []]);
    expect(JSON.parse(stdout.split('\n')[0] as string)).toMatchObject({ assumed: null });
  });
});

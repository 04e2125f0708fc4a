/** One bad slide among good ones, with the real engine: it fails alone, wherever it stands, and may be taken out. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scoreDirectory, type DirectoryOptions } from '../../lib/index.js';
import { machineIdentity } from '../../lib/native/identity.js';
import { readJournal } from '../../lib/runs/journal.js';
import { meanColourModel, nanModel, wrongShapeModel } from '../support/models/small-graphs.js';
import { writeSlide } from '../support/slides.js';
import { failureOf } from './support.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-bad-slide-'));
const at = (name: string): string => join(scratch, name);
const names = ['a.tif', 'b.tif', 'c.tif'] as const;

beforeAll(async () => {
  await writeSlide(at('slide.tif'), { width: 1200, height: 1200, seed: 2, tissueShare: 0.4 });
  writeFileSync(at('mean.onnx'), meanColourModel());
  writeFileSync(at('nan.onnx'), nanModel());
  writeFileSync(at('shape.onnx'), wrongShapeModel());
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let folders = 0;

interface Folder {
  readonly data: string;
  readonly output: string;
  readonly options: DirectoryOptions;
}

/** Three slides that are the same picture; `resolutions` are those of the metadata. */
function folderOf(resolutions: readonly string[]): Folder {
  const data = at(`data-${++folders}`);
  mkdirSync(data);
  for (const name of names) copyFileSync(at('slide.tif'), join(data, name));
  const metadata = at(`metadata-${folders}.csv`);
  writeFileSync(metadata, `filename,resolution\n${names.map((name, i) => `${name},${resolutions[i]}\n`).join('')}`);
  const output = at(`out-${folders}.csv`);
  return { data, output, options: { model: at('mean.onnx'), mpp: 1, metadata, output, clip: null } };
}

const valuesOf = async (path: string): Promise<Record<string, number>> =>
  Object.fromEntries(
    (await readFile(path, 'utf8'))
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split(',') as [string, string])
      .map(([name, value]) => [name, Number(value)]),
  );

describe.each([
  ['coarser than the model', '4', 'MODEL_MISMATCH'],
  ['of unknown resolution', '', 'MPP_UNKNOWN'],
] as const)('a slide that is %s', (_, resolution, code) => {
  it.each([0, 1, 2])('at place %d takes the fallback; the others have the scores they have alone', async (at) => {
    const whole = folderOf(['0.5', '0.5', '0.5']);
    await scoreDirectory(whole.data, whole.options).done;
    const right = (await valuesOf(whole.output))['a.tif'];
    const { data, output, options } = folderOf(names.map((_, i) => (i === at ? resolution : '0.5')));
    const summary = await scoreDirectory(data, { ...options, fallback: 0.375 }).done;
    expect(summary.counts).toMatchObject({ scored: 2, fallback: 1 });
    expect(summary.rows[at]).toMatchObject({ error: code });
    const values = await valuesOf(output);
    for (const [i, name] of names.entries()) expect(values[name]).toBe(i === at ? 0.375 : right);
  });

  it('without a fallback value ends the run after the others; taken out, or left out, it is resumed', async () => {
    for (const change of ['taken out', 'left out'] as const) {
      const { data, output, options } = folderOf(['0.5', resolution, '0.5']);
      expect((await failureOf(scoreDirectory(data, options).done)).code).toBe(code);
      if (change === 'taken out') {
        rmSync(join(data, 'b.tif'));
        writeFileSync(options.metadata as string, 'filename,resolution\na.tif,0.5\nc.tif,0.5\n');
      }
      const skip = change === 'left out' ? { onError: 'skip' as const } : {};
      const summary = await scoreDirectory(data, { ...options, ...skip, resume: true }).done;
      expect(summary.counts).toMatchObject({ resumed: 2, scored: 0 });
      expect(Object.keys(await valuesOf(output))).toEqual(['a.tif', 'c.tif']);
    }
  });
});

describe('a model that fails on every tile', () => {
  it.each([
    ['shape.onnx', 'OUTPUT_SHAPE'],
    ['nan.onnx', 'OUTPUT_NOT_FINITE'],
  ] as const)('%s ends the run before its first row, and leaves nothing', async (model, code) => {
    const { data, output, options } = folderOf(['0.5', '0.5', '0.5']);
    const run = scoreDirectory(data, { ...options, model: at(model), fallback: 0.5 });
    expect((await failureOf(run.done)).code).toBe(code);
    expect((await readdir(scratch)).filter((name) => name.startsWith(basename(output)))).toEqual([]);
  });
});

describe('the journal of a real run', () => {
  it('has the runtime with its build, the instructions, the libraries and the device', async () => {
    const { data, output, options } = folderOf(['0.5', '', '0.5']);
    await failureOf(scoreDirectory(data, options).done);
    const machine: Readonly<Record<string, string>> = (await readJournal(`${output}.journal`))?.key.machine ?? {};
    expect(machine['ONNX Runtime']).toMatch(/^1\.\d+\.\d+.* \(.+\)$/);
    expect(machine['the SIMD level']).toMatch(/^(avx512|avx2|scalar)$/);
    expect(machine['the device']).toBe('cpu');
    expect(machine['libjpeg-turbo']).toMatch(/, \d+ bytes$/);
    expect(machine['libvips']).toMatch(/, \d+ bytes$/);
    expect(await machineIdentity('cpu')).toEqual(machine);
  });
});

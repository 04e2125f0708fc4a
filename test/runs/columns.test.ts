/** The columns of the output: their names, the model's further outputs, the status. The preset's stay as they are. */
import { readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Model } from '../../lib/model/model.js';
import { defaultClip } from '../../lib/scoring/result.js';
import { furtherCells, outputHeader } from '../../lib/runs/columns.js';
import { submissionText } from '../../lib/runs/csv-write.js';
import { parseDirectoryOptions } from '../../lib/runs/directory-options.js';
import { startRun } from '../../lib/runs/directory-run.js';
import { isComplete } from '../../lib/runs/output-files.js';
import type { DirectorySummary } from '../../lib/runs/types.js';
import { competitionArea, failureOf, fakeScorer, scoreOfName, type Area, type FakeScorer } from './support.js';

const score = (name: string | undefined): string => scoreOfName(name ?? '').toFixed(9);

/** With two further outputs; the value of the second is `value`. */
function manyOutputs(failing: Record<string, 'TRUNCATED'> = {}, value = 7): FakeScorer {
  const scorer = fakeScorer({ failing });
  const first = scorer.model.outputs[0] as Model['outputs'][number];
  const model: Model = {
    ...scorer.model,
    outputs: [
      ...scorer.model.outputs,
      { ...first, name: 'necrosis, %', clip: defaultClip, clipDeclared: false, fallback: null },
      { ...first, name: 'stroma', clip: [0, 1], clipDeclared: true, fallback: 0.5 },
    ],
  };
  return {
    ...scorer,
    model,
    score: async (path, options) => {
      const result = await scorer.score(path, options);
      const more = { 'necrosis, %': Float64Array.of(12.5), stroma: Float64Array.of(value) };
      return { ...result, outputs: { ...result.outputs, ...more } };
    },
  };
}

function run(area: Area, options: object, scorer: FakeScorer = fakeScorer()): Promise<DirectorySummary> {
  const given = { model: 'fake', output: area.output, ...options };
  return startRun({ kind: 'folder', dir: area.slides }, given, { createScorer: async () => scorer }).done;
}

const linesOf = async ({ output }: Area): Promise<string[]> => (await readFile(output, 'utf8')).trimEnd().split('\n');

describe('names of columns', () => {
  it('are those that were given, in format, metadata and output', async () => {
    const area = await competitionArea(2);
    const [a, b] = area.names;
    await writeFile(area.format, `comment,case\nfirst,${b}\nsecond,${a}\n`);
    await writeFile(area.metadata, `case,resolution\n${a},0.5\n${b},0.25\n`);
    const scorer = fakeScorer();
    const columns = { idColumn: 'case', valueColumn: 'risk' };
    await run(area, { ...columns, format: area.format, metadata: area.metadata, slidesInFlight: 1 }, scorer);
    expect(await linesOf(area)).toEqual(['case,risk', `${b},${score(b)}`, `${a},${score(a)}`]);
    expect(scorer.calls.map((call) => call.options.slideMpp)).toEqual([0.25, 0.5]);
    const resumed = await run(area, { ...columns, format: area.format, metadata: area.metadata, resume: true });
    expect(resumed.alreadyComplete).toBe(true);
  });

  it('one of them alone leaves the other as it is', async () => {
    const area = await competitionArea(1);
    await run(area, { valueColumn: 'risk "x", %' });
    expect((await linesOf(area))[0]).toBe('filename,"risk ""x"", %"');
  });

  it('the column of the names must be there', async () => {
    const area = await competitionArea(1);
    const error = await failureOf(run(area, { idColumn: 'case', format: area.format }));
    expect(error.code).toBe('CSV_INVALID');
    expect(error.message).toContain(
      'no column "case"; found "filename", "relapse"; correct the file, or pass idColumn',
    );
    const hint = await failureOf(run(area, { format: area.metadata }));
    expect(hint.advice).toBe('correct the file, or pass idColumn and valueColumn');
  });

  it.each([
    [{ idColumn: 'x', valueColumn: 'x' }, 'idColumn and valueColumn are both "x"'],
    [{ idColumn: 'relapse' }, 'idColumn and valueColumn are both "relapse"'],
    [{ statusColumn: 'filename' }, 'idColumn and statusColumn are both "filename"'],
    [{ valueColumn: 'a\nb' }, 'a name without control characters'],
    [{ idColumn: '' }, 'a string that is not empty'],
  ])('%j is refused', (options, message) => {
    const given = { model: 'fake', output: 'o.csv', ...options };
    expect(() => parseDirectoryOptions(given)).toThrow(message);
  });

  it.each([{ idColumn: 'case' }, { valueColumn: 'risk' }, { allOutputs: true }, { statusColumn: 'status' }])(
    'a preset has its own columns: %j is refused with it',
    (options) => {
      const [name = ''] = Object.keys(options);
      for (const preset of ['visiomel', 'isic2024']) {
        expect(() => parseDirectoryOptions({ model: 'fake', output: 'o.csv', preset, ...options })).toThrow(
          `Expected only one of preset and ${name}`,
        );
      }
    },
  );

  it.each([{ allOutputs: true }, { statusColumn: 'status' }])('%j needs an output', (options) => {
    expect(() => parseDirectoryOptions({ model: 'fake', ...options })).toThrow('was given without output');
  });
});

describe('the preset', () => {
  it('has the same bytes as ever, whatever else the model gives', async () => {
    const area = await competitionArea(3);
    for (const preset of [undefined, 'visiomel']) {
      const options = preset === undefined ? {} : { preset };
      await run(area, { format: area.format, overwrite: true, ...options }, manyOutputs());
      const rows = area.names.map((name) => `${name},${score(name)}\n`).join('');
      expect(await readFile(area.output, 'utf8')).toBe(`filename,relapse\n${rows}`);
    }
  });
});

describe('all outputs', () => {
  it('have a column each, within the ranges that are declared; the first is the score', async () => {
    const area = await competitionArea(2);
    const [a, b] = [...area.names].sort();
    const summary = await run(area, { allOutputs: true }, manyOutputs());
    expect(await linesOf(area)).toEqual([
      'filename,relapse,"necrosis, %",stroma',
      `${a},${score(a)},12.500000000,1.000000000`,
      `${b},${score(b)},12.500000000,1.000000000`,
    ]);
    expect(summary.rows[0]?.outputs).toEqual([scoreOfName(a ?? ''), 12.5, 7]);
    expect((await run(area, { allOutputs: true, resume: true }, manyOutputs())).alreadyComplete).toBe(true);
  });

  it('of a slide that failed are the fallbacks that the model declares, or nothing', async () => {
    const area = await competitionArea(2);
    const [a, b] = [...area.names].sort();
    await run(area, { allOutputs: true, statusColumn: 'state' }, manyOutputs({ [a ?? '']: 'TRUNCATED' }));
    expect(await linesOf(area)).toEqual([
      'filename,relapse,"necrosis, %",stroma,state',
      `${a},0.250000000,,0.500000000,fallback`,
      `${b},${score(b)},12.500000000,1.000000000,scored`,
    ]);
  });

  it('are the same bytes after an interruption, also of a run that was begun without them', async () => {
    const area = await competitionArea(3);
    const [first] = [...area.names].sort();
    await run(area, { allOutputs: true }, manyOutputs());
    const whole = await readFile(area.output, 'utf8');
    await unlink(area.output);
    const failing = { [first ?? '']: 'TRUNCATED' as const };
    await failureOf(run(area, { onError: 'error' }, manyOutputs(failing)));
    const scorer = manyOutputs();
    const summary = await run(area, { onError: 'error', allOutputs: true, resume: true }, scorer);
    expect(summary.counts).toMatchObject({ scored: 1, resumed: 2 });
    expect(await readFile(area.output, 'utf8')).toBe(whole);
  });

  it('that are no numbers are computed again of a run that was begun without them', async () => {
    const area = await competitionArea(2);
    const [first, second] = [...area.names].sort();
    const failing = { [first ?? '']: 'TRUNCATED' as const };
    await failureOf(run(area, { onError: 'error' }, manyOutputs(failing, Number.NaN)));
    // Cut off by another failure after the second slide: the journal then has two scores of it.
    await failureOf(run(area, { onError: 'error', allOutputs: true, resume: true }, manyOutputs(failing)));
    const summary = await run(area, { onError: 'error', allOutputs: true, resume: true }, manyOutputs());
    expect(summary.counts).toMatchObject({ scored: 1, resumed: 1 });
    expect((await linesOf(area))[2]).toBe(`${second},${score(second)},12.500000000,1.000000000`);
  });

  it('that are no numbers fail the slide, and only where they are to be written', async () => {
    const area = await competitionArea(1);
    const summary = await run(area, { allOutputs: true }, manyOutputs({}, Number.NaN));
    expect(summary.rows[0]).toMatchObject({ source: 'fallback', error: 'OUTPUT_NOT_FINITE' });
    expect((await run(area, { overwrite: true }, manyOutputs({}, Number.NaN))).counts.scored).toBe(1);
  });

  it('that are called like another column are refused before the first slide', async () => {
    const area = await competitionArea(1);
    const scorer = manyOutputs();
    for (const [options, advice] of [
      [{ idColumn: 'stroma' }, 'choose another idColumn'],
      [{ valueColumn: 'stroma' }, 'choose another valueColumn'],
      [{ statusColumn: 'stroma' }, 'choose another statusColumn'],
    ] as const) {
      const error = await failureOf(run(area, { allOutputs: true, ...options }, scorer));
      expect(error.code).toBe('INVALID_OPTION');
      expect(error.advice).toBe(advice);
    }
    expect(scorer.calls).toHaveLength(0);
  });
});

describe('the status', () => {
  it('tells a fallback from a score, and a missing slide from both', async () => {
    const area = await competitionArea(3);
    const [a, b, c] = area.names;
    await unlink(join(area.slides, b ?? ''));
    const failing = { [c ?? '']: 'TRUNCATED' as const };
    const options = { format: area.format, onMissing: 'fallback', statusColumn: 'status' };
    await run(area, options, fakeScorer({ failing }));
    expect(await linesOf(area)).toEqual([
      'filename,relapse,status',
      `${a},${score(a)},scored`,
      `${b},0.250000000,missing`,
      `${c},0.250000000,fallback`,
    ]);
    expect((await run(area, { ...options, resume: true })).alreadyComplete).toBe(true);
  });

  it('of a row of the journal is scored', async () => {
    const area = await competitionArea(2);
    const failing = { [area.names[0] ?? '']: 'TRUNCATED' as const };
    await failureOf(run(area, { onError: 'error', statusColumn: 's' }, fakeScorer({ failing })));
    await run(area, { onError: 'error', statusColumn: 's', resume: true });
    expect((await linesOf(area)).slice(1).every((line) => line.endsWith(',scored'))).toBe(true);
  });

  it('keeps the row of a slide that was skipped, without a value', async () => {
    const area = await competitionArea(2);
    const [a, b] = [...area.names].sort();
    const failing = { [a ?? '']: 'TRUNCATED' as const };
    const options = { onError: 'skip', statusColumn: 'status', allOutputs: true };
    const summary = await run(area, options, manyOutputs(failing));
    expect(summary.counts).toMatchObject({ scored: 1, failed: 1, skipped: 0 });
    expect(await linesOf(area)).toEqual([
      'filename,relapse,"necrosis, %",stroma,status',
      `${a},,,,failed: TRUNCATED`,
      `${b},${score(b)},12.500000000,1.000000000,scored`,
    ]);
    expect((await run(area, { ...options, resume: true })).alreadyComplete).toBe(true);
    await run(area, { onError: 'skip', overwrite: true }, manyOutputs(failing));
    expect(await linesOf(area)).toEqual(['filename,relapse', `${b},${score(b)}`]);
  });

  it('of a row without a value has the code of its error', () => {
    const columns = { idColumn: null, valueColumn: null, statusColumn: 'status', allOutputs: true };
    const { model } = manyOutputs();
    const row = { name: 'a.tif', score: null, source: 'failed', error: 'NO_TISSUE' } as const;
    const more = furtherCells(row, columns, model);
    expect(more).toEqual(['', '', 'failed: NO_TISSUE']);
    const header = outputHeader(['filename', 'relapse'], columns, model);
    expect(submissionText(header, [{ name: 'a.tif', value: null, more }], null)).toBe(
      'filename,relapse,"necrosis, %",stroma,status\na.tif,,,,failed: NO_TISSUE\n',
    );
    expect(() => submissionText(['f', 'r'], [{ name: 'a.tif', value: null }], null)).toThrow('"a.tif"');
  });
});

describe('whether an output is complete', () => {
  it.each([
    ['f,r,s\na,0.500000000,scored\n', true],
    ['f,r,s\na,0.500000000,fallback\n', true],
    ['f,r,s\na,,failed: NO_TISSUE\n', true],
    ['f,r,s\na,,scored\n', false],
    ['f,r,s\na,0.500000000,\n', false],
    ['f,r,s\na,0.500000000,maybe\n', false],
    ['f,r\na,0.500000000\n', false],
    ['f,r,x,s\na,0.500000000,1.000000000,scored\n', false],
    ['f,r,t\na,0.500000000,scored\n', false],
  ])('%j: %s', async (text, complete) => {
    const { output } = await competitionArea(1);
    await writeFile(output, text);
    const more = { allOutputs: false, statusColumn: 's' };
    expect(await isComplete(output, ['f', 'r'], ['a'], undefined, more)).toBe(complete);
  });
});

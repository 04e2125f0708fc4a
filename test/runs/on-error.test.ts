/** What becomes of a run when slides fail: the slide's own failures, the model's, and what stands in for a score. */
import { readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorAdvice, MicrotomeError, stages, type ErrorCode } from '../../lib/core/errors.js';
import type { SlideOutcome } from '../../lib/scoring/result.js';
import { parseDirectoryOptions } from '../../lib/runs/directory-options.js';
import type { DirectoryRun } from '../../lib/runs/types.js';
import { competitionArea, failureOf } from './support.js';
import { besides, csvOf, scoredNames, start } from './start.js';

async function outcomesOf(run: DirectoryRun): Promise<SlideOutcome[]> {
  const outcomes: SlideOutcome[] = [];
  for await (const outcome of run) outcomes.push(outcome);
  return outcomes;
}

/** CANCELLED ends the run where it was cancelled; a scorer of a run that goes on never says so. DEVICE_LOST: see below. */
const endings: readonly ErrorCode[] = ['CANCELLED', 'DEVICE_LOST'];
const codes = (Object.keys(errorAdvice) as ErrorCode[]).filter((code) => !endings.includes(code));

describe('a slide that fails', () => {
  it.each(codes)('with %s, before and after others: it takes the fallback, the others are scored', async (code) => {
    for (const [at, inFlight] of [
      [0, 1],
      [0, 2],
      [4, 1],
      [2, 3],
    ] as const) {
      const area = await competitionArea(5);
      const names = [...area.names].sort();
      const bad = names[at] as string;
      const options = { slidesInFlight: inFlight };
      const { run } = start(area, options, { failing: { [bad]: code }, failingStage: 'tiles', fallback: 0.125 });
      const summary = await run.done;
      expect(summary.counts).toMatchObject({ scored: 4, fallback: 1 });
      expect(summary.rows[at]).toMatchObject({ source: 'fallback', error: code, score: 0.125 });
      expect((await readFile(area.output, 'utf8')).split('\n')[at + 1]).toBe(`${bad},0.125000000`);
      expect(await besides(area)).toEqual(['submission.csv']);
    }
  });

  it.each(stages)('at the stage %s: the same', async (failingStage) => {
    const area = await competitionArea(3);
    const failing = { [area.names[1] as string]: 'MODEL_MISMATCH' as const };
    const modelFault = async () => null;
    const { run } = start(area, {}, { failing, failingStage }, { modelFault });
    expect((await run.done).counts).toMatchObject({ scored: 2, fallback: 1 });
  });

  it('when all do, every row takes the fallback', async () => {
    const area = await competitionArea(3);
    const failing = Object.fromEntries(area.names.map((name) => [name, 'MPP_UNKNOWN' as const]));
    const { run } = start(area, {}, { failing, failingStage: 'tiles' });
    expect((await run.done).counts).toMatchObject({ scored: 0, fallback: 3 });
  });
});

describe('a failure while the model ran', () => {
  const fault = (code: ErrorCode) => new MicrotomeError(code, 'infer', 'on a trial tile');

  it('ends the run before its first row where the model fails in the same way without a slide', async () => {
    const area = await competitionArea(6);
    const failing = Object.fromEntries(area.names.map((name) => [name, 'OUTPUT_SHAPE' as const]));
    let trials = 0;
    const modelFault = async () => {
      ++trials;
      return fault('OUTPUT_SHAPE');
    };
    const { run, scorer } = start(area, {}, { failing, failingStage: 'infer' }, { modelFault });
    expect((await failureOf(run.done)).code).toBe('OUTPUT_SHAPE');
    expect(scorer.calls.length).toBeLessThanOrEqual(2);
    expect(trials).toBe(1);
    expect(scorer.closed).toBe(true);
    expect(await besides(area)).toEqual([]);
  });

  it.each([
    ['the model runs well without the slide', async () => null],
    ['the model fails in another way', async () => fault('INVALID_OPTION')],
  ])("is the slide's where %s", async (_, modelFault) => {
    const area = await competitionArea(3);
    const failing = { [[...area.names].sort()[0] as string]: 'MODEL_INVALID' as const };
    const { run } = start(area, {}, { failing, failingStage: 'infer' }, { modelFault });
    expect((await run.done).counts).toMatchObject({ scored: 2, fallback: 1 });
  });

  it('of another kind asks nobody', async () => {
    const area = await competitionArea(2);
    const failing = { [area.names[0] as string]: 'MODEL_MISMATCH' as const };
    const modelFault = () => Promise.reject(new Error('asked'));
    const { run } = start(area, {}, { failing, failingStage: 'tiles' }, { modelFault });
    expect((await run.done).counts).toMatchObject({ scored: 1, fallback: 1 });
  });
});

describe('a GPU that is lost', () => {
  it.each(['fallback', 'skip', 'error'])('ends the run, which is resumed from its journal: %s', async (onError) => {
    const area = await competitionArea(5);
    const names = [...area.names].sort();
    const failing = { [names[2] as string]: 'DEVICE_LOST' as const };
    const modelFault = () => Promise.reject(new Error('asked'));
    const options = { onError, slidesInFlight: 1 };
    const lost = start(area, options, { failing, failingStage: 'infer', fallback: 0.5 }, { modelFault });
    expect((await failureOf(lost.run.done)).code).toBe('DEVICE_LOST');
    expect(scoredNames(lost)).toEqual(names.slice(0, 3));
    expect(await besides(area)).toEqual(['submission.csv.journal']);
    const again = start(area, { ...options, resume: true }, { fallback: 0.5 });
    expect((await again.run.done).counts).toMatchObject({ resumed: 2, scored: 3, fallback: 0 });
    expect(await readFile(area.output, 'utf8')).toBe(csvOf(names));
  });
});

describe('what is wrong for all slides', () => {
  it('a mask that is not there, or is no GeoJSON, ends the run before any work', async () => {
    for (const output of [undefined, 'with output']) {
      const area = await competitionArea(2);
      const more = output === undefined ? { output } : {};
      const missing = start(area, { ...more, mask: join(area.folder, 'none.geojson') });
      expect((await failureOf(missing.run.done)).code).toBe('FILE_NOT_FOUND');
      const mask = join(area.slides, 'mask.geojson');
      await writeFile(mask, '{"type":"Nothing"}');
      const wrong = start(area, { ...more, mask });
      expect((await failureOf(wrong.run.done)).code).toBe('INVALID_OPTION');
      expect([...missing.scorer.calls, ...wrong.scorer.calls]).toEqual([]);
      expect(await besides(area)).toEqual([]);
    }
  });
});

describe("onError: 'skip'", () => {
  it('the output has the rows of the slides that were scored, the others are listed', async () => {
    const area = await competitionArea(5);
    const names = [...area.names].sort();
    const [bad, worse] = [names[1] as string, names[4] as string];
    const failing = { [bad]: 'MODEL_MISMATCH' as const, [worse]: 'TRUNCATED' as const };
    // Also where the model declares a fallback value: nothing is to stand in for a score.
    for (const fallback of [0.25, null]) {
      const { run } = start(area, { onError: 'skip', overwrite: true }, { failing, failingStage: 'tiles', fallback });
      const outcomes = await outcomesOf(run);
      const summary = await run.done;
      const kept = names.filter((name) => name !== bad && name !== worse);
      expect(await readFile(area.output, 'utf8')).toBe(csvOf(kept));
      expect(summary.counts).toMatchObject({ scored: 3, skipped: 2, fallback: 0, failed: 0 });
      expect(summary.rows.filter((row) => row.source === 'skipped')).toMatchObject([
        { name: bad, score: null, error: 'MODEL_MISMATCH' },
        { name: worse, score: null, error: 'TRUNCATED' },
      ]);
      expect(outcomes.filter((outcome) => !outcome.ok)).toMatchObject([{ fallback: null }, { fallback: null }]);
      expect(await besides(area)).toEqual(['submission.csv']);
    }
  });

  it('an output without a row is written too', async () => {
    const area = await competitionArea(2);
    const failing = Object.fromEntries(area.names.map((name) => [name, 'NO_TISSUE' as const]));
    const { run } = start(area, { onError: 'skip' }, { failing });
    expect((await run.done).counts).toMatchObject({ skipped: 2 });
    expect(await readFile(area.output, 'utf8')).toBe(csvOf([]));
  });

  it('an interrupted run is resumed with it, and tries the skipped slides again', async () => {
    const area = await competitionArea(4);
    const names = [...area.names].sort();
    const bad = names[0] as string;
    const first = start(area, { onError: 'skip', slidesInFlight: 1 }, { failing: { [bad]: 'NO_TISSUE' } });
    let taken = 0;
    for await (const _ of first.run) if (++taken === 3) break;
    const second = start(area, { onError: 'skip', resume: true }, { failing: { [bad]: 'NO_TISSUE' } });
    await second.run.done;
    expect(scoredNames(second)[0]).toBe(bad);
    expect(await readFile(area.output, 'utf8')).toBe(csvOf(names.slice(1)));
  });

  it('a finished output that lacks a slide of this run is not taken for complete', async () => {
    const area = await competitionArea(3);
    const names = [...area.names].sort();
    const bad = names[2] as string;
    await start(area, { onError: 'skip' }, { failing: { [bad]: 'NO_TISSUE' } }).run.done;
    const again = start(area, { onError: 'skip', resume: true });
    expect((await failureOf(again.run.done)).code).toBe('OUTPUT_EXISTS');
    await unlink(join(area.slides, bad));
    const without = start(area, { onError: 'skip', resume: true });
    expect(await without.run.done).toMatchObject({ alreadyComplete: true });
  });

  it('with a format is refused as a contradiction', async () => {
    const area = await competitionArea(2);
    const { run, scorer } = start(area, { onError: 'skip', format: area.format });
    const error = await failureOf(run.done);
    expect(error.code).toBe('INVALID_OPTION');
    expect(error.message).toContain("onError: 'skip' was given with format");
    expect(scorer.calls).toEqual([]);
    expect(await besides(area)).toEqual([]);
  });
});

describe('a fallback value that is given', () => {
  it.each([
    ['the model declares none', null],
    ['the model declares another, which it goes before', 0.25],
  ])('stands in for slides that failed, where %s', async (_, fallback) => {
    const area = await competitionArea(3);
    const bad = area.names[0] as string;
    const { run } = start(area, { fallback: 0.625 }, { failing: { [bad]: 'NO_TISSUE' }, fallback });
    const outcomes = await outcomesOf(run);
    expect(outcomes.find((outcome) => !outcome.ok)).toMatchObject({ fallback: 0.625 });
    expect((await run.done).counts).toMatchObject({ scored: 2, fallback: 1 });
    expect(await readFile(area.output, 'utf8')).toContain(`${bad},0.625000000\n`);
  });

  it('stands in for rows without a slide', async () => {
    const area = await competitionArea(3);
    const gone = area.names[1] as string;
    await unlink(join(area.slides, gone));
    const options = { format: area.format, onMissing: 'fallback', fallback: 0.625 };
    const { run } = start(area, options, { fallback: null });
    expect((await run.done).counts).toMatchObject({ scored: 2, missing: 1 });
    expect(await readFile(area.output, 'utf8')).toContain(`${gone},0.625000000\n`);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, '0.5', null])('%j is no value', (fallback) => {
    expect(() => parseDirectoryOptions({ model: 'm', fallback })).toThrow('fallback');
  });

  it("with onError 'error' nothing stands in, and nothing is written", async () => {
    const area = await competitionArea(3);
    const failing = { [area.names[0] as string]: 'NO_TISSUE' as const };
    const { run } = start(area, { fallback: 0.5, onError: 'error' }, { failing });
    expect((await failureOf(run.done)).code).toBe('NO_TISSUE');
    expect(await besides(area)).toEqual(['submission.csv.journal']);
  });
});

import { appendFile, readdir, readFile, rm, truncate, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MicrotomeError } from '../../lib/core/errors.js';
import type { Model } from '../../lib/model/model.js';
import type { SlideOutcome } from '../../lib/scoring/result.js';
import { startRun } from '../../lib/runs/directory-run.js';
import { sourceOf } from '../../lib/runs/score-directory.js';
import type { DirectoryProgress, DirectoryRun } from '../../lib/runs/types.js';
import {
  competitionArea,
  failureOf,
  fakeScorer,
  faultyFileSystem,
  scoreOfName,
  systemError,
  type Area,
  type FakeScorerSettings,
} from './support.js';
import { csvOf, quickLock, start as startIn } from './start.js';

/** With all the files of the competition. */
const start: typeof startIn = (area, options = {}, ...more) =>
  startIn(area, { format: area.format, metadata: area.metadata, ...options }, ...more);

async function filesBeside(area: Area): Promise<string[]> {
  return (await readdir(area.folder)).filter((name) => name !== 'data').sort();
}

async function collect(run: DirectoryRun): Promise<SlideOutcome[]> {
  const outcomes: SlideOutcome[] = [];
  for await (const outcome of run) outcomes.push(outcome);
  return outcomes;
}

const pathOf = (outcome: SlideOutcome): string => (outcome.ok ? outcome.result.path : outcome.path);

describe('a whole run', () => {
  it('awaiting done alone writes the CSV in the order of the format, and nothing else stays', async () => {
    const area = await competitionArea();
    const { run, scorer } = start(area);
    const summary = await run.done;
    expect(await readFile(area.output, 'utf8')).toBe(csvOf(area.names));
    expect(await filesBeside(area)).toEqual(['submission.csv']);
    expect(summary).toMatchObject({
      output: area.output,
      alreadyComplete: false,
      tiles: 20,
      counts: { scored: 5, failed: 0 },
    });
    expect(summary.rows.map((row) => row.name)).toEqual(area.names);
    expect(scorer.closed).toBe(true);
  });

  it('yields in row order whatever finishes first, each row on disk before it is told', async () => {
    const area = await competitionArea(8);
    const slow = new Set([area.names[0], area.names[3]]);
    const { run, scorer } = start(area, {}, { delayMs: (name) => (slow.has(name) ? 60 : 1) });
    const seen: string[] = [];
    for await (const outcome of run) {
      const name = pathOf(outcome).slice(area.slides.length + 1);
      seen.push(name);
      // In the journal, or, when the run has ended behind the reader's back, in the output that took its place.
      const journal = await readFile(`${area.output}.journal`, 'utf8').catch(() => null);
      if (journal === null) expect(await readFile(area.output, 'utf8')).toContain(`${name},`);
      else expect(journal).toContain(JSON.stringify(name));
    }
    expect(seen).toEqual(area.names);
    expect(scorer.maxInFlight).toBe(2);
    // The loop ends after the output is there.
    expect(await readFile(area.output, 'utf8')).toBe(csvOf(area.names));
  });

  it('a slow consumer holds the workers back', async () => {
    const area = await competitionArea(30);
    const { run, scorer } = start(area);
    const iterator = run[Symbol.asyncIterator]();
    await iterator.next();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(scorer.calls.length).toBeLessThanOrEqual(9);
    while ((await iterator.next()).done !== true);
    expect(scorer.calls.length).toBe(30);
    await run.done;
  });

  it('hands each slide its clinical values and resolution; an option goes before the column', async () => {
    const area = await competitionArea(3);
    const { run, scorer } = start(area, { slidesInFlight: 1 });
    await run.done;
    expect(scorer.calls.map((call) => call.options.slideMpp)).toEqual([0.2, 0.21, 0.22]);
    expect(scorer.calls[1]?.options.clinical).toMatchObject({
      age: '[32:34[',
      body_site: 'trunc',
      melanoma_history: null,
    });
    const other = start(area, { slideMpp: 0.5, overwrite: true });
    await other.run.done;
    expect(other.scorer.calls.map((call) => call.options.slideMpp)).toEqual([0.5, 0.5, 0.5]);
  });

  it('without format: every slide of the folder in name order; without output: nothing is written', async () => {
    const area = await competitionArea(4);
    const { run } = start(area, { format: undefined, output: undefined, metadata: undefined });
    const outcomes = await collect(run);
    expect(outcomes.map((outcome) => pathOf(outcome))).toEqual(
      [...area.names].sort().map((name) => join(area.slides, name)),
    );
    expect(await filesBeside(area)).toEqual([]);
    const written = start(area, { format: undefined, metadata: undefined });
    await written.run.done;
    expect(await readFile(area.output, 'utf8')).toBe(csvOf([...area.names].sort()));
  });

  it('a text is a folder, a list is slides', () => {
    expect(sourceOf('data')).toEqual({ kind: 'folder', dir: 'data' });
    expect(sourceOf(['b.tif', 'a.tif'])).toEqual({ kind: 'files', paths: ['b.tif', 'a.tif'] });
  });

  it('single slides', async () => {
    const area = await competitionArea(3);
    const paths = [area.names[2], area.names[0]].map((name) => join(area.slides, name as string));
    const { run } = start(area, { format: undefined }, {}, {}, { kind: 'files', paths });
    await run.done;
    expect(await readFile(area.output, 'utf8')).toBe(csvOf([area.names[2] as string, area.names[0] as string]));
    const refused = start(area, { overwrite: true }, {}, {}, { kind: 'files', paths });
    expect((await failureOf(refused.run.done)).code).toBe('INVALID_OPTION');
  });

  it("the bundle's clip holds the output, not the summary", async () => {
    const area = await competitionArea(2);
    const { run } = start(area, {}, { clip: [0.4, 0.6], score: (name) => (name === area.names[0] ? 0 : 1) });
    const summary = await run.done;
    expect(await readFile(area.output, 'utf8')).toBe(csvOf(area.names, (name) => (name === area.names[0] ? 0.4 : 0.6)));
    expect(summary.rows.map((row) => row.score)).toEqual([0, 1]);
    expect(summary.rows.map((row) => row.clippedFrom)).toEqual([0, 1]);
    expect(summary.clipped).toBe(2);
  });

  it('reports slides, tiles, rates and the time left, ending at the total', async () => {
    const area = await competitionArea(4);
    const seen: DirectoryProgress[] = [];
    const { run } = start(area, { onProgress: (p: DirectoryProgress) => seen.push(p) }, { delayMs: () => 5 });
    await run.done;
    const last = seen.at(-1);
    expect(last).toMatchObject({ slides: { done: 4, total: 4 }, failed: 0, resumed: 0, timeLeftMs: 0 });
    expect(last?.slidesPerHour).toBeGreaterThan(0);
    expect(last?.tilesPerSecond).toBeGreaterThan(0);
    expect(seen.map((p) => p.slides.done)).toEqual([...seen.map((p) => p.slides.done)].sort((a, b) => a - b));
  });

  it('tells the model once, before the first slide; what onModel throws changes nothing', async () => {
    const area = await competitionArea(3);
    const calls: string[] = [];
    const onModel = (model: Model): void => {
      calls.push(`${model.name} after ${scorer.calls.length} slides`);
      throw new Error('made by the test');
    };
    const { run, scorer } = start(area, { onModel });
    await run.done;
    expect(calls).toEqual(['fake after 0 slides']);
    expect(await readFile(area.output, 'utf8')).toBe(csvOf(area.names));
  });

  it('a throwing progress callback changes nothing', async () => {
    const area = await competitionArea(2);
    const { run } = start(area, {
      onProgress: () => {
        throw new Error('not your day');
      },
    });
    expect((await run.done).counts.scored).toBe(2);
  });
});

describe('refused before anything is written', () => {
  async function refusal(area: Area, options: Record<string, unknown>, settings: FakeScorerSettings = {}) {
    const before = await filesBeside(area);
    let created = 0;
    const scorer = fakeScorer(settings);
    const given = { model: 'fake', format: area.format, metadata: area.metadata, output: area.output, ...options };
    const createScorer = async () => {
      ++created;
      return scorer;
    };
    const run = startRun({ kind: 'folder', dir: area.slides }, given, { createScorer, lockTimes: quickLock });
    const error = await failureOf(run.done);
    expect(await filesBeside(area)).toEqual(before);
    return { error, created };
  }

  it('options that are misspelt or do not go together', async () => {
    const area = await competitionArea(1);
    expect((await refusal(area, { ouput: 'x' })).error.message).toContain('did you mean "output"');
    for (const options of [
      { resume: true, overwrite: true },
      { output: undefined, resume: true },
      { onMissing: 'skip' },
      { slidesInFlight: 0 },
      { preset: 'other' },
    ]) {
      expect((await refusal(area, options)).error.code, JSON.stringify(options)).toBe('INVALID_OPTION');
    }
  });

  it('files that are wrong or disagree, all problems at once, and no model is loaded for it', async () => {
    const area = await competitionArea(4);
    await unlink(join(area.slides, area.names[1] as string));
    await unlink(join(area.slides, area.names[3] as string));
    const { error, created } = await refusal(area, {});
    expect(error.code).toBe('ROWS_MISMATCH');
    expect(error.message).toContain(area.names[1]);
    expect(error.message).toContain(area.names[3]);
    expect(created).toBe(0);
    await writeFile(area.format, 'filename,relapse\n../x.tif,0.5\n');
    expect((await refusal(area, {})).error.code).toBe('CSV_INVALID');
    expect((await refusal(area, { format: join(area.folder, 'none.csv') })).error.code).toBe('FILE_NOT_FOUND');
  });

  it('unsafe and duplicate names are refused also with onMissing fallback', async () => {
    const area = await competitionArea(2);
    for (const name of ['../x.tif', area.names[0]]) {
      await writeFile(area.format, `filename,relapse\n${area.names[0]},0.5\n${name},0.5\n`);
      expect((await refusal(area, { onMissing: 'fallback' })).error.code).toBe('CSV_INVALID');
    }
  });

  it('a missing slide where the model declares no fallback', async () => {
    const area = await competitionArea(2);
    await unlink(join(area.slides, area.names[0] as string));
    const { error } = await refusal(area, { onMissing: 'fallback' }, { fallback: null });
    expect(error.code).toBe('ROWS_MISMATCH');
    expect(error.message).toContain('declares no fallback');
  });

  it('an output that is there, an unfinished one, a folder, an input', async () => {
    const area = await competitionArea(2);
    await writeFile(area.output, 'precious');
    expect((await refusal(area, {})).error.code).toBe('OUTPUT_EXISTS');
    expect(await readFile(area.output, 'utf8')).toBe('precious');
    await unlink(area.output);
    await writeFile(`${area.output}.journal`, '');
    expect((await refusal(area, {})).error.message).toContain('was interrupted');
    await unlink(`${area.output}.journal`);
    expect((await refusal(area, { output: area.slides })).error.code).toBe('INVALID_OPTION');
    expect((await refusal(area, { output: join(area.folder, 'no', 'out.csv') })).error.code).toBe('FILE_NOT_FOUND');
    for (const output of [area.format, area.metadata, join(area.slides, area.names[1] as string)]) {
      const before = await readFile(output, 'utf8');
      expect((await refusal(area, { output, overwrite: true })).error.message).toContain('is an input of the run');
      expect(await readFile(output, 'utf8')).toBe(before);
    }
  });

  it('a model that cannot be loaded', async () => {
    const area = await competitionArea(2);
    const createScorer = () => Promise.reject(new MicrotomeError('MODEL_INVALID', 'options', 'made by the test'));
    const { run } = start(area, {}, {}, { createScorer });
    expect((await failureOf(run.done)).code).toBe('MODEL_INVALID');
    expect(await filesBeside(area)).toEqual([]);
  });
});

describe('slides that fail', () => {
  it('take the declared fallback, the others are scored, the CSV is complete', async () => {
    const area = await competitionArea();
    const bad = area.names[2] as string;
    const { run } = start(area, {}, { failing: { [bad]: 'CORRUPT_TILE' }, fallback: 0.158 });
    const outcomes = await collect(run);
    expect(outcomes.map((outcome) => outcome.ok)).toEqual([true, true, false, true, true]);
    expect(outcomes[2]).toMatchObject({ ok: false, fallback: 0.158, error: { code: 'CORRUPT_TILE' } });
    const summary = await run.done;
    expect(summary.counts).toMatchObject({ scored: 4, fallback: 1 });
    expect(summary.rows[2]).toMatchObject({ source: 'fallback', error: 'CORRUPT_TILE' });
    expect(await readFile(area.output, 'utf8')).toBe(
      csvOf(area.names, (name) => (name === bad ? 0.158 : scoreOfName(name))),
    );
    expect(await filesBeside(area)).toEqual(['submission.csv']);
  });

  it.each([
    ['no fallback is declared', {}, null],
    ["onError is 'error'", { onError: 'error' }, 0.5],
  ] as const)(
    'where %s: the others are scored, no CSV, and the repaired slide completes it',
    async (_, options, fallback) => {
      const area = await competitionArea();
      const bad = area.names[1] as string;
      const first = start(area, options, { failing: { [bad]: 'TRUNCATED' }, fallback });
      const error = await failureOf(first.run.done);
      expect(error.code).toBe('TRUNCATED');
      expect(first.scorer.calls).toHaveLength(5);
      expect(await filesBeside(area)).toEqual(['submission.csv.journal']);
      await writeFile(join(area.slides, bad), 'repaired');
      const second = start(area, { ...options, resume: true }, { fallback });
      const summary = await second.run.done;
      expect(second.scorer.calls.map((call) => call.path)).toEqual([join(area.slides, bad)]);
      expect(summary.counts).toMatchObject({ scored: 1, resumed: 4 });
      expect(await readFile(area.output, 'utf8')).toBe(csvOf(area.names));
      expect(await filesBeside(area)).toEqual(['submission.csv']);
    },
  );

  it('without an output the run ends well, the row has no score', async () => {
    const area = await competitionArea(2);
    const { run } = start(
      area,
      { output: undefined },
      { failing: { [area.names[0] as string]: 'NO_TISSUE' }, fallback: null },
    );
    const summary = await run.done;
    expect(summary.rows.map((row) => row.source)).toEqual(['failed', 'scored']);
    expect(summary.rows[0]?.score).toBeNull();
  });

  it('a score that is not finite is a failure of its slide', async () => {
    const area = await competitionArea(2);
    const { run } = start(area, {}, { score: (name) => (name === area.names[1] ? Number.NaN : 0.5) });
    expect((await run.done).rows.map((row) => row.error)).toEqual([null, 'OUTPUT_NOT_FINITE']);
  });

  it('an unknown exception of one slide is INTERNAL, and isolated', async () => {
    const area = await competitionArea(3);
    const scorer = fakeScorer();
    const score = scorer.score.bind(scorer);
    scorer.score = async (path, options) => {
      if (path.endsWith(area.names[1] as string)) throw new TypeError('a bug');
      return score(path, options);
    };
    const { run } = start(area, {}, {}, { createScorer: async () => scorer });
    expect((await run.done).rows.map((row) => row.error)).toEqual([null, 'INTERNAL', null]);
  });

  it('rows without slide or metadata take the fallback with onMissing fallback', async () => {
    const area = await competitionArea(4);
    const [gone, unknown] = [area.names[0] as string, area.names[2] as string];
    await unlink(join(area.slides, gone));
    const lines = (await readFile(area.metadata, 'utf8')).split('\n').filter((line) => !line.startsWith(unknown));
    await writeFile(area.metadata, lines.join('\n'));
    const { run, scorer } = start(area, { onMissing: 'fallback' }, { fallback: 0.125 });
    const outcomes = await collect(run);
    expect(outcomes.map((outcome) => (outcome.ok ? null : outcome.error.code))).toEqual([
      'ROWS_MISMATCH',
      null,
      'ROWS_MISMATCH',
      null,
    ]);
    expect((await run.done).counts).toMatchObject({ missing: 2, scored: 2 });
    expect(scorer.calls).toHaveLength(2);
    const filled = new Set([gone, unknown]);
    expect(await readFile(area.output, 'utf8')).toBe(
      csvOf(area.names, (name) => (filled.has(name) ? 0.125 : scoreOfName(name))),
    );
  });
});

describe('stopping', () => {
  it('the signal ends the run with its reason; resuming gives the same bytes without scoring twice', async () => {
    const area = await competitionArea(10);
    const controller = new AbortController();
    const reason = new Error('enough');
    const first = start(area, { signal: controller.signal }, { delayMs: () => 5 });
    let count = 0;
    const loop = (async () => {
      for await (const _ of first.run) if (++count === 3) controller.abort(reason);
    })();
    await expect(loop).rejects.toBe(reason);
    await expect(first.run.done).rejects.toBe(reason);
    expect(first.scorer.inFlight).toBe(0);
    expect(first.scorer.closed).toBe(true);
    expect(await filesBeside(area)).toEqual(['submission.csv.journal']);
    const done = (await readFile(`${area.output}.journal`, 'utf8')).split('\n').length - 2;
    expect(done).toBeGreaterThanOrEqual(3);
    const second = start(area, { resume: true });
    const outcomes = await collect(second.run);
    expect(outcomes).toHaveLength(10 - done);
    expect(second.scorer.calls).toHaveLength(10 - done);
    expect(await readFile(area.output, 'utf8')).toBe(csvOf(area.names));
  });

  it('an aborted signal starts nothing', async () => {
    const area = await competitionArea(1);
    const { run, scorer } = start(area, { signal: AbortSignal.abort(new Error('before')) });
    await expect(run.done).rejects.toThrow('before');
    expect(scorer.calls).toHaveLength(0);
    expect(await filesBeside(area)).toEqual([]);
  });

  it('leaving the loop cancels: nothing is in flight after it, the journal stays, done rejects', async () => {
    const area = await competitionArea(10);
    const { run, scorer } = start(area, {}, { delayMs: () => 5 });
    for await (const outcome of run) {
      expect(outcome.ok).toBe(true);
      break;
    }
    expect(scorer.inFlight).toBe(0);
    expect(scorer.closed).toBe(true);
    expect((await failureOf(run.done)).code).toBe('CANCELLED');
    expect(await filesBeside(area)).toEqual(['submission.csv.journal']);
  });

  it('a failing run that nobody awaits by done does not raise an unhandled rejection', async () => {
    const area = await competitionArea(1);
    const unhandled: unknown[] = [];
    const listen = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', listen);
    const { run } = start(area, { format: join(area.folder, 'none.csv') });
    await expect(collect(run)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off('unhandledRejection', listen);
    expect(unhandled).toEqual([]);
  });

  it('is iterated once only', async () => {
    const area = await competitionArea(1);
    const { run } = start(area);
    await collect(run);
    expect(() => run[Symbol.asyncIterator]()).toThrow(/iterated twice/);
  });
});

describe('resuming', () => {
  /** Leaves the journal of a run that scored `finished` slides. */
  async function interrupted(area: Area, finished: number, options: Record<string, unknown> = {}): Promise<void> {
    const { run } = start(area, { slidesInFlight: 1, ...options });
    let count = 0;
    for await (const _ of run) if (++count === finished) break;
    await run.done.catch(() => {});
  }

  it('starts anew where there is nothing, or only a torn head line', async () => {
    const area = await competitionArea(3);
    await writeFile(`${area.output}.journal`, '{"sum":"01');
    const { run } = start(area, { resume: true });
    expect((await run.done).counts).toMatchObject({ scored: 3, resumed: 0 });
    expect(await readFile(area.output, 'utf8')).toBe(csvOf(area.names));
  });

  it('after a finished run says so and does nothing', async () => {
    const area = await competitionArea(3);
    await start(area).run.done;
    const before = await readFile(area.output, 'utf8');
    const { run, scorer } = start(area, { resume: true });
    expect(await run.done).toMatchObject({ alreadyComplete: true, output: area.output });
    expect(scorer.calls).toHaveLength(0);
    expect(await readFile(area.output, 'utf8')).toBe(before);
  });

  it.each([
    ['short', (text: string) => text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1)],
    [
      'in another order',
      (text: string) =>
        text
          .split('\n')
          .toSpliced(1, 2, ...text.split('\n').slice(1, 3).reverse())
          .join('\n'),
    ],
    ['with a value missing', (text: string) => text.replace(/,0\.\d+\n$/, ',\n')],
    ['of another layout', () => 'a,b\n1,2\n'],
    ['no CSV at all', () => '\0'],
  ])('an output that is %s, without a journal, is not touched', async (_, change) => {
    const area = await competitionArea(3);
    const text = change(csvOf(area.names));
    await writeFile(area.output, text);
    const { run } = start(area, { resume: true });
    expect((await failureOf(run.done)).code).toBe('OUTPUT_EXISTS');
    expect(await readFile(area.output, 'utf8')).toBe(text);
  });

  it('killed between the output and the removal of the journal: the same bytes again', async () => {
    const area = await competitionArea(3);
    const fs = faultyFileSystem((operation, path) => {
      if (operation === 'unlink' && path.endsWith('.journal') && armed) throw systemError('EIO');
    });
    let armed = false;
    const { run } = start(area, {}, {}, { fs });
    const loop = (async () => {
      for await (const _ of run) armed = true;
    })();
    expect((await failureOf(loop)).message).toContain('cannot remove');
    expect(await filesBeside(area)).toEqual(['submission.csv', 'submission.csv.journal']);
    const before = await readFile(area.output, 'utf8');
    const second = start(area, { resume: true });
    expect((await second.run.done).counts.resumed).toBe(3);
    expect(second.scorer.calls).toHaveLength(0);
    expect(await readFile(area.output, 'utf8')).toBe(before);
    expect(await filesBeside(area)).toEqual(['submission.csv']);
  });

  it.each([
    ['another model', {}, { sha256: 'b'.repeat(64) }, 'the model was'],
    ['another option', { mpp: 2 }, {}, 'the option mpp was not given and is 2'],
    ['another metadata file', { metadata: undefined }, {}, 'the metadata file was'],
  ])('%s is refused by name', async (_, options, settings, message) => {
    const area = await competitionArea(4);
    await interrupted(area, 2);
    const journal = await readFile(`${area.output}.journal`);
    const { run } = start(area, { resume: true, ...options }, settings);
    const error = await failureOf(run.done);
    expect(error.code).toBe('RESUME_REFUSED');
    expect(error.message).toContain(message);
    expect(await readFile(`${area.output}.journal`)).toEqual(journal);
    expect(await filesBeside(area)).toEqual(['submission.csv.journal']);
  });

  it('threads, memory and batch size are not held against it', async () => {
    const area = await competitionArea(4);
    await interrupted(area, 2, { threads: 2, batchSize: 4 });
    const ok = start(area, { resume: true, threads: 1, batchSize: 8, memoryLimit: 2 ** 30, tiles: true });
    expect((await ok.run.done).counts.resumed).toBeGreaterThanOrEqual(2);
  });

  it('the batch size counts where the run is not reproducible', async () => {
    const area = await competitionArea(4);
    await interrupted(area, 2, { batchSize: 4, reproducible: false });
    const { run } = start(area, { resume: true, batchSize: 8, reproducible: false });
    expect((await failureOf(run.done)).message).toContain('the option batchSize was 4 and is 8');
  });

  it.each([
    ['longer', async (path: string) => appendFile(path, 'x'), 'bytes and has'],
    ['touched', async (path: string) => utimes(path, 1, 1), 'was modified'],
  ])('a slide that is %s since is refused by name', async (_, change, message) => {
    const area = await competitionArea(4);
    await interrupted(area, 2);
    await change(join(area.slides, area.names[0] as string));
    const { run } = start(area, { resume: true });
    const error = await failureOf(run.done);
    expect(error.code).toBe('RESUME_REFUSED');
    expect(error.message).toContain(`"${area.names[0]}"`);
    expect(error.message).toContain(message);
  });

  it('a slide that is gone since takes the fallback with onMissing fallback, whatever the journal has of it', async () => {
    const area = await competitionArea(4);
    await interrupted(area, 2);
    await unlink(join(area.slides, area.names[0] as string));
    const { run } = start(area, { resume: true, onMissing: 'fallback' }, { fallback: 0.125 });
    expect((await run.done).counts).toMatchObject({ missing: 1 });
    expect(await readFile(area.output, 'utf8')).toContain(`${area.names[0]},0.125000000\n`);
  });

  it('cut at any byte of the journal: the same bytes in the end', async () => {
    const area = await competitionArea(3);
    await interrupted(area, 3);
    const journal = await readFile(`${area.output}.journal`);
    for (let length = 0; length <= journal.length; length += 7) {
      await writeFile(`${area.output}.journal`, journal);
      await truncate(`${area.output}.journal`, length);
      await start(area, { resume: true }).run.done;
      expect(await readFile(area.output, 'utf8'), `cut at ${length}`).toBe(csvOf(area.names));
      await rm(area.output);
    }
  });

  it('overwrite drops the journal and replaces the output', async () => {
    const area = await competitionArea(3);
    await writeFile(area.output, 'old');
    await interrupted(area, 2, { overwrite: true });
    expect(await readFile(area.output, 'utf8')).toBe('old');
    const { run, scorer } = start(area, { overwrite: true });
    await run.done;
    expect(scorer.calls).toHaveLength(3);
    expect(await readFile(area.output, 'utf8')).toBe(csvOf(area.names));
    expect(await filesBeside(area)).toEqual(['submission.csv']);
  });
});

describe('the disk', () => {
  it('a full disk under the journal ends the run; with space it is resumed to the same bytes', async () => {
    const area = await competitionArea(6);
    let writes = 0;
    const fs = faultyFileSystem((operation, path) => {
      if (operation === 'write' && path.endsWith('.journal') && ++writes === 4) throw systemError('ENOSPC');
    });
    const { run, scorer } = start(area, {}, {}, { fs });
    expect((await failureOf(run.done)).code).toBe('DISK_FULL');
    expect(scorer.closed).toBe(true);
    const second = start(area, { resume: true });
    expect((await second.run.done).counts).toMatchObject({ resumed: 2 });
    expect(await readFile(area.output, 'utf8')).toBe(csvOf(area.names));
  });

  it.each(['write', 'sync', 'rename'] as const)(
    'a failing %s of the output leaves the journal, and resuming needs no scoring',
    async (operation) => {
      const area = await competitionArea(3);
      const fs = faultyFileSystem((done, path) => {
        if (done === operation && (path.endsWith('.tmp') || path === area.output)) throw systemError('ENOSPC');
      });
      expect((await failureOf(start(area, {}, {}, { fs }).run.done)).code).toBe('DISK_FULL');
      expect(await filesBeside(area)).toEqual(['submission.csv.journal']);
      const second = start(area, { resume: true });
      await second.run.done;
      expect(second.scorer.calls).toHaveLength(0);
      expect(await readFile(area.output, 'utf8')).toBe(csvOf(area.names));
    },
  );

  it('two runs to one output: one is locked out and disturbs nothing', async () => {
    const area = await competitionArea(4);
    const first = start(area, {}, { delayMs: () => 20 });
    const done = first.run.done;
    while (!(await filesBeside(area)).includes('submission.csv.lock')) await new Promise((r) => setTimeout(r, 1));
    const second = start(area, { resume: true });
    expect((await failureOf(second.run.done)).code).toBe('OUTPUT_LOCKED');
    await done;
    expect(await readFile(area.output, 'utf8')).toBe(csvOf(area.names));
  });

  it('a run whose lock was taken meanwhile does not write the output', async () => {
    const area = await competitionArea(2);
    const { run } = start(area);
    const loop = (async () => {
      for await (const _ of run) await writeFile(`${area.output}.lock`, '{"pid":1}');
    })();
    expect((await failureOf(loop)).code).toBe('OUTPUT_LOCKED');
    expect(await filesBeside(area)).toEqual(['submission.csv.journal', 'submission.csv.lock']);
  });

  it('works where the output lies beside the slides', async () => {
    const area = await competitionArea(2);
    const output = join(area.slides, 'submission.csv');
    await start(area, { output }).run.done;
    expect(await readFile(output, 'utf8')).toBe(csvOf(area.names));
  });
});

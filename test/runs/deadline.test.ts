import { readFile, readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SlideOutcome, SlideResult } from '../../lib/scoring/result.js';
import { startRun } from '../../lib/runs/directory-run.js';
import type { DirectoryRun, DirectorySummary } from '../../lib/runs/types.js';
import { FakeClock, timedScorer, type TimedCall, type Work } from './fake-time.js';
import { quickLock } from './start.js';
import { competitionArea, failureOf, scoreOfName, type Area, type FakeScorerSettings } from './support.js';

const even: Work = { fixedMs: 50, msPerTile: 1, tiles: 1000 };

interface Started {
  readonly run: DirectoryRun;
  readonly clock: FakeClock;
  readonly calls: () => readonly TimedCall[];
}

function start(
  area: Area,
  workOf: (name: string) => Work,
  options: Record<string, unknown>,
  settings: FakeScorerSettings & { readonly loadMs?: number; readonly tilesPerSlide?: number } = {},
): Started {
  const clock = new FakeClock();
  let calls: readonly TimedCall[] = [];
  const given = { model: 'fake', format: area.format, output: area.output, slidesInFlight: 1, ...options };
  const createScorer = async () => {
    const scorer = timedScorer(clock, workOf, settings);
    calls = scorer.calls;
    return scorer;
  };
  const run = startRun({ kind: 'folder', dir: area.slides }, given, { createScorer, lockTimes: quickLock, clock });
  return { run, clock, calls: () => calls };
}

async function results(run: DirectoryRun): Promise<{ scored: SlideResult[]; late: string[] }> {
  const outcomes: SlideOutcome[] = [];
  for await (const outcome of run) outcomes.push(outcome);
  return {
    scored: outcomes.flatMap((o) => (o.ok ? [o.result] : [])),
    late: outcomes.flatMap((o) => (!o.ok && o.error.code === 'DEADLINE' ? [basename(o.path)] : [])),
  };
}

const valuesOf = async (area: Area): Promise<number[]> =>
  (await readFile(area.output, 'utf8'))
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => Number(line.split(',')[1]));

function expectInTime(clock: FakeClock, deadlineMs: number): void {
  expect(clock.elapsedMs).toBeLessThanOrEqual(deadlineMs);
  // Every timer was called off, or has fired: nothing keeps the process.
  expect(clock.armed).toBe(0);
}

describe('enough time', () => {
  it('changes nothing: the same bytes as without a deadline', async () => {
    const [area, plain] = [await competitionArea(6), await competitionArea(6)];
    const { run, clock, calls } = start(area, () => even, { deadline: 20_000 });
    const summary = await run.done;
    await start(plain, () => even, {}).run.done;
    expect(await readFile(area.output)).toEqual(await readFile(plain.output));
    expect(summary.deadline).toEqual({ sampled: 0, unscored: 0 });
    expect(summary.rows.every((row) => !('sampled' in row))).toBe(true);
    expect(calls()).toHaveLength(6);
    expectInTime(clock, 20_000);
  });

  it('is found by measuring: slides of very different sizes that fit together keep all their tiles', async () => {
    const area = await competitionArea(8);
    const workOf = (name: string): Work => ({ ...even, tiles: name.startsWith('3') ? 4000 : 300 });
    // All tiles take 6.5 s.
    const { run, clock } = start(area, workOf, { deadline: 13_000 });
    expect((await run.done).deadline).toEqual({ sampled: 0, unscored: 0 });
    expectInTime(clock, 13_000);
  });

  it('no deadline, no summary of one', async () => {
    const area = await competitionArea(2);
    expect((await start(area, () => even, {}).run.done).deadline).toBeNull();
  });
});

describe('too little time for all tiles', () => {
  it('each slide gets its share, says what it was made of, and the time is used', async () => {
    const area = await competitionArea(20);
    // All tiles take 21 s.
    const { run, clock } = start(area, () => even, { deadline: 10_000 });
    const { scored, late } = await results(run);
    const summary = await run.done;
    expectInTime(clock, 10_000);
    expect(clock.elapsedMs).toBeGreaterThan(8500);
    expect(late).toEqual([]);
    const tiles = scored.map((result) => result.read?.sampled?.tiles ?? 1000);
    expect(Math.min(...tiles)).toBeGreaterThanOrEqual(64);
    expect(Math.max(...tiles)).toBeLessThan(2 * Math.min(...tiles));
    for (const { read } of scored) expect(read?.sampled).toMatchObject({ of: 1000, reason: 'deadline' });
    expect(summary.deadline).toEqual({ sampled: 20, unscored: 0 });
    expect(summary.rows[7]?.sampled).toEqual(scored[7]?.read?.sampled);
    expect(summary.counts).toMatchObject({ scored: 20, fallback: 0 });
  });

  it('only the largest slides are cut: the small ones keep every tile', async () => {
    const area = await competitionArea(20);
    // All tiles take 22 s; the sizes of the files do not tell which is which.
    const workOf = (name: string): Work => ({ ...even, tiles: area.names.indexOf(name) % 2 === 0 ? 2000 : 200 });
    const { run, clock } = start(area, workOf, { deadline: 12_000 });
    const { scored, late } = await results(run);
    expectInTime(clock, 12_000);
    expect(late).toEqual([]);
    for (const [i, { read }] of scored.entries()) {
      if (i % 2 === 1) expect(read?.sampled).toBeNull();
      else expect(read?.sampled).toMatchObject({ of: 2000, reason: 'deadline' });
    }
  });

  it('two slides in flight share the machine and the time', async () => {
    const area = await competitionArea(20);
    const { run, clock } = start(area, () => even, { deadline: 10_000, slidesInFlight: 2 });
    const { scored, late } = await results(run);
    expectInTime(clock, 10_000);
    expect(clock.elapsedMs).toBeGreaterThan(8000);
    expect([scored.length, late.length]).toEqual([20, 0]);
  });

  it('a first slide that is far too large is begun again with what fits', async () => {
    const area = await competitionArea(4);
    const workOf = (name: string): Work => ({ ...even, tiles: name === area.names[0] ? 100_000 : 500 });
    const { run, clock, calls } = start(area, workOf, { deadline: 8000 });
    const { scored, late } = await results(run);
    expectInTime(clock, 8000);
    expect(late).toEqual([]);
    const [first, second, third] = calls();
    expect([first?.name, second?.name]).toEqual([area.names[0], area.names[0]]);
    expect(first?.tileBudget).toBeUndefined();
    expect(second?.tileBudget).toBeGreaterThanOrEqual(64);
    expect(third?.name).toBe(area.names[1]);
    expect(scored[0]?.read?.sampled).toMatchObject({ tiles: second?.tileBudget, reason: 'deadline' });
  });

  it('tilesPerSlide stays the upper end, and its own reason', async () => {
    const area = await competitionArea(10);
    const { run, clock } = start(area, () => even, { deadline: 30_000 }, { tilesPerSlide: 100 });
    const { scored } = await results(run);
    for (const { read } of scored) expect(read?.sampled).toMatchObject({ tiles: 100, reason: 'tilesPerSlide' });
    expect((await run.done).deadline).toEqual({ sampled: 0, unscored: 0 });
    expectInTime(clock, 30_000);
  });
});

describe('too little time for all slides', () => {
  it('as many as fit at the floor are scored, the others carry the fallback and DEADLINE', async () => {
    const area = await competitionArea(20);
    // 20 slides of 64 tiles take 2.28 s.
    const { run, clock } = start(area, () => even, { deadline: 2000 });
    const { scored, late } = await results(run);
    const summary = await run.done;
    expectInTime(clock, 2000);
    expect(scored.length).toBeGreaterThanOrEqual(8);
    expect(late).toEqual(area.names.slice(scored.length));
    expect(late.length).toBeGreaterThan(0);
    for (const { read } of scored) expect(read?.sampled?.tiles).toBeGreaterThanOrEqual(64);
    expect(summary.deadline).toEqual({ sampled: scored.length, unscored: late.length });
    expect(summary.counts).toMatchObject({ scored: scored.length, fallback: late.length, failed: 0 });
    expect(summary.rows.at(-1)).toEqual({ name: area.names[19], score: 0.25, source: 'fallback', error: 'DEADLINE' });
    const halves = scored.map(({ path }) => Number((scoreOfName(basename(path)) / 2).toFixed(9)));
    expect(await valuesOf(area)).toEqual([...halves, ...late.map(() => 0.25)]);
  });

  it('deadlineMinTiles is the floor', async () => {
    const area = await competitionArea(20);
    const { run } = start(area, () => even, { deadline: 2000, deadlineMinTiles: 5 });
    const { scored, late } = await results(run);
    expect(late).toEqual([]);
    expect(Math.min(...scored.map((result) => result.tileCount))).toBeLessThan(64);
  });

  it('a deadline that loading the model has used up: every row carries the fallback', async () => {
    const area = await competitionArea(5);
    const { run, calls } = start(area, () => even, { deadline: 3000 }, { loadMs: 4000 });
    const summary = await run.done;
    expect(calls()).toEqual([]);
    expect(summary.deadline).toEqual({ sampled: 0, unscored: 5 });
    expect(await valuesOf(area)).toEqual([0.25, 0.25, 0.25, 0.25, 0.25]);
  });

  it('a slide that hangs is cut off, at the end of its time, not of all', async () => {
    const area = await competitionArea(10);
    const workOf = (name: string): Work => ({ ...even, hangs: name === area.names[4] });
    const { run, clock } = start(area, workOf, { deadline: 30_000 });
    const { scored, late } = await results(run);
    expectInTime(clock, 30_000);
    expect(late).toEqual([area.names[4]]);
    expect(scored.every((result) => result.read?.sampled === null)).toBe(true);
  });

  it('a first slide that hangs leaves half of the time to the others; the last one gives all back', async () => {
    for (const at of [0, 5]) {
      const area = await competitionArea(6);
      const workOf = (name: string): Work => ({ ...even, hangs: name === area.names[at] });
      const { run, clock } = start(area, workOf, { deadline: 20_000 });
      expect((await results(run)).late).toEqual([area.names[at]]);
      expectInTime(clock, 20_000);
    }
  });

  it('an interrupted run says so, not DEADLINE', async () => {
    const area = await competitionArea(3);
    const controller = new AbortController();
    const workOf = (): Work => {
      controller.abort(new Error('enough'));
      return even;
    };
    const { run, clock } = start(area, workOf, { deadline: 20_000, signal: controller.signal });
    await expect(run.done).rejects.toThrow('enough');
    expect(clock.armed).toBe(0);
  });
});

describe('without a fallback', () => {
  const settings = { fallback: null };

  it('nothing is written, the run rejects with DEADLINE in time, and is resumed from its journal', async () => {
    const area = await competitionArea(20);
    const { run, clock } = start(area, () => even, { deadline: 2000 }, settings);
    const error = await failureOf(run.done);
    expectInTime(clock, 2000);
    expect(error).toMatchObject({ code: 'DEADLINE', stage: 'tiles' });
    expect(error.message).toContain('allow more time, or score fewer tiles with tilesPerSlide');
    expect((await readdir(area.folder)).sort()).toEqual(['data', 'submission.csv.journal']);
    // The same duration again: what was scored stays as it was scored, the others get the new time.
    const again = start(area, () => even, { deadline: 2000, resume: true }, settings);
    const summary = await again.run.done;
    const done = summary.counts.resumed;
    expect(done).toBeGreaterThanOrEqual(8);
    expect(again.calls()[0]?.name).toBe(area.names[done]);
    expect(summary.rows.slice(0, done).every((row) => row.sampled?.reason === 'deadline')).toBe(true);
    expect(summary.deadline?.unscored).toBe(0);
    expect((await valuesOf(area)).slice(0, done)).toEqual(
      area.names.slice(0, done).map((name) => Number((scoreOfName(name) / 2).toFixed(9))),
    );
  });

  it('onError: error treats a late slide as a failed one', async () => {
    const area = await competitionArea(20);
    const { run } = start(area, () => even, { deadline: 2000, onError: 'error' });
    expect((await failureOf(run.done)).code).toBe('DEADLINE');
  });
});

describe('the deadline itself', () => {
  it('may be another one for the rest of a run; what it has cut is kept while there is one', async () => {
    const settings = { fallback: null };
    const cut = async () => {
      const area = await competitionArea(20);
      await failureOf(start(area, () => even, { deadline: 2000 }, settings).run.done);
      return area;
    };
    for (const deadline of [3000, 60_000]) {
      const summary = await start(await cut(), () => even, { deadline, resume: true }, settings).run.done.catch(
        () => null,
      );
      // 3 s do not suffice for every slide that is left; nothing is refused.
      if (deadline === 60_000) expect(summary?.counts.resumed).toBeGreaterThanOrEqual(8);
      expect(summary?.resume?.again ?? []).toEqual([]);
    }
    const none = await start(await cut(), () => even, { resume: true }, settings).run.done;
    expect(none.counts).toMatchObject({ resumed: 0, scored: 20 });
    expect(none.resume?.again[0]).toMatchObject({ what: 'deadline', is: null });
    const more = { deadline: 60_000, deadlineMinTiles: 500, resume: true };
    const floor = await start(await cut(), () => even, more, settings).run.done;
    expect(floor.resume?.again[0]).toMatchObject({ what: 'deadlineMinTiles', is: 500 });
  });

  it('may be a moment', async () => {
    const area = await competitionArea(20);
    const wallMs = new FakeClock().startWallMs;
    const { run, clock } = start(area, () => even, { deadline: new Date(wallMs + 10_000) });
    expect((await run.done).deadline).toEqual({ sampled: 20, unscored: 0 });
    expectInTime(clock, 10_000);
  });

  it('one that has passed is refused, but a run that was begun before it is completed', async () => {
    const area = await competitionArea(20);
    const wallMs = new FakeClock().startWallMs;
    const past = new Date(wallMs - 1);
    const error = await failureOf(start(area, () => even, { deadline: past }).run.done);
    expect(error).toMatchObject({ code: 'INVALID_OPTION' });
    expect(error.message).toContain('deadline is 2031-05-01T07:59:59.999Z, which has passed already');
    const summary: DirectorySummary = await start(area, () => even, { deadline: past, resume: true }).run.done;
    expect(summary.deadline).toEqual({ sampled: 0, unscored: 20 });
  });

  it.each([
    [{ deadline: 0 }, 'deadline'],
    [{ deadline: -5 }, 'deadline'],
    [{ deadline: 1.5 }, 'deadline'],
    [{ deadline: '8h' }, 'deadline'],
    [{ deadline: new Date(Number.NaN) }, 'a Date that is valid'],
    [{ deadlineMinTiles: 5 }, 'without deadline'],
    [{ deadline: 5, deadlineMinTiles: 0 }, 'deadlineMinTiles'],
    [{ dedline: 5 }, 'did you mean "deadline"?'],
    [{ tileBudget: 5 }, 'Unknown option "tileBudget"'],
  ])('%j is refused', async (options, text) => {
    const area = await competitionArea(1);
    const error = await failureOf(start(area, () => even, options).run.done);
    expect(error.code).toBe('INVALID_OPTION');
    expect(error.message).toContain(text);
  });
});

describe('runs of many kinds', () => {
  /** Numbers in [0, 1) that are the same in every run of the test (a linear congruential generator). */
  function numbers(seed: number): () => number {
    let state = seed >>> 0;
    return () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
  }

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('end in time, complete, with the time used (%i)', async (seed) => {
    const next = numbers(seed * 7919);
    const count = 10 + Math.floor(next() * 40);
    const area = await competitionArea(count);
    const works = new Map(
      area.names.map((name) => [
        name,
        { fixedMs: 20 + 100 * next(), msPerTile: 0.5 + next(), tiles: Math.ceil(10 ** (1 + 3 * next())) },
      ]),
    );
    const allMs = [...works.values()].reduce((sum, w) => sum + w.fixedMs + w.msPerTile * w.tiles, 0);
    const deadline = Math.ceil(allMs * (0.2 + 0.7 * next()));
    // Without an output: real disks take no time by this clock, while other slides in flight do.
    const options = { deadline, slidesInFlight: 1 + (seed % 3), output: undefined };
    const { run, clock } = start(area, (name) => works.get(name) as Work, options);
    const summary = await run.done;
    expectInTime(clock, deadline);
    expect(clock.elapsedMs).toBeGreaterThan(0.75 * deadline);
    expect(summary.deadline?.sampled).toBeGreaterThan(0);
    expect(summary.deadline?.unscored).toBe(0);
    expect(summary.counts.scored).toBe(count);
  });
});

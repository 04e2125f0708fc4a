/** The output while a run lasts: always there, always complete, never taken for the finished one. */
import { existsSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { isComplete } from '../../lib/runs/output-files.js';
import { kMinIntervalMs, kTimesItsOwn, ProvisionalOutput } from '../../lib/runs/provisional.js';
import type { RunRow } from '../../lib/runs/rows.js';
import type { SummaryRow } from '../../lib/runs/types.js';
import { FakeClock } from './fake-time.js';
import {
  competitionArea,
  failureOf,
  fakeModel,
  faultyFileSystem,
  gatedFileSystem,
  scoreOfName,
  systemError,
  temporaryFolder,
  type Area,
} from './support.js';
import { besides, csvOf, start } from './start.js';

const provisional = { provisional: true, slidesInFlight: 1 };
const kFallback = 0.25;

/** The table in which these slides have their score and the others have none. */
function tableOf(area: Area, scored: readonly string[]): string {
  return csvOf(area.names, (name) => (scored.includes(name) ? scoreOfName(name) : kFallback));
}

describe('a provisional output', () => {
  it('is complete before the first slide is opened, and gone for the finished one at the end', async () => {
    const area = await competitionArea();
    const seen: string[] = [];
    const result = (): object => {
      seen.push(readFileSync(area.output, 'utf8'));
      expect(existsSync(`${area.output}.journal`)).toBe(true);
      return {};
    };
    const { run } = start(area, { ...provisional, format: area.format }, { result });
    const { counts } = await run.done;
    expect(seen[0]).toBe(tableOf(area, []));
    expect(counts.scored).toBe(5);
    expect(await readFile(area.output, 'utf8')).toBe(csvOf(area.names));
    expect(await besides(area)).toEqual(['submission.csv']);
  });

  it('a run that is stopped leaves every score that it reported; resumed, it ends with the bytes of any other', async () => {
    const area = await competitionArea();
    const options = { ...provisional, format: area.format };
    const reported: string[] = [];
    for await (const outcome of start(area, options).run) {
      if (outcome.ok) reported.push(outcome.result.path.slice(area.slides.length + 1));
      if (reported.length === 2) break;
    }
    expect(await besides(area)).toEqual(['submission.csv', 'submission.csv.journal']);
    const left = await readFile(area.output, 'utf8');
    for (const line of tableOf(area, reported).split('\n').slice(1, 3)) expect(left).toContain(line);
    const again: string[] = [];
    const result = (): object => {
      again.push(readFileSync(area.output, 'utf8'));
      return {};
    };
    const { counts } = await start(area, { ...options, resume: true }, { result }).run.done;
    expect(counts.resumed).toBeGreaterThanOrEqual(2);
    expect(again[0]).toBe(left);
    expect(await readFile(area.output, 'utf8')).toBe(csvOf(area.names));
    expect(await besides(area)).toEqual(['submission.csv']);
  });

  it('a run that fails leaves it, with its journal', async () => {
    const area = await competitionArea();
    let lines = 0;
    const fs = faultyFileSystem((operation, path) => {
      if (operation === 'datasync' && path.endsWith('.journal') && ++lines === 3) throw systemError('ENOSPC');
    });
    const options = { ...provisional, format: area.format };
    expect((await failureOf(start(area, options, {}, { fs }).run.done)).code).toBe('DISK_FULL');
    expect(await readFile(area.output, 'utf8')).toBe(tableOf(area, area.names.slice(0, 2)));
    expect(await besides(area)).toEqual(['submission.csv', 'submission.csv.journal']);
    expect((await failureOf(start(area, options).run.done)).code).toBe('OUTPUT_EXISTS');
    await start(area, { ...options, resume: true }).run.done;
    expect(await readFile(area.output, 'utf8')).toBe(csvOf(area.names));
  });

  it('a run that cannot replace it ends with the reason', async () => {
    const area = await competitionArea(9);
    const clock = new FakeClock();
    let tables = 0;
    const fs = faultyFileSystem((operation, path) => {
      if (operation === 'rename' && path === area.output && ++tables === 2) throw systemError('ENOSPC');
    });
    const result = (): object => {
      clock.advance(kMinIntervalMs);
      return {};
    };
    const settings = { result, delayMs: () => 20 };
    const failed = start(area, { ...provisional, format: area.format }, settings, { fs, clock }).run.done;
    expect((await failureOf(failed)).code).toBe('DISK_FULL');
    expect(await isComplete(area.output, ['filename', 'relapse'], area.names)).toBe(true);
    expect(await besides(area)).toEqual(['submission.csv', 'submission.csv.journal']);
  });

  it('that another run overwrites is never without a journal, also where that run fails at once', async () => {
    const area = await competitionArea();
    for await (const _ of start(area, { ...provisional, format: area.format }).run) break;
    const fs = faultyFileSystem((operation, path) => {
      if (operation === 'rename' && path === area.output) throw systemError('ENOSPC');
    });
    const options = { ...provisional, format: area.format };
    const failed = start(area, { ...options, overwrite: true }, {}, { fs }).run.done;
    expect((await failureOf(failed)).code).toBe('DISK_FULL');
    expect(await besides(area)).toEqual(['submission.csv', 'submission.csv.journal']);
    const { alreadyComplete } = await start(area, { format: area.format, resume: true }).run.done;
    expect(alreadyComplete).toBe(false);
    expect(await readFile(area.output, 'utf8')).toBe(csvOf(area.names));
  });

  it('says pending in the status column, which no finished table does', async () => {
    const area = await competitionArea();
    const seen: string[] = [];
    const result = (): object => {
      seen.push(readFileSync(area.output, 'utf8'));
      return {};
    };
    const failing = { [area.names[1] as string]: 'TRUNCATED' as const };
    const options = { ...provisional, format: area.format, idColumn: 'filename', statusColumn: 'status' };
    await start(area, options, { result, failing }).run.done;
    const rows = area.names.map((name) => `${name},0.250000000,pending\n`).join('');
    expect(seen[0]).toBe(`filename,relapse,status\n${rows}`);
    const more = { allOutputs: false, statusColumn: 'status' };
    const path = `${await temporaryFolder()}/seen.csv`;
    await writeFile(path, seen[0] as string);
    expect(await isComplete(path, ['filename', 'relapse'], area.names, undefined, more)).toBe(false);
    expect(await isComplete(area.output, ['filename', 'relapse'], area.names, undefined, more)).toBe(true);
  });

  it('is refused before anything is written where a row could have no value', async () => {
    const area = await competitionArea();
    const refusals: readonly (readonly [object, object, RegExp])[] = [
      [{ format: area.format, onError: 'error' }, {}, /provisional.*onError/],
      [{ onError: 'skip' }, {}, /provisional.*onError/],
      [{ output: undefined }, {}, /provisional.*output/],
      [{ format: area.format }, { fallback: null }, /provisional.*fallback/],
    ];
    for (const [options, settings, message] of refusals) {
      const { run, scorer } = start(area, { ...provisional, ...options }, settings);
      const error = await failureOf(run.done);
      expect([error.code, error.message]).toEqual(['INVALID_OPTION', expect.stringMatching(message)]);
      expect(scorer.calls).toEqual([]);
      expect(await besides(area)).toEqual([]);
    }
    await start(area, { ...provisional, fallback: 0.5 }, { fallback: null }).run.done;
    expect(await besides(area)).toEqual(['submission.csv']);
  });
});

const rowOf = (index: number, name: string): RunRow => ({ index, name, slide: null, problem: null, metadata: null });
const scoredRow = (name: string, score: number): SummaryRow => ({ name, score, source: 'scored', error: null });

interface Watched {
  readonly output: string;
  readonly clock: FakeClock;
  readonly table: ProvisionalOutput;
  readonly failures: unknown[];
  /** Resolves when so many tables have been written since the beginning. */
  readonly written: (count: number) => Promise<void>;
  readonly count: () => number;
}

/** A table of two rows on a clock of its own; `slow` is what each writing takes. */
async function watched({
  slowMs = 0,
  failing = () => false,
}: {
  slowMs?: number;
  failing?: () => boolean;
} = {}): Promise<Watched> {
  const output = `${await temporaryFolder()}/out.csv`;
  const clock = new FakeClock();
  const failures: unknown[] = [];
  let count = 0;
  const fs = gatedFileSystem(async (operation, path) => {
    if (operation === 'sync' && path.includes('.tmp')) clock.advance(slowMs);
    if (operation !== 'rename') return;
    if (failing()) throw systemError('ENOSPC');
    ++count;
  });
  const table = await ProvisionalOutput.begin({
    output,
    header: ['filename', 'relapse'],
    rows: [rowOf(0, 'a'), rowOf(1, 'b')],
    columns: { idColumn: null, valueColumn: null, statusColumn: null, allOutputs: false },
    model: fakeModel(),
    scored: () => null,
    fallback: () => kFallback,
    clock,
    fs,
    guard: async () => {},
    onFailure: (error) => failures.push(error),
  });
  const written = async (many: number): Promise<void> => {
    // `end` waits for the writing that is on its way; here nothing may end, so turns of the event loop do.
    while (count < many) await new Promise((resolve) => setImmediate(resolve));
    await readFile(output);
  };
  return { output, clock, table, failures, written, count: () => count };
}

describe('how often a provisional output is replaced', () => {
  it('at most once a second, and once for all rows that came in between', async () => {
    const { output, clock, table, written, count } = await watched();
    expect(count()).toBe(1);
    table.done(0, scoredRow('a', 0.5));
    table.done(1, scoredRow('b', 0.75));
    clock.advance(kMinIntervalMs - 1);
    expect([count(), clock.armed]).toEqual([1, 1]);
    clock.advance(1);
    await written(2);
    await table.end();
    expect([count(), clock.armed]).toEqual([2, 0]);
    expect(await readFile(output, 'utf8')).toBe('filename,relapse\na,0.500000000\nb,0.750000000\n');
  });

  it('at once where nothing was written for long', async () => {
    const { clock, table, written } = await watched();
    clock.advance(kMinIntervalMs);
    table.done(0, scoredRow('a', 0.5));
    await written(2);
    await table.end();
  });

  it('more seldom where writing is slow: it takes a twentieth of the time', async () => {
    const slowMs = 400;
    const { clock, table, written, count } = await watched({ slowMs });
    table.done(0, scoredRow('a', 0.5));
    clock.advance(kTimesItsOwn * slowMs - 1);
    expect([count(), clock.armed]).toEqual([1, 1]);
    clock.advance(1);
    await written(2);
    await table.end();
  });

  it('never after its end, and once more when the run leaves it', async () => {
    const [ended, left] = [await watched(), await watched()];
    ended.table.done(0, scoredRow('a', 0.5));
    await ended.table.end();
    ended.table.done(1, scoredRow('b', 0.75));
    ended.clock.advance(10 * kMinIntervalMs);
    expect([ended.count(), ended.clock.armed]).toEqual([1, 0]);
    left.table.done(0, scoredRow('a', 0.5));
    await left.table.leave();
    expect([left.count(), left.clock.armed]).toEqual([2, 0]);
    expect(await readFile(left.output, 'utf8')).toContain('a,0.500000000\n');
  });

  it('says once that it could not be replaced, and leaves the one before', async () => {
    let fails = false;
    const { output, clock, table, failures } = await watched({ failing: () => fails });
    const before = await readFile(output, 'utf8');
    fails = true;
    table.done(0, scoredRow('a', 0.5));
    clock.advance(kMinIntervalMs);
    await table.end();
    table.done(1, scoredRow('b', 0.75));
    clock.advance(kMinIntervalMs);
    expect(failures).toEqual([expect.objectContaining({ code: 'DISK_FULL' })]);
    expect(await readFile(output, 'utf8')).toBe(before);
  });
});

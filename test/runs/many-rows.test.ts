/** Very many rows that need no work. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OutcomeQueue } from '../../lib/runs/outcome-queue.js';
import type { RunRow } from '../../lib/runs/rows.js';
import { RunProgress } from '../../lib/runs/run-progress.js';
import { scoreRows, type ScoreRowsInput } from '../../lib/runs/score-rows.js';
import { fakeScorer } from './support.js';

/** More than a call of a function takes arguments. */
const kMany = 200_000;

// Under the tests, the stack of each error would be looked up in the sources.
const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

describe('rows without a slide', () => {
  it('let the event loop turn, and the first of them is the one that is told', async () => {
    const rows = Array.from(
      { length: kMany },
      (_, index): RunRow => ({ index, name: `${index}.tif`, slide: null, problem: 'no such slide', metadata: null }),
    );
    const input = {
      rows,
      resumed: new Map(),
      scorer: fakeScorer(),
      options: {},
      fallback: () => null,
      onError: 'error',
      slidesInFlight: 2,
      journal: null,
      queue: new OutcomeQueue(),
      progress: new RunProgress(kMany, 0, 0, null),
      time: null,
      controller: new AbortController(),
    } as unknown as ScoreRowsInput;
    let turns = 0;
    const turn = (): void => {
      ++turns;
      next = setImmediate(turn);
    };
    let next = setImmediate(turn);
    const { rows: scored, firstError } = await scoreRows(input);
    clearImmediate(next);
    expect(turns).toBeGreaterThan(1);
    expect(scored.length).toBe(kMany);
    expect(firstError?.message).toContain('"0.tif"');
  });
});

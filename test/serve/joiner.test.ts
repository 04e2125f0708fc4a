/** Requests into batches: who shares one, who waits for whom, and what the fault of one does to the others. */
import { describe, expect, it } from 'vitest';
import { Joiner, type JoinerOptions, type PartToRun } from '../../lib/serve/joiner.js';
import { until } from './support.js';

const never = (): AbortSignal => new AbortController().signal;

interface Batch {
  readonly parts: readonly PartToRun<string>[];
  readonly finish: () => void;
  readonly fail: (error: unknown) => void;
}

/** A joiner whose batches end when the test says so. */
function scene(options: Partial<JoinerOptions<string, string>> = {}) {
  const batches: Batch[] = [];
  const joiner = new Joiner<string, string>({
    batchRows: 8,
    batches: 1,
    delayMs: 0,
    run: (parts) =>
      new Promise((resolve, reject) => {
        batches.push({ parts, finish: () => resolve(`batch ${batches.length}`), fail: reject });
      }),
    ...options,
  });
  const rowsOf = (at: number): string =>
    (batches[at]?.parts ?? []).map(({ payload, first, count }) => `${payload}${first}+${count}`).join(' ');
  return { joiner, batches, rowsOf };
}

describe('a batch', () => {
  it('takes what came while another one ran, evenly', async () => {
    const { joiner, batches, rowsOf } = scene();
    const first = joiner.submit('a', 1, '', never());
    const large = joiner.submit('b', 20, '', never());
    const small = [joiner.submit('c', 1, '', never()), joiner.submit('d', 2, '', never())];
    expect(rowsOf(0)).toBe('a0+1');
    batches[0]?.finish();
    await first;
    await until(() => batches.length === 2);
    // The large one came first and gets what the small ones leave.
    expect(rowsOf(1)).toBe('b0+5 c0+1 d0+2');
    batches[1]?.finish();
    await Promise.all(small);
    for (const rows of ['b5+8', 'b13+7']) {
      const at = batches.length - 1;
      await until(() => batches.length > at && rowsOf(batches.length - 1) === rows);
      batches.at(-1)?.finish();
    }
    expect((await large).map(({ first: from, count, offset }) => [from, count, offset])).toEqual([
      [0, 5, 0],
      [5, 8, 0],
      [13, 7, 0],
    ]);
  });

  it('does not have a small request wait for the end of large ones', async () => {
    const { joiner, batches, rowsOf } = scene();
    void joiner.submit('a', 1000, '', never());
    void joiner.submit('b', 1000, '', never());
    const small = joiner.submit('c', 3, '', never());
    let isDone = false;
    void small.then(() => {
      isDone = true;
    });
    let ran = 0;
    while (!isDone) {
      await until(() => batches.length > ran || isDone);
      batches[ran++]?.finish();
      await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(ran).toBeLessThanOrEqual(4);
    expect(rowsOf(0)).toBe('a0+8');
  });

  it('waits for company no longer than it is told, and not at all when it is full', async () => {
    const { joiner, batches, rowsOf } = scene({ delayMs: 1_000_000_000 % 2 ** 31 });
    void joiner.submit('a', 3, '', never());
    void joiner.submit('b', 4, '', never());
    expect(batches).toHaveLength(0);
    void joiner.submit('c', 1, '', never());
    expect(rowsOf(0)).toBe('a0+3 b0+4 c0+1');
    joiner.close(new Error('over'));
    const patient = scene({ delayMs: 5 });
    void patient.joiner.submit('a', 3, '', never());
    await until(() => patient.batches.length === 1);
    expect(patient.rowsOf(0)).toBe('a0+3');
  });

  it('never holds rows of two kinds', async () => {
    const { joiner, batches, rowsOf } = scene();
    const first = joiner.submit('a', 1, 'x', never());
    void joiner.submit('b', 1, 'y', never());
    void joiner.submit('c', 1, 'x', never());
    void joiner.submit('d', 1, 'y', never());
    batches[0]?.finish();
    await first;
    await until(() => batches.length === 2);
    expect(rowsOf(1)).toBe('b0+1 d0+1');
  });

  it('that fails is run again for each of its requests alone', async () => {
    const { joiner, batches } = scene({ batches: 2, delayMs: 1, batchRows: 3 });
    const [a, b, c] = ['a', 'b', 'c'].map((name) => joiner.submit(name, 1, '', never()));
    const outcome = Promise.allSettled([a, b, c]);
    await until(() => batches.length === 1);
    batches[0]?.fail(new Error('all'));
    for (const at of [1, 2, 3]) {
      await until(() => batches.length > at);
      const batch = batches[at];
      expect(batch?.parts).toHaveLength(1);
      if (batch?.parts[0]?.payload === 'b') batch.fail(new Error('b alone'));
      else batch?.finish();
    }
    expect((await outcome).map((one) => (one.status === 'rejected' ? one.reason.message : 'well'))).toEqual([
      'well',
      'b alone',
      'well',
    ]);
  });

  it('leaves out who has gone, and ends everybody when it is closed', async () => {
    const { joiner, batches, rowsOf } = scene();
    const first = joiner.submit('a', 1, '', never());
    const stop = new AbortController();
    const gone = joiner.submit('b', 1, '', stop.signal);
    void joiner.submit('c', 1, '', never()).catch(() => undefined);
    stop.abort(new Error('gone'));
    await expect(gone).rejects.toThrow('gone');
    batches[0]?.finish();
    await first;
    await until(() => batches.length === 2);
    expect(rowsOf(1)).toBe('c0+1');
    const waiting = joiner.submit('d', 1, '', never());
    expect(joiner.waitingRows).toBe(1);
    joiner.close(new Error('over'));
    await expect(waiting).rejects.toThrow('over');
    await expect(joiner.submit('e', 1, '', never())).rejects.toThrow('over');
  });
});

import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { runJob, unlessAborted } from '../../lib/core/cancel.js';
import { Gate } from './support/fake-addon.js';

const reason = new Error('enough');
const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

describe('a job', () => {
  it('that ends leaves no listener', async () => {
    const { signal } = new AbortController();
    expect(await runJob(signal, () => ({ result: Promise.resolve(3), cancel: () => undefined }))).toBe(3);
    await expect(runJob(signal, () => ({ result: Promise.reject(reason), cancel: () => undefined }))).rejects.toBe(
      reason,
    );
    expect(listeners(signal)).toBe(0);
  });
  it('is not started after an abort', async () => {
    let started = false;
    const start = () => {
      started = true;
      return { result: Promise.resolve(3), cancel: () => undefined };
    };
    await expect(runJob(AbortSignal.abort(reason), start)).rejects.toBe(reason);
    expect(started).toBe(false);
  });
  it('is cancelled once by an abort, awaited, and rejects with the reason', async () => {
    const controller = new AbortController();
    const gate = new Gate<number>();
    let cancelled = 0;
    let settled = false;
    const running = runJob(controller.signal, () => ({ result: gate.promise, cancel: () => void ++cancelled }));
    running.catch(() => undefined).finally(() => (settled = true));
    controller.abort(reason);
    await new Promise((resolve) => setImmediate(resolve));
    expect([cancelled, settled]).toEqual([1, false]);
    gate.reject(new Error('CANCELLED'));
    await expect(running).rejects.toBe(reason);
    expect(listeners(controller.signal)).toBe(0);
  });
  it('that ends in spite of the abort still rejects with the reason', async () => {
    const controller = new AbortController();
    const gate = new Gate<number>();
    const running = runJob(controller.signal, () => ({ result: gate.promise, cancel: () => undefined }));
    controller.abort(reason);
    gate.resolve(3);
    await expect(running).rejects.toBe(reason);
  });
  it('keeps its own error when the abort comes later', async () => {
    const controller = new AbortController();
    const own = new Error('own');
    await expect(
      runJob(controller.signal, () => ({ result: Promise.reject(own), cancel: () => undefined })),
    ).rejects.toBe(own);
    controller.abort(reason);
  });
});

describe('what cannot be stopped', () => {
  it('is left at once, and what arrives late is discarded', async () => {
    const controller = new AbortController();
    const gate = new Gate<string>();
    const late: string[] = [];
    const waiting = unlessAborted(controller.signal, gate.promise, (value) => void late.push(value));
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(listeners(controller.signal)).toBe(0);
    gate.resolve('slide');
    await gate.promise;
    expect(late).toEqual(['slide']);
  });
  it('is discarded after an earlier abort, and its late error is no unhandled one', async () => {
    const late: string[] = [];
    await expect(unlessAborted(AbortSignal.abort(reason), Promise.resolve('x'), (v) => void late.push(v))).rejects.toBe(
      reason,
    );
    await expect(
      unlessAborted(AbortSignal.abort(reason), Promise.reject(new Error('late')), () => undefined),
    ).rejects.toBe(reason);
    expect(late).toEqual(['x']);
  });
  it('gives its value or error when there is no abort', async () => {
    const { signal } = new AbortController();
    expect(await unlessAborted(signal, Promise.resolve(1), () => undefined)).toBe(1);
    expect(await unlessAborted(null, Promise.resolve(2), () => undefined)).toBe(2);
    await expect(unlessAborted(signal, Promise.reject(reason), () => undefined)).rejects.toBe(reason);
    expect(listeners(signal)).toBe(0);
  });
});

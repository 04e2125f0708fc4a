/** A driver that does not answer holds up nobody for long, and one that does is asked once. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { NativeGpuReport } from '../../lib/native/device-request.js';
import { deviceProbe, kDriverLimitMs } from '../../lib/native/gpu/driver-probe.js';
import { driverOf, h200, noDriver } from './support/fake-stack.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Answer = NativeGpuReport | 'never';

/** An addon whose driver gives these answers, the last one again and again. */
function addonOf(...answers: readonly Answer[]) {
  const asked: { readonly driver: string; readonly freeMemory: boolean }[] = [];
  const late: ((report: NativeGpuReport) => void)[] = [];
  const gpuReport = (request: { readonly driver: string; readonly freeMemory: boolean }): Promise<NativeGpuReport> => {
    const answer = answers[Math.min(asked.length, answers.length - 1)] as Answer;
    asked.push(request);
    return answer === 'never' ? new Promise((resolve) => late.push(resolve)) : Promise.resolve(answer);
  };
  return { gpuReport, asked, late };
}

const good = driverOf(13000, h200);
const withMemory = driverOf(13000, { ...h200, freeMemoryBytes: 5 });

describe('a driver that answers', () => {
  it('is asked once, each driver for itself', async () => {
    const addon = addonOf(good);
    for (const driver of ['', '', '/a/libcuda.so.1']) expect(await deviceProbe(addon).report(driver)).toBe(good);
    expect(addon.asked.map(({ driver }) => driver)).toEqual(['', '/a/libcuda.so.1']);
  });
  it('is asked for free memory each time', async () => {
    const addon = addonOf(good, withMemory);
    const probe = deviceProbe(addon, true);
    expect([await probe.report(''), await probe.report('')]).toEqual([withMemory, withMemory]);
    expect(addon.asked.map(({ freeMemory }) => freeMemory)).toEqual([false, true, true]);
  });
  it('with nothing to use is asked again, and never for free memory', async () => {
    const addon = addonOf(noDriver, noDriver, good);
    const probe = deviceProbe(addon, true);
    expect([await probe.report(''), await probe.report('')]).toEqual([noDriver, noDriver]);
    expect(addon.asked.some(({ freeMemory }) => freeMemory)).toBe(false);
    expect(await deviceProbe(addon).report('')).toBe(good);
  });
});

describe('a driver that does not answer', () => {
  it('is given up after a while, and is not asked a second time', async () => {
    const addon = addonOf('never', good);
    const first = deviceProbe(addon).report('');
    await vi.advanceTimersByTimeAsync(kDriverLimitMs);
    const reason = 'the driver does not answer within 10 s';
    expect(await first).toMatchObject({ gpus: [], reason });
    expect(await deviceProbe(addon, true).report('')).toMatchObject({ gpus: [], reason });
    expect(addon.asked).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
  it('is asked again once it has answered after all', async () => {
    const addon = addonOf('never', good);
    const first = deviceProbe(addon).report('');
    await vi.advanceTimersByTimeAsync(kDriverLimitMs);
    await first;
    addon.late[0]?.(good);
    await vi.advanceTimersByTimeAsync(0);
    expect(await deviceProbe(addon).report('')).toBe(good);
  });
  it('when it is asked for free memory: the GPUs are there without it', async () => {
    const addon = addonOf(good, 'never');
    const report = deviceProbe(addon, true).report('');
    await vi.advanceTimersByTimeAsync(kDriverLimitMs);
    expect(await report).toBe(good);
    expect(await deviceProbe(addon, true).report('')).toBe(good);
    expect(addon.asked).toHaveLength(2);
  });
});

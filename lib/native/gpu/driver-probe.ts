/**
 * Asks the driver of this machine. A driver may hang for minutes, or for ever, and nothing can stop the thread that waits
 * for it: so nobody waits for longer than a moment, and a driver that hangs is not asked a second time.
 */

import type { NativeAddon } from '../contract.js';
import type { NativeGpuReport } from '../device-request.js';
import type { DeviceProbe } from './candidates.js';
import { thisMachine } from './places.js';

/** Some drivers wake their GPUs first, which takes seconds. */
export const kDriverLimitMs = 10_000;

type Ask = Pick<NativeAddon, 'gpuReport'>;

/** A question to a driver. */
interface Asked {
  readonly answer: Promise<NativeGpuReport>;
  /** The time for it is over, and it has not answered. */
  isLate: boolean;
}

/** Of each addon (a test has its own), by the driver and what it was asked. Questions without an answer, and good answers. */
const asked = new WeakMap<Ask, Map<string, Asked>>();

/**
 * The machine that this process runs on. What a driver says is asked once in a process, but for free memory, which changes;
 * that starts a context on each GPU, and only where the driver has answered.
 */
export function deviceProbe(addon: Ask, freeMemory = false): DeviceProbe {
  const report = async (driver: string): Promise<NativeGpuReport> => {
    const known = await reportOf(addon, driver, false);
    if (!freeMemory || known.reason !== '') return known;
    const now = await reportOf(addon, driver, true);
    // The GPUs are there though one of them does not start.
    return now.reason === '' ? now : known;
  };
  return { report, machine: thisMachine() };
}

async function reportOf(addon: Ask, driver: string, freeMemory: boolean): Promise<NativeGpuReport> {
  const all = asked.get(addon) ?? new Map<string, Asked>();
  asked.set(addon, all);
  const key = `${driver}\n${freeMemory}`;
  const question = all.get(key) ?? { answer: addon.gpuReport({ driver, freeMemory }), isLate: false };
  all.set(key, question);
  const silent = {
    path: driver === '' ? 'libcuda.so.1' : driver,
    cudaVersion: 0,
    gpus: [],
    reason: `the driver does not answer within ${kDriverLimitMs / 1000} s`,
  };
  if (question.isLate) return silent;
  const forget = (): void => void all.delete(key);
  try {
    const found = await inTime(question.answer);
    if (found === null) {
      question.isLate = true;
      // One that answers after all may be asked again.
      question.answer.then(forget, forget);
      return silent;
    }
    // What was missing may be installed later.
    if (freeMemory || found.reason !== '') forget();
    return found;
  } catch (error) {
    forget();
    throw error;
  }
}

/** Null where the time is over. */
async function inTime<T>(answer: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), kDriverLimitMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

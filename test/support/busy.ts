/** Limits on time that hold on a busy machine, too. */
import { readFileSync } from 'node:fs';

/** Milliseconds of this thread on the CPU, exact to a tick of the kernel: 4 ms. */
const cpuMs = (): number => Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[0]) / 1e6;

/**
 * How many times longer work takes by the clock now than it is on the CPU: 1 on a machine with nothing else to do. A limit
 * by the clock is multiplied by it.
 */
export function busyTimes(): number {
  const [clockMs, beganMs] = [performance.now(), cpuMs()];
  while (cpuMs() - beganMs < 100);
  return Math.max(1, (performance.now() - clockMs) / (cpuMs() - beganMs));
}

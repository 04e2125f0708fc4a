// What the kernel says about this process.
import { readFileSync } from 'node:fs';

/**
 * Largest resident memory of this process so far, MiB. Not resourceUsage().maxRSS: that one starts at the size of the
 * process which started this one.
 */
export const peakMiB = () => statusKiB('VmHWM') / 1024;

/** Resident memory now, MiB. */
export const residentMiB = () => statusKiB('VmRSS') / 1024;

/** CPU time of all threads of this process, milliseconds. */
export function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

function statusKiB(name) {
  const line = readFileSync('/proc/self/status', 'latin1').match(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm'));
  if (line === null) throw new Error(`/proc/self/status has no ${name}`);
  return Number(line[1]);
}

/** Memory of this process as the kernel counts it, KiB. */
import { readFileSync, writeFileSync } from 'node:fs';

function statusKib(name: 'VmRSS' | 'VmHWM'): number {
  const line = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync('/proc/self/status', 'latin1'));
  if (line === null) throw new Error(`/proc/self/status has no ${name}`);
  return Number(line[1]);
}

export const residentKib = (): number => statusKib('VmRSS');

/** Not resourceUsage().maxRSS, which starts at the size of the process that started this one. */
export const peakRssKib = (): number => statusKib('VmHWM');

/** The peak counts from now on. Throws where the kernel does not allow it. */
export const resetPeak = (): void => writeFileSync('/proc/self/clear_refs', '5');

// What the kernel says of this process: threads, open files, memory. For scripts that a test runs in a process of their own.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const tasks = () => readdirSync('/proc/self/task');

export const threads = () => tasks().length;

/** Threads of a name; the kernel keeps 15 characters of it. */
export function threadsNamed(name) {
  return tasks().filter((task) => {
    try {
      return readFileSync(`/proc/self/task/${task}/comm`, 'latin1').trim() === name;
    } catch {
      return false; // it has ended
    }
  }).length;
}

/** Where each descriptor leads. */
export function openFiles() {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return []; // the descriptor that the folder was read with
    }
  });
}

const statusMb = (field) =>
  (Number(readFileSync('/proc/self/status', 'latin1').match(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm'))[1]) * 1024) /
  1e6;

/** Most memory of the process so far, in 1e6 bytes. Not maxRSS, which starts at the size of the parent process. */
export const peakMb = () => statusMb('VmHWM');

const turn = () => new Promise((resolve) => setTimeout(resolve, 10));

/** Memory of the process, in 1e6 bytes, without what only waits for the collector. Needs --expose-gc. */
export async function residentMb() {
  // What the first collection finds may be freed in a later turn, and what that leaves is garbage for the second one.
  for (let i = 0; i < 3; i++) {
    gc();
    await turn();
  }
  return statusMb('VmRSS');
}

/** Waits until something is so. What never becomes so ends with the time limit of the test. */
export async function until(isSo) {
  while (!isSo()) await turn();
}

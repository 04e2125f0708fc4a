// How long this thread's event loop is held: the most CPU time of the thread between two turns of the loop. CPU time,
// not the clock: on a busy machine the clock also counts the time that the kernel gave to others.
import { readFileSync } from 'node:fs';

const never = new Int32Array(new SharedArrayBuffer(4));

/**
 * Milliseconds on the CPU of this thread so far. The kernel brings the figure up to date when the thread is taken off
 * the CPU, else only at its own tick of some milliseconds. So the thread sleeps for a moment before it reads.
 */
export function threadCpuMs() {
  Atomics.wait(never, 0, 0, 0.01);
  return Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[0]) / 1e6;
}

/** Watches every turn from now on. `stop()` ends the watch and gives the longest turn in milliseconds. */
export function watchLoop() {
  let longestMs = 0;
  let last = threadCpuMs();
  let next;
  const look = () => {
    longestMs = Math.max(longestMs, threadCpuMs() - last);
    last = threadCpuMs();
  };
  const turn = () => {
    look();
    next = setImmediate(turn);
  };
  next = setImmediate(turn);
  return {
    stop() {
      look();
      clearImmediate(next);
      return longestMs;
    },
  };
}

// How long this thread's event loop is held. Three things keep a busy machine from deciding it:
// - It counts CPU time of the thread, not the clock, which also counts the time that the kernel gave to others.
// - Others also slow what runs: they share caches and cores. So a long turn is compared with known work that is done right
//   after it, and slowed as much. The result is a number of units of that work, but never more than the milliseconds:
//   the library ends its turns by the clock, and a fast machine does many units in that time.
// - The watch makes next to no garbage, whose collection it would find in the turns that it watches.
import { openSync, readSync } from 'node:fs';

const never = new Int32Array(new SharedArrayBuffer(4));
const text = Buffer.alloc(64);
const schedstat = openSync('/proc/thread-self/schedstat', 'r');

/**
 * Milliseconds on the CPU of this thread so far. The kernel brings the figure up to date when the thread is taken off
 * the CPU, else only at its own tick of some milliseconds. So the thread sleeps for a moment before it reads, and again
 * where it was not put on the CPU anew since: a sleep whose end has come before it begins does not take place.
 */
export function threadCpuMs() {
  const before = schedule().arrivals;
  let now = schedule();
  for (let ms = 0.01; now.arrivals === before; ms *= 2) {
    Atomics.wait(never, 0, 0, ms);
    now = schedule();
  }
  return now.ms;
}

/** What the kernel counts of this thread: time on the CPU, and how often it was put there. */
function schedule() {
  const length = readSync(schedstat, text, 0, text.length, 0);
  const [nanoseconds, , arrivals] = text.latin1Slice(0, length).split(' ').map(Number);
  return { ms: nanoseconds / 1e6, arrivals };
}

/** Lies in no cache near the core, as the data of a long turn. */
const known = new Float64Array(1_500_000);

/** CPU time of known work: one unit. A millisecond on the quiet machine where the limit of the tests was set. */
export function unitMs() {
  const began = threadCpuMs();
  for (let i = 0; i < known.length; i += 2) known[i] = known[i] * 0.5 + i;
  return threadCpuMs() - began;
}

/** The unit as it is now: the middle of three. */
function unitNowMs() {
  return [unitMs(), unitMs(), unitMs()].sort((a, b) => a - b)[1];
}

/** Shorter turns are not compared. */
const longMs = 2;

/**
 * Watches from now on. `stop()` ends the watch and gives the longest turn: its CPU time in milliseconds, how many units of known
 * work take as long, and `held`, the smaller of the two in the turn where that is largest. A timer of a millisecond looks between turns, so up to a millisecond of other turns is added.
 */
export function watchLoop() {
  // Compiled before it counts.
  for (let i = 0; i < 20; ++i) unitMs();
  const longest = { ms: 0, units: 0, held: 0 };
  let last = threadCpuMs();
  const look = () => {
    const turnMs = threadCpuMs() - last;
    if (turnMs > longMs) {
      const units = turnMs / unitNowMs();
      longest.ms = Math.max(longest.ms, turnMs);
      longest.units = Math.max(longest.units, units);
      longest.held = Math.max(longest.held, Math.min(turnMs, units));
    }
    last = threadCpuMs();
  };
  const timer = setInterval(look, 1);
  return {
    stop() {
      look();
      clearInterval(timer);
      return longest;
    },
  };
}

/** How much memory and how much time a run in the box may take. */

/** The whole process is to stay below this on the machine of the challenge, which has 56 GB. */
const kMostBytes = 40e9;
/** On a smaller machine, or in a smaller container, it is to stay below this share. The rest is for the system and its file cache. */
const kShareOfMachine = 0.7;
/** The library takes no lower limit. */
const kLeastBytes = 64 * 2 ** 20;

/**
 * The option `memoryLimit`: half of what the process may have. The option counts everything that depends on the slides. The other
 * half is for what does not: the model, the memory in which ONNX Runtime runs it on each thread, the libraries and Node.js.
 *
 * `containerBytes`: the limit of the control group; 0, or more than the machine has: there is none.
 */
export function memoryLimitOf(machineBytes: number, containerBytes: number): number {
  const isLimited = containerBytes > 0 && containerBytes < machineBytes;
  const process = Math.min(kMostBytes, kShareOfMachine * (isLimited ? containerBytes : machineBytes));
  return Math.max(kLeastBytes, Math.floor(process / 2));
}

const kMinuteMs = 60_000;
/** What the organisers allow for the whole container. */
const kAllowedMs = 8 * 60 * kMinuteMs;
/**
 * The container's time begins before main.py does (the archive is unpacked, up to some gigabytes) and ends after it (the table is
 * copied). Nobody tells main.py how long that takes.
 */
const kMarginMs = 15 * kMinuteMs;
/** The library keeps its deadline by itself. Where it could not, the run is stopped so much later. */
const kGraceMs = 5 * kMinuteMs;

export interface BoxTimes {
  /** When the last slide is to be done. */
  readonly deadlineMs: number;
  /** When the run is stopped, whatever it does. */
  readonly lastCallMs: number;
}

/**
 * From the start of main.py. `given`: seconds from the start to the deadline, in place of eight hours less the margin; null: not
 * given, as an empty text is. `keepsDeadline`: the library shares the time among the slides, which it does for models of one grid of tiles.
 * Undefined where `given` is no such number.
 */
export function boxTimes(given: string | null, keepsDeadline: boolean): BoxTimes | undefined {
  const isGiven = given !== null && given !== '';
  if (isGiven && !/^[0-9]{1,6}$/.test(given)) return undefined;
  const deadlineMs = !isGiven ? kAllowedMs - kMarginMs : Number(given) * 1000;
  return { deadlineMs, lastCallMs: keepsDeadline ? deadlineMs + kGraceMs : deadlineMs };
}

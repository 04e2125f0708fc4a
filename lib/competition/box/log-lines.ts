/**
 * Everything that the box may print: a closed grammar. The organisers forbid that a value, a count or an aggregate of the test data
 * leaves the machine, so no line has a place for a name, a number of the data, a path or a message. Once slides are scored, how many
 * lines a run prints depends only on the way it ends. competition/main.py has the same grammar and drops what does not match it.
 */
import { errorAdvice, type ErrorCode } from '../../index.js';

/** What a run goes through. `restart`: the journal of an earlier run does not fit, and all slides are scored again. */
export const boxStages = ['start', 'load', 'restart', 'score', 'write'] as const;
export type BoxStage = (typeof boxStages)[number];

/** Kinds of devices; any other kind is `other`. */
export const boxDevices = ['cpu', 'cuda', 'tensorrt', 'other'] as const;
export type BoxDevice = (typeof boxDevices)[number];

/**
 * How a run may end beside the codes of errors: a signal ended it; Node.js could not be started, or died without a last word
 * (these two are main.py's).
 */
export const boxEndings = ['INTERRUPTED', 'NODE_NOT_STARTED', 'NODE_DIED'] as const;
export type BoxFailure = ErrorCode | (typeof boxEndings)[number];

export const boxFailures: readonly BoxFailure[] = [...(Object.keys(errorAdvice) as ErrorCode[]), ...boxEndings];

/** Between two lines of progress, in percent. */
export const progressStep = 5;

const kTime = '[0-9]{1,3}:[0-5][0-9]:[0-5][0-9]';
const kVersion = String.raw`[0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z.]+)?`;

/** The whole line, without its end. The text is valid in Python too. */
export const lineGrammar: string = [
  `microtome ${kVersion}`,
  `device (?:${boxDevices.join('|')})`,
  `stage (?:${boxStages.join('|')}) ${kTime}`,
  `progress (?:5|[1-9][05]|100)% ${kTime}`,
  `deadline ${kTime}`,
  `done ${kTime}`,
  `failed (?:${boxFailures.join('|')}) ${kTime}`,
].join('|');

/** h:mm:ss, rounded down, so that no line is ahead of its time. */
export function timeText(ms: number): string {
  const seconds = Math.min(Math.max(0, Math.floor(ms / 1000)), 999 * 3600 + 3599);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** The deadline of a run: as it is given, as the journal is keyed by it, and as a moment on the run's clock. */
import { contradiction, integer, invalid, positiveInteger } from '../options/check.js';
import type { Clock } from './clock.js';

export interface Deadline {
  readonly at: number | Date;
  /** Tiles that a slide is not cut below. */
  readonly minTiles: number;
}

const kDefaultMinTiles = 64;
const kDuration = { min: 1, max: 1e12, what: 'a number of milliseconds of at least 1, or a Date,' };

/** Throws INVALID_OPTION. Null: the run has no deadline. */
export function parseDeadline(deadline: unknown, minTiles: unknown): Deadline | null {
  if (deadline === undefined) {
    if (minTiles !== undefined) throw contradiction('deadlineMinTiles was given without deadline');
    return null;
  }
  return Object.freeze({
    at: momentOrDuration(deadline),
    minTiles: minTiles === undefined ? kDefaultMinTiles : integer('deadlineMinTiles', minTiles, positiveInteger),
  });
}

function momentOrDuration(value: unknown): number | Date {
  if (!(value instanceof Date)) return integer('deadline', value, kDuration);
  if (Number.isNaN(value.getTime())) throw invalid('deadline', 'a Date that is valid', value);
  return new Date(value);
}

/**
 * The deadline on the run's clock, for a run that began at `startedMs`. A moment that has passed already is refused,
 * except to a resumed run, which it gives what is left: the rows of the journal, and the fallback.
 */
export function deadlineMs({ at }: Deadline, startedMs: number, clock: Clock, resume: boolean): number {
  if (typeof at === 'number') return startedMs + at;
  const leftMs = at.getTime() - clock.wallMs();
  if (leftMs <= 0 && !resume) throw contradiction(`The deadline ${at.toISOString()} has passed already`);
  return clock.nowMs() + leftMs;
}

/** For the key of the journal: a run is resumed with the deadline that it began with. */
export function deadlineKey(deadline: Deadline | null): Record<string, number | string> {
  if (deadline === null) return {};
  const { at, minTiles } = deadline;
  return { deadline: typeof at === 'number' ? at : at.toISOString(), deadlineMinTiles: minTiles };
}

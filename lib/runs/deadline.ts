/** The deadline of a run: as it is given, and as a moment on the run's clock. */
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import { contradiction } from '../options/check.js';
import { defaults } from '../options/defaults.js';
import type { Clock } from './clock.js';
import type { RunPart } from './part.js';

export interface Deadline {
  readonly at: number | Date;
  /** Tiles that a slide is not cut below. */
  readonly minTiles: number;
}

/** Throws INVALID_OPTION. Null: the run has no deadline. */
export function deadlineOf(at: number | Date | null, minTiles: number | null): Deadline | null {
  if (at === null) {
    if (minTiles !== null)
      throw contradiction(`${optionMark('deadlineMinTiles')} was given without ${optionMark('deadline')}`);
    return null;
  }
  return Object.freeze({ at, minTiles: minTiles ?? defaults.deadlineMinTiles });
}

/**
 * The deadline on the run's clock, for a run that began at `startedMs`. A moment that has passed already is refused,
 * except to a resumed run, which it gives what is left: the rows of the journal, and the fallback.
 */
export function deadlineMs({ at }: Deadline, startedMs: number, clock: Clock, resume: boolean): number {
  if (typeof at === 'number') return startedMs + at;
  const leftMs = at.getTime() - clock.wallMs();
  if (leftMs <= 0 && !resume)
    throw contradiction(`${optionMark('deadline')} is ${at.toISOString()}, which has passed already`);
  return clock.nowMs() + leftMs;
}

/**
 * The same for a part of a run: one that has begun is resumed. Another one is refused with DEADLINE: the parts that others
 * work on are not concerned.
 */
export async function partDeadlineMs(
  deadline: Deadline,
  startedMs: number,
  clock: Clock,
  part: RunPart,
): Promise<number> {
  const { at } = deadline;
  if (typeof at !== 'number' && at.getTime() <= clock.wallMs() && !(await part.hasBegun())) {
    const found = `${optionMark('deadline')} is ${at.toISOString()}, which passed before this shard began`;
    throw new MicrotomeError('DEADLINE', 'options', found, { advice: 'allow more time, and start the shard again' });
  }
  return deadlineMs(deadline, startedMs, clock, true);
}

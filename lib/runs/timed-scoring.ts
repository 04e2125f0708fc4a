/** Scores one slide of a run that has a deadline: within its budget, begun again with fewer tiles, or cut off. */
import { MicrotomeError } from '../core/errors.js';
import type { ScoreProgress, SlideResult } from '../scoring/result.js';
import type { TimeBudget } from './time-budget.js';

/** What the budget adds to the options of the slide. */
export interface TimedOptions {
  readonly tileBudget?: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ScoreProgress) => void;
}

/** The reason of an abort that is not the end: the slide is begun again. */
class BeginAgain extends Error {
  constructor(readonly tileBudget: number) {
    super('begun again with fewer tiles');
  }
}

/** Rejects with DEADLINE where there is no time for the slide, or it was cut off; else as `score` does. */
export async function scoreInTime(
  time: TimeBudget,
  slide: { readonly index: number; readonly path: string; readonly signal: AbortSignal },
  score: (options: TimedOptions) => Promise<SlideResult>,
): Promise<SlideResult> {
  const { index, path } = slide;
  const admitted = time.admit(index);
  if (admitted === null) throw tooLate(path, 'tiles', 'there is no time left for this slide');
  let { tileBudget } = admitted;
  try {
    for (;;) {
      const result = await attempt(time, slide, tileBudget, score);
      if (!(result instanceof BeginAgain)) {
        const { tileCount: tiles, read } = result;
        // What would have been scored with more time: not the tiles that an option leaves out.
        time.finished(index, { tiles, fullTiles: read?.sampled?.reason === 'deadline' ? read.sampled.of : tiles });
        return result;
      }
      tileBudget = result.tileBudget;
    }
  } finally {
    time.finished(index, null);
  }
}

async function attempt(
  time: TimeBudget,
  slide: { readonly index: number; readonly path: string; readonly signal: AbortSignal },
  tileBudget: number | null,
  score: (options: TimedOptions) => Promise<SlideResult>,
): Promise<SlideResult | BeginAgain> {
  const stop = new AbortController();
  const onProgress = ({ tiles }: ScoreProgress): void => {
    const smaller = stop.signal.aborted ? null : time.moved(slide.index, tiles.done, tiles.total);
    if (smaller !== null) stop.abort(new BeginAgain(smaller.tileBudget));
  };
  const disarm = armStop(time, slide.index, () =>
    stop.abort(tooLate(slide.path, 'infer', 'this slide was still running when its time was over')),
  );
  const signal = AbortSignal.any([slide.signal, stop.signal]);
  try {
    return await score({ signal, onProgress, ...(tileBudget === null ? {} : { tileBudget }) });
  } catch (error) {
    if (error instanceof BeginAgain && !slide.signal.aborted) return error;
    throw error;
  } finally {
    disarm();
  }
}

/** Acts when the slide's time is over, which may move while it runs. */
function armStop(time: TimeBudget, index: number, act: () => void): () => void {
  let callOff: () => void;
  const arm = (): void => {
    const leftMs = time.stopMs(index) - time.clock.nowMs();
    // Timers may fire a fraction of a millisecond early.
    callOff = time.clock.after(Math.max(leftMs, 0), () =>
      time.stopMs(index) - time.clock.nowMs() > 1 ? arm() : act(),
    );
  };
  arm();
  return () => callOff();
}

function tooLate(path: string, stage: 'tiles' | 'infer', found: string): MicrotomeError {
  return new MicrotomeError('DEADLINE', stage, found, { path });
}

/** The addon's progress as the public one, with the rate and the time left. */

import { stages } from '../core/errors.js';
import type { NativeProgress } from '../native/contract.js';
import type { ScoreProgress } from './result.js';

type Report = (progress: ScoreProgress) => void;

/** Reports on one slide. What the caller's function throws is dropped: it must not end the job. */
export class SlideProgress {
  readonly #report: Report;
  #beganMs = 0;
  /** Once known, it stays: a late stage may not repeat it. */
  #total = 0;

  constructor(report: Report) {
    this.#report = report;
  }

  readonly update = (found: NativeProgress): void => {
    const { tilesDone: done, elapsedMs } = found;
    const total = Math.max(found.tilesTotal, done, this.#total);
    this.#total = total;
    // Until the first tile is done, time goes to opening, tissue and planning, which say nothing about the rate.
    if (done === 0) this.#beganMs = elapsedMs;
    const seconds = (elapsedMs - this.#beganMs) / 1000;
    const tilesPerSecond = done > 0 && seconds > 0 ? done / seconds : 0;
    this.#send({
      stage: stages.find((s) => s === found.stage) ?? 'infer',
      slides: { done: 0, total: 1 },
      tiles: { done, total },
      tilesPerSecond,
      elapsedMs,
      timeLeftMs: tilesPerSecond > 0 ? ((total - done) / tilesPerSecond) * 1000 : null,
    });
  };

  finished(tiles: number, elapsedMs: number): void {
    const seconds = Math.max(elapsedMs - this.#beganMs, 1) / 1000;
    this.#send({
      stage: 'aggregate',
      slides: { done: 1, total: 1 },
      tiles: { done: tiles, total: tiles },
      tilesPerSecond: tiles / seconds,
      elapsedMs,
      timeLeftMs: 0,
    });
  }

  #send(progress: ScoreProgress): void {
    try {
      this.#report(progress);
    } catch {
      // The job goes on; see the class comment.
    }
  }
}

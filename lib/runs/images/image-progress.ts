/** Counts the images that are done, and estimates the time left from how fast they were. */
import type { ImageProgress } from './types.js';

const kMinIntervalMs = 100;

export class ImageRunProgress {
  readonly #startedMs: number;
  #scored = 0;
  #failed = 0;
  /** Of the failed, those that nothing was done for. */
  #idle = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly total: number,
    private readonly resumed: number,
    private readonly report: ((progress: ImageProgress) => void) | null,
    private readonly nowMs: () => number,
  ) {
    this.#startedMs = nowMs();
  }

  /** `idle`: of the failed, rows that had no image to begin with, or no time. */
  finished(scored: number, failed: number, idle: number): void {
    this.#scored += scored;
    this.#failed += failed;
    this.#idle += idle;
    const { report } = this;
    if (report === null) return;
    const now = this.nowMs();
    const isDone = this.resumed + this.#scored + this.#failed === this.total;
    if (!isDone && now - this.#lastMs < kMinIntervalMs) return;
    this.#lastMs = now;
    try {
      report(this.snapshot());
    } catch {
      // A caller's callback must not end a run of many hours.
    }
  }

  snapshot(): ImageProgress {
    const elapsedMs = this.nowMs() - this.#startedMs;
    const done = this.resumed + this.#scored + this.#failed;
    const worked = this.#scored + this.#failed - this.#idle;
    const perSecond = elapsedMs > 0 ? (worked * 1000) / elapsedMs : 0;
    return {
      images: { done, total: this.total },
      failed: this.#failed,
      resumed: this.resumed,
      imagesPerSecond: perSecond,
      elapsedMs,
      timeLeftMs: perSecond > 0 ? ((this.total - done) * 1000) / perSecond : null,
    };
  }
}

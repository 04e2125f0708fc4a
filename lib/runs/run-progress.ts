/** Sums up the progress of the slides in flight and estimates the time left from the bytes done so far. */
import type { Stage } from '../core/errors.js';
import type { ScoreProgress } from '../scoring/result.js';
import type { DirectoryProgress } from './types.js';

const kMinIntervalMs = 100;

interface Flight {
  readonly bytes: number;
  tilesDone: number;
  tilesTotal: number;
}

export class RunProgress {
  private readonly startedMs: number;
  private readonly flights = new Map<number, Flight>();
  private stage: Stage = 'slide';
  private scoredNow = 0;
  private failed = 0;
  private tilesFinished = 0;
  private bytesFinished = 0;
  private lastMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly total: number,
    private readonly resumed: number,
    private readonly bytesTotal: number,
    private readonly report: ((progress: DirectoryProgress) => void) | null,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.startedMs = nowMs();
  }

  get tiles(): number {
    return this.tilesFinished;
  }

  get elapsedMs(): number {
    return this.nowMs() - this.startedMs;
  }

  started(index: number, bytes: number): void {
    this.flights.set(index, { bytes, tilesDone: 0, tilesTotal: 0 });
    this.emit(false);
  }

  moved(index: number, progress: ScoreProgress): void {
    const flight = this.flights.get(index);
    if (flight === undefined) return;
    flight.tilesDone = progress.tiles.done;
    flight.tilesTotal = progress.tiles.total;
    this.stage = progress.stage;
    this.emit(false);
  }

  /** `tiles` is the number that the slide's score is made of. */
  finished(index: number, ok: boolean, tiles: number): void {
    this.bytesFinished += this.flights.get(index)?.bytes ?? 0;
    this.flights.delete(index);
    this.tilesFinished += tiles;
    if (ok) ++this.scoredNow;
    else ++this.failed;
    this.emit(true);
  }

  /** A row that had no slide to begin with. */
  missing(): void {
    ++this.failed;
    this.emit(true);
  }

  private emit(always: boolean): void {
    if (this.report === null) return;
    const now = this.nowMs();
    if (!always && now - this.lastMs < kMinIntervalMs) return;
    this.lastMs = now;
    try {
      this.report(this.snapshot());
    } catch {
      // A caller's callback must not end a run of many hours.
    }
  }

  snapshot(): DirectoryProgress {
    const elapsedMs = this.elapsedMs;
    const flights = [...this.flights.values()];
    const tilesInFlight = flights.reduce((sum, f) => sum + f.tilesDone, 0);
    const perHour = elapsedMs > 0 ? (this.scoredNow * 3_600_000) / elapsedMs : 0;
    return {
      stage: this.stage,
      slides: { done: this.resumed + this.scoredNow + this.failed, total: this.total },
      tiles: { done: tilesInFlight, total: flights.reduce((sum, f) => sum + f.tilesTotal, 0) },
      tilesPerSecond: elapsedMs > 0 ? ((this.tilesFinished + tilesInFlight) * 1000) / elapsedMs : 0,
      slidesPerHour: perHour,
      failed: this.failed,
      resumed: this.resumed,
      elapsedMs,
      timeLeftMs: this.timeLeftMs(elapsedMs, flights),
    };
  }

  /** Slides differ a hundredfold in size, so that counting them says little; bytes of the files say more. */
  private timeLeftMs(elapsedMs: number, flights: readonly Flight[]): number | null {
    const inFlight = flights.reduce(
      (sum, f) => sum + (f.tilesTotal > 0 ? (f.bytes * f.tilesDone) / f.tilesTotal : 0),
      0,
    );
    const done = this.bytesFinished + inFlight;
    if (done <= 0 || this.bytesTotal <= 0) return null;
    return (elapsedMs * Math.max(this.bytesTotal - done, 0)) / done;
  }
}

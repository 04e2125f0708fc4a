/** Prints the lines of the box, each in its form and in its order. */
import { progressStep, timeText, type BoxDevice, type BoxFailure, type BoxStage } from './log-lines.js';

export class BoxLog {
  private percent = 0;
  private hasBegun = false;
  private isScored = false;
  private isEnded = false;

  constructor(
    private readonly write: (line: string) => void,
    /** Milliseconds since main.py was started. */
    private readonly elapsedMs: () => number,
  ) {}

  version(version: string): void {
    this.line(`microtome ${version}`);
  }

  device(kind: BoxDevice): void {
    this.line(`device ${kind}`);
  }

  stage(name: BoxStage): void {
    this.line(`stage ${name} ${this.time}`);
  }

  /**
   * Each step is printed once and in order, also where several were passed at once: the number of lines says nothing of the
   * number of slides.
   */
  progress(done: number, total: number): void {
    this.hasBegun = true;
    const reached = total <= 0 ? 100 : Math.floor((100 * Math.min(done, total)) / total);
    while (this.percent + progressStep <= reached) {
      this.percent += progressStep;
      this.line(`progress ${this.percent}% ${this.time}`);
    }
  }

  /** No slide is scored any more: each has its score or was given up. The steps that are left are printed first. */
  scored(): void {
    if (this.isScored) return;
    this.isScored = true;
    this.progress(1, 1);
    this.stage('score');
  }

  /** The time was up before every slide had its turn: the provisional table stands. In the place of the stage `write`. */
  deadline(): void {
    this.scored();
    this.line(`deadline ${this.time}`);
  }

  /** The first ending is the only one. */
  done(): void {
    this.end(`done ${this.time}`);
  }

  /** How far the slides were is not told either. */
  failed(code: BoxFailure): void {
    if (this.hasBegun) this.scored();
    this.end(`failed ${code} ${this.time}`);
  }

  private get time(): string {
    return timeText(this.elapsedMs());
  }

  private end(text: string): void {
    this.line(text);
    this.isEnded = true;
  }

  private line(text: string): void {
    if (!this.isEnded) this.write(`${text}\n`);
  }
}

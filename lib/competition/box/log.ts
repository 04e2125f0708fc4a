/** Prints the lines of the box, each in its form and in its order. */
import { progressStep, timeText, type BoxDevice, type BoxFailure, type BoxStage } from './log-lines.js';

export class BoxLog {
  private percent = 0;
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
    const reached = total <= 0 ? 100 : Math.floor((100 * Math.min(done, total)) / total);
    while (this.percent + progressStep <= reached) {
      this.percent += progressStep;
      this.line(`progress ${this.percent}% ${this.time}`);
    }
  }

  /** The time was up before every slide had its turn: the provisional table is what stands. */
  deadline(): void {
    this.line(`deadline ${this.time}`);
  }

  /** The first ending is the only one. */
  done(): void {
    this.end(`done ${this.time}`);
  }

  failed(code: BoxFailure): void {
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

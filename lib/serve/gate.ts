/** How many requests are worked on at once, and how many may wait for that. */

import { busy } from './http-error.js';

export class Gate {
  #inside = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(
    private readonly most: number,
    private readonly mostWaiting: number,
  ) {}

  get inside(): number {
    return this.#inside;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Resolves when there is room, with what gives it back. Rejects with 503 where too many wait, or with the signal's reason. */
  enter(signal: AbortSignal): Promise<() => void> {
    if (this.#inside < this.most) {
      this.#inside++;
      return Promise.resolve(this.#leave());
    }
    if (this.#waiting.length >= this.mostWaiting)
      return Promise.reject(busy(`${this.#inside} requests are in work, and ${this.#waiting.length} wait`));
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        const at = this.#waiting.indexOf(enter);
        if (at !== -1) this.#waiting.splice(at, 1);
        reject(signal.reason);
      };
      const enter = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve(this.#leave());
      };
      this.#waiting.push(enter);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** Whoever waits longest gets the place. */
  #leave(): () => void {
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      const next = this.#waiting.shift();
      if (next === undefined) this.#inside--;
      else next();
    };
  }
}

/** Long loops on the JavaScript thread, cut into turns of the event loop: other work of the caller runs between them. */
import { setImmediate as nextTurn } from 'node:timers/promises';

import { throwIfAborted } from './cancel.js';

const turnMs = 2;

/**
 * @example
 * ```ts
 * const turns = new Turns(signal);
 * for (const item of many) {
 *   use(item);
 *   if (turns.isOver) await turns.next();
 * }
 * ```
 */
export class Turns {
  #beganMs = performance.now();
  readonly #signal: AbortSignal | null;

  constructor(signal: AbortSignal | null = null) {
    this.#signal = signal;
  }

  /** True once this turn has lasted 2 ms. Asking takes well under a microsecond. */
  get isOver(): boolean {
    return performance.now() - this.#beganMs >= turnMs;
  }

  /** Waits for the next turn; rejects with the signal's reason after an abort. */
  async next(): Promise<void> {
    await nextTurn();
    throwIfAborted(this.#signal);
    this.#beganMs = performance.now();
  }
}

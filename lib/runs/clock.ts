/** Time as a run reads it. Tests pass one of their own, so that none of them sleeps or depends on the machine. */

export interface Clock {
  /** Milliseconds since any fixed moment; never goes back. */
  nowMs(): number;
  /** Milliseconds since 1970, for deadlines given as a date. */
  wallMs(): number;
  /** Calls `act` once, `ms` from now; what it returns calls that off. */
  after(ms: number, act: () => void): () => void;
}

/** The longest time that a timer of Node.js takes. */
const kMaxTimerMs = 2 ** 31 - 1;

export const realClock: Clock = Object.freeze({
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(ms: number, act: () => void) {
    let timer: NodeJS.Timeout;
    const wait = (left: number): void => {
      timer = setTimeout(() => (left > kMaxTimerMs ? wait(left - kMaxTimerMs) : act()), Math.min(left, kMaxTimerMs));
    };
    wait(Math.max(ms, 0));
    return () => clearTimeout(timer);
  },
});

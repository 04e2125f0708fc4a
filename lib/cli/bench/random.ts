/** Seeded numbers: the same slides on every machine. */

/** A 32-bit generator (xorshift with a multiplication at the end); for drawing, not for secrets. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1;
  }

  /** Uniform in [0, 1). */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return (Math.imul(this.#state, 0x2c1b3c6d) >>> 0) / 2 ** 32;
  }
}

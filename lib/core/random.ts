/** Random numbers that a seed repeats, on every machine: xoshiro128**, by Blackman and Vigna (2018), seeded by SplitMix32. Not for secrets. */
export class SeededRandom {
  readonly #state: Uint32Array;

  /** @param seed - a whole number; its lower 32 bits count */
  constructor(seed: number) {
    let mixed = seed >>> 0;
    this.#state = Uint32Array.from({ length: 4 }, () => {
      mixed = (mixed + 0x9e3779b9) >>> 0;
      let bits = mixed;
      bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
      bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
      return (bits ^ (bits >>> 16)) >>> 0;
    });
  }

  /** A whole number from 0 to 2^32 - 1. */
  next(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#state;
    const result = Math.imul(rotated(Math.imul(b, 5), 7), 9) >>> 0;
    const [third, fourth] = [c ^ a, d ^ b];
    this.#state.set([a ^ fourth, b ^ third, third ^ (b << 9), rotated(fourth, 11)]);
    return result;
  }

  /** A whole number from 0 to `count` - 1, each as probable as the others to within count / 2^32. */
  below(count: number): number {
    return Math.floor((this.next() / 2 ** 32) * count);
  }
}

function rotated(bits: number, by: number): number {
  return (bits << by) | (bits >>> (32 - by));
}

/**
 * Seeded randomness for the slide generator. Two kinds: a stream (Random) for decisions made once per slide, and a
 * position hash for texture, so that any tile can be painted alone, in any order, with the same pixels.
 */

/** A small counter-based generator (32-bit state, period 2^32); enough for layout, not for cryptography. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = mix(seed | 0);
  }

  /** Uniform in [0, 1). */
  next(): number {
    this.state = (this.state + 0x9e3779b9) | 0;
    return (mix(this.state) >>> 0) / 4294967296;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** Integer, uniform in [low, high]. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** A 32-bit seed for an independent stream. */
  fork(): number {
    return (this.next() * 4294967296) | 0;
  }
}

/** Avalanche of a 32-bit integer. */
export function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97);
  return (h ^ (h >>> 15)) | 0;
}

/** 32 hash bits (as a signed integer) of a lattice position. */
export function hash2(x: number, y: number, seed: number): number {
  return mix(Math.imul(x, 0x27d4eb2f) ^ Math.imul(y, 0x165667b1) ^ seed);
}

/** Uniform in [0, 1) at a lattice position. */
export function unit2(x: number, y: number, seed: number): number {
  return (hash2(x, y, seed) >>> 0) / 4294967296;
}

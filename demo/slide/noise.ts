/** Smooth noise: value noise on an integer lattice, endless (by position hash) or periodic (for texture tables). */
import { unit2 } from './random.js';

/** 0 below `low`, 1 above `high`, smooth between. */
export function smoothstep(low: number, high: number, value: number): number {
  const t = Math.min(1, Math.max(0, (value - low) / (high - low)));
  return t * t * (3 - 2 * t);
}

/** Value noise in [0, 1) with lattice spacing 1. */
export function noise2(x: number, y: number, seed: number): number {
  const ix = Math.floor(x);
  const iy = Math.floor(y);
  const fx = fade(x - ix);
  const fy = fade(y - iy);
  const top = mixOf(unit2(ix, iy, seed), unit2(ix + 1, iy, seed), fx);
  const bottom = mixOf(unit2(ix, iy + 1, seed), unit2(ix + 1, iy + 1, seed), fx);
  return mixOf(top, bottom, fy);
}

/** Three octaves of noise2, in [0, 1). */
export function fractal2(x: number, y: number, seed: number): number {
  return (
    noise2(x, y, seed) * 0.57 +
    noise2(x * 2.1, y * 2.1, seed + 101) * 0.29 +
    noise2(x * 4.3, y * 4.3, seed + 202) * 0.14
  );
}

/** Value noise in [0, 1) that tiles without a seam: `nx` by `ny` lattice cells a turn. */
export class PeriodicNoise {
  private readonly nx: number;
  private readonly ny: number;
  private readonly lattice: Float32Array;

  constructor(nx: number, ny: number, seed: number) {
    this.nx = nx;
    this.ny = ny;
    this.lattice = new Float32Array(nx * ny);
    for (let y = 0; y < ny; y++) for (let x = 0; x < nx; x++) this.lattice[y * nx + x] = unit2(x, y, seed);
  }

  /** (u, v) in turns. */
  at(u: number, v: number): number {
    const { nx, ny, lattice } = this;
    const x = (u - Math.floor(u)) * nx;
    const y = (v - Math.floor(v)) * ny;
    const x0 = Math.min(nx - 1, Math.floor(x));
    const y0 = Math.min(ny - 1, Math.floor(y));
    const x1 = x0 + 1 === nx ? 0 : x0 + 1;
    const row0 = y0 * nx;
    const row1 = (y0 + 1 === ny ? 0 : y0 + 1) * nx;
    const fx = fade(x - x0);
    const top = mixOf(lattice[row0 + x0] as number, lattice[row0 + x1] as number, fx);
    const bottom = mixOf(lattice[row1 + x0] as number, lattice[row1 + x1] as number, fx);
    return mixOf(top, bottom, fade(y - y0));
  }
}

function fade(t: number): number {
  return t * t * (3 - 2 * t);
}

function mixOf(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}

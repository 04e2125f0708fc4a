/** Tiles that look to a tissue mask and to a JPEG coder like stained tissue, and one of clean glass. */
import { SeededRandom } from './random.js';

export const tilePx = 256;

const glassRgb = [243, 242, 244] as const;
const stromaRgb = [226, 168, 200] as const;
const nucleusRgb = [96, 62, 140] as const;

/** About as many as in dense tissue at 0.25 microns per pixel. */
const nucleiPerTile = 60;

/** Noise of unit height that is smooth over `cellPx` pixels and joins at the tile's edges. */
function smoothNoise(random: SeededRandom, cellPx: number): Float64Array {
  const cells = tilePx / cellPx;
  const lattice = Float64Array.from({ length: cells * cells }, () => random.next());
  const ease = (t: number): number => t * t * (3 - 2 * t);
  const noise = new Float64Array(tilePx * tilePx);
  for (let y = 0; y < tilePx; y++) {
    const top = Math.floor(y / cellPx);
    const upperRow = top * cells;
    const lowerRow = ((top + 1) % cells) * cells;
    const fy = ease(y / cellPx - top);
    for (let x = 0; x < tilePx; x++) {
      const left = Math.floor(x / cellPx);
      const right = (left + 1) % cells;
      const fx = ease(x / cellPx - left);
      const upper = (lattice[upperRow + left] as number) * (1 - fx) + (lattice[upperRow + right] as number) * fx;
      const lower = (lattice[lowerRow + left] as number) * (1 - fx) + (lattice[lowerRow + right] as number) * fx;
      noise[y * tilePx + x] = upper * (1 - fy) + lower * fy;
    }
  }
  return noise;
}

/** How much of each pixel nuclei cover, 0 to 1. */
function nuclei(random: SeededRandom): Float64Array {
  const cover = new Float64Array(tilePx * tilePx);
  for (let i = 0; i < nucleiPerTile; i++) {
    const [cx, cy] = [random.next() * tilePx, random.next() * tilePx];
    const [a, b] = [5 + 6 * random.next(), 4 + 4 * random.next()];
    for (let y = Math.max(0, Math.floor(cy - 12)); y < Math.min(tilePx, cy + 12); y++) {
      for (let x = Math.max(0, Math.floor(cx - 12)); x < Math.min(tilePx, cx + 12); x++) {
        const inside = 1.2 - Math.hypot((x - cx) / a, (y - cy) / b);
        const at = y * tilePx + x;
        cover[at] = Math.max(cover[at] as number, Math.min(1, Math.max(0, inside * 3)));
      }
    }
  }
  return cover;
}

/** Interleaved RGB. */
export function tissueTile(seed: number): Uint8Array {
  const random = new SeededRandom(seed);
  const [coarse, fine] = [smoothNoise(random, 64), smoothNoise(random, 8)];
  const cover = nuclei(random);
  const pixels = new Uint8Array(tilePx * tilePx * 3);
  for (let at = 0; at < tilePx * tilePx; at++) {
    const shade = 26 * ((coarse[at] as number) - 0.5) + 34 * ((fine[at] as number) - 0.5) + 12 * (random.next() - 0.5);
    const share = cover[at] as number;
    for (let c = 0; c < 3; c++) {
      // Uint8Array would wrap what lies outside 0 to 255; these sums cannot.
      pixels[3 * at + c] = (stromaRgb[c] as number) * (1 - share) + (nucleusRgb[c] as number) * share + shade;
    }
  }
  return pixels;
}

export function glassTile(): Uint8Array {
  return Uint8Array.from({ length: tilePx * tilePx * 3 }, (_, i) => glassRgb[i % 3] ?? 0);
}

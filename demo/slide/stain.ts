/**
 * Colour: two stains by the Beer-Lambert law. A pixel is an amount of haematoxylin and of eosin; the slide's own stain
 * vectors, strengths and glass colour turn the pair into RGB through one table. The jitter between slides is drawn
 * without looking at the class, so that colour carries no label.
 */
import type { Random } from './random.js';

export interface Stain {
  /** Optical density of amount 1, R, G, B. */
  readonly haematoxylin: readonly [number, number, number];
  readonly eosin: readonly [number, number, number];
  /** Colour of empty glass. */
  readonly glass: readonly [number, number, number];
}

/** Amounts are bytes: 255 is this much stain. */
const FULL_SCALE = 2.2;

export function randomStain(random: Random): Stain {
  const strengthH = random.between(0.78, 1.22);
  const strengthE = random.between(0.72, 1.28);
  const shade = (value: number, spread: number): number => value + random.between(-spread, spread);
  const white = random.between(240, 249);
  const warm = random.between(-2.5, 2.5);
  return {
    haematoxylin: [shade(0.62, 0.07) * strengthH, shade(0.74, 0.06) * strengthH, shade(0.3, 0.07) * strengthH],
    eosin: [shade(0.06, 0.035) * strengthE, shade(0.62, 0.07) * strengthE, shade(0.26, 0.08) * strengthE],
    glass: [white + warm * 0.4, white - 0.6, white - warm],
  };
}

/** Packed colours (r | g << 8 | b << 16), index = haematoxylin byte << 8 | eosin byte. */
export function stainTable(stain: Stain): Uint32Array {
  const out = new Uint32Array(1 << 16);
  const unit = FULL_SCALE / 255;
  for (let h = 0; h < 256; h++) {
    for (let e = 0; e < 256; e++) {
      let packed = 0;
      for (let c = 0; c < 3; c++) {
        const density = unit * (h * (stain.haematoxylin[c] as number) + e * (stain.eosin[c] as number));
        packed |= Math.round((stain.glass[c] as number) * Math.exp(-density)) << (8 * c);
      }
      out[(h << 8) | e] = packed >>> 0;
    }
  }
  return out;
}

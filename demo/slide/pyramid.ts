/** Pyramid arithmetic as libvips does it: halves, floored, until one tile holds the level. */

export interface LevelSize {
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  readonly rows: number;
}

export function levelSizes(width: number, height: number, tileSizePx: number): LevelSize[] {
  const sizes: LevelSize[] = [];
  let w = width;
  let h = height;
  for (;;) {
    sizes.push({ width: w, height: h, columns: Math.ceil(w / tileSizePx), rows: Math.ceil(h / tileSizePx) });
    if ((w <= tileSizePx && h <= tileSizePx) || w < 2 || h < 2) return sizes;
    w = Math.floor(w / 2);
    h = Math.floor(h / 2);
  }
}

/**
 * Writes the 2 by 2 means (rounded half up) of a square RGB tile into one quadrant of its parent tile.
 */
export function reduceInto(
  parent: Uint8Array,
  child: Uint8Array,
  tileSizePx: number,
  quadrantX: 0 | 1,
  quadrantY: 0 | 1,
): void {
  const half = tileSizePx / 2;
  const stride = tileSizePx * 3;
  for (let y = 0; y < half; y++) {
    let from = 2 * y * stride;
    let to = (quadrantY * half + y) * stride + quadrantX * half * 3;
    for (let x = 0; x < half; x++, from += 6, to += 3) {
      for (let c = 0; c < 3; c++) {
        const at = from + c;
        const sum =
          (child[at] as number) +
          (child[at + 3] as number) +
          (child[at + stride] as number) +
          (child[at + stride + 3] as number);
        parent[to + c] = (sum + 2) >> 2;
      }
    }
  }
}

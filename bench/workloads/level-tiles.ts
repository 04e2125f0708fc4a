/**
 * Which stored tile lies where on a level that shows one rectangle of tissue; tiles on its rim are mixed on demand. The
 * tissue of each level is that of the level below, reduced, so that no pale spot of one tile fills a large part of an upper
 * level, where a tissue mask would see it as a hole.
 */
import { reduceInto, type LevelSize } from '../../demo/slide/pyramid.js';

export const TILE_PX = 256;

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Pixels of tiles of 256 pixels, interleaved RGB. */
export interface TilePixels {
  readonly glass: Uint8Array;
  readonly tissue: readonly Uint8Array[];
}

/** Different tissue tiles of each level but the lowest. */
const TILES_OF_UPPER_LEVELS = 16;

export class LevelTiles {
  private readonly glass: Uint8Array;
  /** Of the level at hand, and the number of the first of them. */
  private tissue: readonly Uint8Array[];
  private firstTissue = 1;
  private readonly mixed = new Map<string, number>();
  private readonly store: (pixels: Uint8Array) => void;
  private stored = 0;

  /** `store` is called once for each different tile; they are numbered in that order: glass, then tissue. */
  constructor(painted: TilePixels, store: (pixels: Uint8Array) => void) {
    this.glass = painted.glass;
    this.tissue = painted.tissue;
    this.store = store;
    this.add(this.glass);
    for (const pixels of this.tissue) this.add(pixels);
  }

  private add(pixels: Uint8Array): number {
    this.store(pixels);
    return this.stored++;
  }

  /** From now on the level above the one at hand. */
  nextLevel(): void {
    const below = this.tissue;
    const count = Math.min(below.length, TILES_OF_UPPER_LEVELS);
    this.tissue = Array.from({ length: count }, (_, i) => {
      const pixels = new Uint8Array(TILE_PX * TILE_PX * 3);
      for (let child = 0; child < 4; child++) {
        const from = below[(4 * i + child) % below.length] as Uint8Array;
        reduceInto(pixels, from, TILE_PX, (child & 1) as 0 | 1, (child >> 1) as 0 | 1);
      }
      return pixels;
    });
    this.mixed.clear();
    this.firstTissue = this.stored;
    for (const pixels of this.tissue) this.add(pixels);
  }

  /** Numbers of the stored tiles of the level at hand, row by row. `tissue` is in pixels of the level. */
  gridOf(size: LevelSize, tissue: Rect): Uint32Array {
    const grid = new Uint32Array(size.columns * size.rows);
    let next = 0;
    for (let at = 0; at < grid.length; at++) {
      const left = (at % size.columns) * TILE_PX;
      const top = Math.floor(at / size.columns) * TILE_PX;
      const inside = {
        left: clamp(Math.round(tissue.x) - left),
        right: clamp(Math.round(tissue.x + tissue.width) - left),
        top: clamp(Math.round(tissue.y) - top),
        bottom: clamp(Math.round(tissue.y + tissue.height) - top),
      };
      const area = (inside.right - inside.left) * (inside.bottom - inside.top);
      if (area === 0) grid[at] = 0;
      else if (area === TILE_PX * TILE_PX) grid[at] = this.firstTissue + (next++ % this.tissue.length);
      else grid[at] = this.mixedTile(inside);
    }
    return grid;
  }

  private mixedTile(inside: Inside): number {
    const key = `${inside.left} ${inside.right} ${inside.top} ${inside.bottom}`;
    const known = this.mixed.get(key);
    if (known !== undefined) return known;
    const pixels = Uint8Array.from(this.glass);
    const tissue = this.tissue[this.mixed.size % this.tissue.length] as Uint8Array;
    for (let y = inside.top; y < inside.bottom; y++) {
      const from = 3 * (y * TILE_PX + inside.left);
      pixels.set(tissue.subarray(from, from + 3 * (inside.right - inside.left)), from);
    }
    const number = this.add(pixels);
    this.mixed.set(key, number);
    return number;
  }
}

/** A rectangle of one tile, in its pixels. */
interface Inside {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function clamp(position: number): number {
  return Math.max(0, Math.min(TILE_PX, position));
}

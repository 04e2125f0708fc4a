/**
 * Which stored tile lies where on a level that shows one rectangle of tissue; tiles on its rim are mixed on demand. The
 * tissue of each level is that of the level below, reduced, so that no pale spot of one tile fills a large part of an upper
 * level, where a tissue mask would see it as a hole.
 */
import { reduceInto, type LevelSize } from '../../demo/slide/pyramid.js';

export const TILE_PX = 256;
/** Interleaved RGB. */
export const TILE_BYTES = TILE_PX * TILE_PX * 3;

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Different tissue tiles of each level but the lowest. */
const TILES_OF_UPPER_LEVELS = 16;

/** Tissue tiles of the next level. */
export function reducedTiles(below: readonly Uint8Array[]): readonly Uint8Array[] {
  return Array.from({ length: Math.min(below.length, TILES_OF_UPPER_LEVELS) }, (_, i) => {
    const pixels = new Uint8Array(TILE_BYTES);
    for (let child = 0; child < 4; child++) {
      const from = below[(4 * i + child) % below.length] as Uint8Array;
      reduceInto(pixels, from, TILE_PX, (child & 1) as 0 | 1, (child >> 1) as 0 | 1);
    }
    return pixels;
  });
}

export interface LevelTiles {
  readonly glass: Uint8Array;
  readonly tissue: readonly Uint8Array[];
  /** Number of the first tissue tile; that of glass is 0. */
  readonly firstTissue: number;
  /** Stores another tile, and gives its number. */
  store(pixels: Uint8Array): number;
}

/** Left, right, top and bottom of the tissue in one tile, in its pixels. */
type Inside = readonly [number, number, number, number];

const clamp = (edge: number): number => Math.max(0, Math.min(TILE_PX, Math.round(edge)));

/** Numbers of the stored tiles of a level, row by row. `tissue` is in pixels of the level. */
export function gridOf(size: LevelSize, tissue: Rect, tiles: LevelTiles): Uint32Array {
  const mixed = new Map<string, number>();
  let next = 0;
  return Uint32Array.from({ length: size.columns * size.rows }, (_, at) => {
    const left = tissue.x - (at % size.columns) * TILE_PX;
    const top = tissue.y - Math.floor(at / size.columns) * TILE_PX;
    const inside: Inside = [clamp(left), clamp(left + tissue.width), clamp(top), clamp(top + tissue.height)];
    const area = (inside[1] - inside[0]) * (inside[3] - inside[2]);
    if (area === 0) return 0;
    if (area === TILE_PX * TILE_PX) return tiles.firstTissue + (next++ % tiles.tissue.length);
    const key = inside.join(' ');
    const number = mixed.get(key) ?? tiles.store(mixedTile(tiles, mixed.size, inside));
    mixed.set(key, number);
    return number;
  });
}

function mixedTile({ glass, tissue }: LevelTiles, number: number, [left, right, top, bottom]: Inside): Uint8Array {
  const pixels = Uint8Array.from(glass);
  const from = tissue[number % tissue.length] as Uint8Array;
  for (let y = top; y < bottom; y++) {
    const at = 3 * (y * TILE_PX + left);
    pixels.set(from.subarray(at, at + 3 * (right - left)), at);
  }
  return pixels;
}

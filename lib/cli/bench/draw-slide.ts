/**
 * A slide of the shape asked for: one block of tissue on glass. A dozen tiles are drawn and compressed once and shared by
 * all table entries, so a slide of any size is written in a moment and is small on disk. All levels show the same block.
 */
import { writeFile } from 'node:fs/promises';
import type { SlideShape } from './distribution.js';
import { encodeJpeg } from './jpeg-encoder.js';
import { pyramidBytes, type Page } from './tiff-pages.js';
import { glassTile, tilePx, tissueTile } from './tissue-tiles.js';

const quality = 80;
const distinctTiles = 12;

interface Stored {
  readonly offset: number;
  readonly bytes: number;
}

/** Left, top, right, bottom. */
type Box = readonly [number, number, number, number];

/** What every slide is made of, drawn and compressed once. */
export class TilePalette {
  readonly glass: Uint8Array = glassTile();
  readonly tissue: readonly Uint8Array[] = Array.from({ length: distinctTiles }, (_, i) => tissueTile(i + 1));
  readonly tables: Uint8Array;
  private readonly encoded = new Map<string, Uint8Array>();

  constructor() {
    this.tables = encodeJpeg(this.glass, tilePx, quality).tables;
  }

  /** Key of the tile whose part `inside` is tissue, the rest glass; `number` chooses among tiles that are all tissue. */
  keyOf(number: number, inside: Box): string {
    const [left, top, right, bottom] = inside;
    if (left >= right || top >= bottom) return 'glass';
    return right - left === tilePx && bottom - top === tilePx ? `${number % distinctTiles}` : inside.join(' ');
  }

  /** The compressed tile of a key that was made from the same arguments. */
  tile(key: string, number: number, inside: Box): Uint8Array {
    const known = this.encoded.get(key);
    if (known !== undefined) return known;
    const [left, top, right, bottom] = inside;
    const pixels = Uint8Array.from(this.glass);
    const tissue = this.tissue[number % distinctTiles] as Uint8Array;
    for (let y = top; y < bottom && key !== 'glass'; y++) {
      const from = 3 * (y * tilePx + left);
      pixels.set(tissue.subarray(from, from + 3 * (right - left)), from);
    }
    const { tile } = encodeJpeg(pixels, tilePx, quality);
    this.encoded.set(key, tile);
    return tile;
  }
}

/** The tiles of one file, each stored once, in the order they were asked for. */
class TileStore {
  private readonly parts: Uint8Array[] = [];
  private readonly byKey = new Map<string, Stored>();
  /** Of the next tile; the header has 8 bytes. */
  private position = 8;

  constructor(private readonly palette: TilePalette) {}

  get bytes(): Buffer {
    return Buffer.concat(this.parts);
  }

  tile(number: number, inside: Box): Stored {
    const key = this.palette.keyOf(number, inside);
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    const tile = this.palette.tile(key, number, inside);
    const stored = { offset: this.position, bytes: tile.length };
    this.byKey.set(key, stored);
    const padded = new Uint8Array(tile.length + (tile.length % 2));
    padded.set(tile);
    this.parts.push(padded);
    this.position += padded.length;
    return stored;
  }
}

/** Where a rectangle lies within the tile whose corner is (x, y). */
function within(rect: Box, x: number, y: number): Box {
  const clamp = (value: number): number => Math.max(0, Math.min(tilePx, Math.round(value)));
  return [clamp(rect[0] - x), clamp(rect[1] - y), clamp(rect[2] - x), clamp(rect[3] - y)];
}

function pageOf(width: number, height: number, block: Box, store: TileStore): Page {
  const columns = Math.ceil(width / tilePx);
  const offsets = new Uint32Array(columns * Math.ceil(height / tilePx));
  const byteCounts = new Uint32Array(offsets.length);
  for (let at = 0; at < offsets.length; at++) {
    const inside = within(block, (at % columns) * tilePx, Math.floor(at / columns) * tilePx);
    const { offset, bytes } = store.tile(at, inside);
    offsets[at] = offset;
    byteCounts[at] = bytes;
  }
  return { width, height, offsets, byteCounts };
}

/** Level sizes: halves, floored, until one tile holds the level. */
function levelsOf(width: number, height: number): readonly (readonly [number, number])[] {
  const levels: [number, number][] = [[width, height]];
  for (;;) {
    const [w, h] = levels.at(-1) as [number, number];
    if ((w <= tilePx && h <= tilePx) || w < 2 || h < 2) return levels;
    levels.push([w >> 1, h >> 1]);
  }
}

/** The block in whole tiles of level 0, so that few tiles are mixed; at least one tile. */
function blockOf({ width, height, tissue }: SlideShape): Box {
  const side = Math.sqrt(tissue);
  const along = (length: number): [number, number] => {
    const tiles = Math.max(1, Math.round((length * side) / tilePx));
    const first = Math.max(0, Math.floor((length / tilePx - tiles) / 2));
    return [first * tilePx, (first + tiles) * tilePx];
  };
  const [[left, right], [top, bottom]] = [along(width), along(height)];
  return [left, top, right, bottom];
}

export async function drawSlide(path: string, shape: SlideShape, palette: TilePalette): Promise<void> {
  const store = new TileStore(palette);
  const [left, top, right, bottom] = blockOf(shape);
  const pages = levelsOf(shape.width, shape.height).map(([width, height], level) => {
    const scale = 2 ** -level;
    return pageOf(width, height, [left * scale, top * scale, right * scale, bottom * scale], store);
  });
  const tiles = store.bytes;
  const { bytes, firstDirectory } = pyramidBytes(pages, palette.tables, 8 + tiles.length);
  const header = Buffer.from([0x49, 0x49, 42, 0, 0, 0, 0, 0]);
  header.writeUInt32LE(firstDirectory, 4);
  await writeFile(path, Buffer.concat([header, tiles, bytes]));
}

/**
 * Very large slides, quickly: a few tiles are painted and compressed once, and table entries of every level point at the
 * same bytes. For tests of memory and of large tables. The block of tissue has the same outline in every level, but the
 * pixels of a level are not the reduction of the one below.
 */
import { rm } from 'node:fs/promises';
import { Random } from './random.js';
import { TileEncoder } from './jpeg.js';
import { type CountType, pageTags } from './pages.js';
import { Painter } from './painter.js';
import { levelSizes } from './pyramid.js';
import { Scene } from './scene.js';
import { TiffWriter } from './tiff-writer.js';

export interface SharedTileOptions {
  readonly width: number;
  readonly height: number;
  readonly seed: number;
  /** Share of the tiles that hold tissue, in one block in the middle, 0 to 1. @defaultValue 0.15 */
  readonly tissueShare?: number;
  /** Different tissue tiles. @defaultValue 64 */
  readonly distinctTiles?: number;
  /** @defaultValue 256 */
  readonly tileSize?: number;
  /** @defaultValue 80 */
  readonly quality?: number;
  /** @defaultValue false */
  readonly bigTiff?: boolean;
  /** @defaultValue 'little' */
  readonly byteOrder?: 'little' | 'big';
  /** How the sizes of the tiles are stored; `long8` in Big TIFF only. @defaultValue 'long' */
  readonly countType?: CountType;
}

export interface SharedTileTruth {
  readonly width: number;
  readonly height: number;
  /** The block that holds tissue, level-0 pixels. */
  readonly tissue: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  readonly tissueTiles: number;
  readonly glassTiles: number;
}

/** Side of the scene that the tissue tiles are cut from. */
const SOURCE_PX = 8192;

interface Stored {
  readonly offset: number;
  readonly bytes: number;
}

/** A tile as it was painted, with its place in the file. */
interface Painted extends Stored {
  readonly pixels: Uint8Array;
}

interface Block {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export async function makeSharedTileSlide(path: string, options: SharedTileOptions): Promise<SharedTileTruth> {
  const tileSize = options.tileSize ?? 256;
  const writer = new TiffWriter(path, {
    bigTiff: options.bigTiff ?? false,
    byteOrder: options.byteOrder ?? 'little',
  });
  try {
    const truth = writeShared(writer, options, tileSize);
    writer.close();
    return truth;
  } catch (error) {
    writer.close();
    await rm(path, { force: true });
    throw error;
  }
}

function writeShared(writer: TiffWriter, options: SharedTileOptions, tileSize: number): SharedTileTruth {
  const encoder = new TileEncoder(tileSize, options.quality ?? 80);
  const palette = storeTiles(writer, encoder, options, tileSize);
  const side = Math.sqrt(Math.min(1, Math.max(0, options.tissueShare ?? 0.15)));
  const block = {
    x: (options.width * (1 - side)) / 2,
    y: (options.height * (1 - side)) / 2,
    width: options.width * side,
    height: options.height * side,
  };
  let tissueTiles = 0;
  let glassTiles = 0;
  for (const [index, size] of levelSizes(options.width, options.height, tileSize).entries()) {
    const offsets = new Float64Array(size.columns * size.rows);
    const byteCounts = new Float64Array(offsets.length);
    const scale = size.width / options.width;
    for (let at = 0; at < offsets.length; at++) {
      // The block in pixels of this tile.
      const left = block.x * scale - (at % size.columns) * tileSize;
      const top = block.y * scale - Math.floor(at / size.columns) * tileSize;
      const inTile = { x: left, y: top, width: block.width * scale, height: block.height * scale };
      const tissue = palette.tissue[(at * 7919) % palette.tissue.length] as Painted;
      const centre = covers(inTile, tileSize / 2, tileSize / 2);
      let tile: Stored = centre ? tissue : palette.glass;
      // Level 0 is made of whole tiles, so that tiles can be counted.
      if (index > 0 && isCut(inTile, tileSize))
        tile = store(writer, encoder, mixed(palette.glass.pixels, tissue.pixels, inTile, tileSize));
      offsets[at] = tile.offset;
      byteCounts[at] = tile.bytes;
      if (index === 0 && centre) tissueTiles++;
      else if (index === 0) glassTiles++;
    }
    const page = { size, tileSizePx: tileSize, jpegTables: encoder.tables, offsets, byteCounts, reduced: index > 0 };
    writer.addPage(pageTags({ ...page, countType: options.countType ?? 'long' }, writer));
  }
  return { width: options.width, height: options.height, tissue: block, tissueTiles, glassTiles };
}

function covers(block: Block, x: number, y: number): boolean {
  return x >= block.x && y >= block.y && x < block.x + block.width && y < block.y + block.height;
}

/** True when the tile holds both tissue and glass. */
function isCut(block: Block, tileSize: number): boolean {
  const right = block.x + block.width;
  const bottom = block.y + block.height;
  if (block.x >= tileSize || block.y >= tileSize || right <= 0 || bottom <= 0) return false;
  return block.x > 0 || block.y > 0 || right < tileSize || bottom < tileSize;
}

function mixed(glass: Uint8Array, tissue: Uint8Array, block: Block, tileSize: number): Uint8Array {
  const pixels = glass.slice();
  for (let y = 0; y < tileSize; y++)
    for (let x = 0; x < tileSize; x++)
      if (covers(block, x + 0.5, y + 0.5)) {
        const at = 3 * (y * tileSize + x);
        pixels.set(tissue.subarray(at, at + 3), at);
      }
  return pixels;
}

function store(writer: TiffWriter, encoder: TileEncoder, pixels: Uint8Array): Stored {
  const encoded = encoder.encode(pixels);
  return { offset: writer.append(encoded), bytes: encoded.length };
}

/** The upper left corner of a square. */
function corner(pixels: Uint8Array, sidePx: number, cornerPx: number): Uint8Array {
  if (sidePx === cornerPx) return pixels;
  const cut = new Uint8Array(3 * cornerPx * cornerPx);
  for (let y = 0; y < cornerPx; y++)
    cut.set(pixels.subarray(3 * y * sidePx, 3 * (y * sidePx + cornerPx)), 3 * y * cornerPx);
  return cut;
}

function storeTiles(
  writer: TiffWriter,
  encoder: TileEncoder,
  options: SharedTileOptions,
  tileSize: number,
): { glass: Painted; tissue: readonly Painted[] } {
  const scene = new Scene({
    width: SOURCE_PX,
    height: SOURCE_PX,
    seed: options.seed,
    relapse: false,
    tissueShare: 0.5,
    pens: [],
    borders: [],
  });
  // What is painted is a multiple of 32 wide; the rest is cut off.
  const paintedPx = 32 * Math.ceil(tileSize / 32);
  const painter = new Painter(scene, paintedPx);
  const paint = (brush: (pixels: Uint8Array) => void): Painted => {
    const painted = new Uint8Array(paintedPx * paintedPx * 3);
    brush(painted);
    const pixels = corner(painted, paintedPx, tileSize);
    return { ...store(writer, encoder, pixels), pixels };
  };
  const random = new Random(options.seed);
  const glass = paint((pixels) => painter.paintGlass(pixels, 0, 0));
  const tissue: Painted[] = [];
  for (let i = 0; i < (options.distinctTiles ?? 64); i++) {
    // The middle of the scene is tissue for every seed.
    const position = (): number =>
      32 * random.integer(Math.floor((SOURCE_PX * 0.38) / 32), Math.floor((SOURCE_PX * 0.6) / 32));
    tissue.push(paint((pixels) => painter.paint(position(), position(), pixels)));
  }
  return { glass, tissue };
}

/**
 * Very large slides, quickly: a few tiles are painted and compressed once, and table entries of every level point at the
 * same bytes. For tests of memory and of large tables; the pixels of a level are not the reduction of the one below.
 */
import { rm } from 'node:fs/promises';
import { Random } from './random.js';
import { TileEncoder } from './jpeg.js';
import { pageTags } from './pages.js';
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

export async function makeSharedTileSlide(path: string, options: SharedTileOptions): Promise<SharedTileTruth> {
  const tileSize = options.tileSize ?? 256;
  const writer = new TiffWriter(path, { bigTiff: options.bigTiff ?? false });
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
  const { glass, tissue } = storeTiles(writer, encoder, options, tileSize);
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
    const span = tileSize * (options.width / size.width);
    for (let at = 0; at < offsets.length; at++) {
      const x = ((at % size.columns) + 0.5) * span - block.x;
      const y = (Math.floor(at / size.columns) + 0.5) * span - block.y;
      const inside = x >= 0 && y >= 0 && x < block.width && y < block.height;
      const tile = (inside ? tissue[(at * 7919) % tissue.length] : glass) as Stored;
      offsets[at] = tile.offset;
      byteCounts[at] = tile.bytes;
      if (index === 0 && inside) tissueTiles++;
      else if (index === 0) glassTiles++;
    }
    const page = { size, tileSizePx: tileSize, jpegTables: encoder.tables, offsets, byteCounts, reduced: index > 0 };
    writer.addPage(pageTags(page, writer));
  }
  return { width: options.width, height: options.height, tissue: block, tissueTiles, glassTiles };
}

function storeTiles(
  writer: TiffWriter,
  encoder: TileEncoder,
  options: SharedTileOptions,
  tileSize: number,
): { glass: Stored; tissue: readonly Stored[] } {
  const scene = new Scene({
    width: SOURCE_PX,
    height: SOURCE_PX,
    seed: options.seed,
    relapse: false,
    tissueShare: 0.5,
    pens: [],
    borders: [],
  });
  const painter = new Painter(scene, tileSize);
  const pixels = new Uint8Array(tileSize * tileSize * 3);
  const store = (): Stored => {
    const encoded = encoder.encode(pixels);
    return { offset: writer.append(encoded), bytes: encoded.length };
  };
  painter.paintGlass(pixels, 0, 0);
  const glass = store();
  const random = new Random(options.seed);
  const tissue: Stored[] = [];
  for (let i = 0; i < (options.distinctTiles ?? 64); i++) {
    // The middle of the scene is tissue for every seed.
    const position = (): number =>
      32 * random.integer(Math.floor((SOURCE_PX * 0.38) / 32), Math.floor((SOURCE_PX * 0.6) / 32));
    painter.paint(position(), position(), pixels);
    tissue.push(store());
  }
  return { glass, tissue };
}

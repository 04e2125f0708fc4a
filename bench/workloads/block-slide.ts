/**
 * Generated slides with one rectangle of tissue on glass. A few tiles are painted and compressed once and shared by all
 * table entries, so that a slide of any size is written in seconds; the levels above show the same rectangle, so that a
 * tissue mask finds it. With `distinctTiles` as large as the rectangle, all stored tissue is different.
 */
import { rm } from 'node:fs/promises';
import { LevelTiles, TILE_PX, type Rect, type TilePixels } from './level-tiles.js';
import { levelSizes, pageTags, Painter, sceneOf, TiffWriter, TileEncoder } from '../../demo/slide/index.js';
import { writeStreams } from './jpeg-streams.js';

export interface BlockSlideOptions {
  /** Of level 0, in tiles of 256 pixels. */
  readonly columns: number;
  readonly rows: number;
  /** Where tissue is, in tiles. */
  readonly block: Rect;
  readonly distinctTiles: number;
  readonly seed: number;
}

/** Side of the scene that tissue tiles are cut from; its middle is tissue for every seed. */
const SOURCE_PX = 8192;

interface Stored {
  readonly offset: number;
  readonly bytes: number;
}

function paintTiles(options: BlockSlideOptions): TilePixels {
  const scene = sceneOf({ width: SOURCE_PX, height: SOURCE_PX, seed: options.seed, tissueShare: 0.5 });
  const painter = new Painter(scene, TILE_PX);
  const glass = new Uint8Array(TILE_PX * TILE_PX * 3);
  painter.paintGlass(glass, 0, 0);
  // Overlapping windows at least 32 pixels apart: no two stored streams are equal.
  const side = Math.ceil(Math.sqrt(options.distinctTiles));
  const step = Math.max(32, Math.floor((SOURCE_PX * 0.24) / side / 32) * 32);
  const start = Math.floor((SOURCE_PX * 0.38) / 32) * 32;
  const tissue = Array.from({ length: options.distinctTiles }, (_, i) => {
    const pixels = new Uint8Array(TILE_PX * TILE_PX * 3);
    painter.paint(start + (i % side) * step, start + Math.floor(i / side) * step, pixels);
    return pixels;
  });
  return { glass, tissue };
}

/** Writes the slide, and its level-0 tiles as complete JPEG streams beside it when `streamsPath` is given. */
export async function writeBlockSlide(path: string, options: BlockSlideOptions, streamsPath?: string): Promise<void> {
  const writer = new TiffWriter(path, {});
  try {
    write(writer, options, streamsPath);
    writer.close();
  } catch (error) {
    writer.close();
    await rm(path, { force: true });
    throw error;
  }
}

function write(writer: TiffWriter, options: BlockSlideOptions, streamsPath: string | undefined): void {
  const encoder = new TileEncoder(TILE_PX, 80);
  const stored: Stored[] = [];
  const complete: Uint8Array[] = [];
  const tiles = new LevelTiles(paintTiles(options), (pixels) => {
    const encoded = encoder.encode(pixels);
    stored.push({ offset: writer.append(encoded), bytes: encoded.length });
    if (streamsPath !== undefined) complete.push(Uint8Array.from(encoder.encodeComplete(pixels)));
  });
  const width = options.columns * TILE_PX;
  const height = options.rows * TILE_PX;
  for (const [index, size] of levelSizes(width, height, TILE_PX).entries()) {
    const scale = TILE_PX * 2 ** -index;
    const { block } = options;
    const rect = { x: block.x * scale, y: block.y * scale, width: block.width * scale, height: block.height * scale };
    if (index > 0) tiles.nextLevel();
    const grid = tiles.gridOf(size, rect);
    if (index === 0 && streamsPath !== undefined) writeStreams(streamsPath, complete, grid);
    const offsets = Float64Array.from(grid, (tile) => (stored[tile] as Stored).offset);
    const byteCounts = Float64Array.from(grid, (tile) => (stored[tile] as Stored).bytes);
    const page = { size, tileSizePx: TILE_PX, jpegTables: encoder.tables, offsets, byteCounts, reduced: index > 0 };
    writer.addPage(pageTags(page, writer));
  }
}

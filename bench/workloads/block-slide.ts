/**
 * Generated slides with one rectangle of tissue on glass. A few tiles are painted and compressed once and shared by all
 * table entries, so that a slide of any size is written in seconds; the levels above show the same rectangle, so that a
 * tissue mask finds it. With `distinctTiles` as large as the rectangle, all stored tissue is different.
 */
import { rm } from 'node:fs/promises';
import { gridOf, reducedTiles, TILE_BYTES, TILE_PX, type Rect } from './level-tiles.js';
import { levelSizes, pageTags, Painter, sceneOf, TiffWriter, TileEncoder } from '../../demo/slide/index.js';
import { writeStreams } from './jpeg-streams.js';

export interface BlockSlideOptions {
  /** Of level 0, in tiles of 256 pixels. */
  readonly columns: number;
  readonly rows: number;
  /** Where tissue is, in tiles. */
  readonly block: Rect;
  readonly distinctTiles: number;
  /**
   * Each painted tile is stored so many times, so that more stored tiles have bytes of their own; each level above stores a
   * quarter of the tiles of the one below it. @defaultValue 1, and few tiles on the levels above
   */
  readonly copies?: number;
  readonly seed: number;
}

/** Side of the scene that tissue tiles are cut from; its middle is tissue for every seed. */
const SOURCE_PX = 8192;

function paintTiles({ distinctTiles, copies = 1, seed }: BlockSlideOptions): {
  glass: Uint8Array;
  tissue: readonly Uint8Array[];
} {
  const scene = sceneOf({ width: SOURCE_PX, height: SOURCE_PX, seed, tissueShare: 0.5 });
  const painter = new Painter(scene, TILE_PX);
  const glass = new Uint8Array(TILE_BYTES);
  painter.paintGlass(glass, 0, 0);
  // Overlapping windows at least 32 pixels apart: no two stored streams are equal.
  const side = Math.ceil(Math.sqrt(distinctTiles));
  const step = Math.max(32, Math.floor((SOURCE_PX * 0.24) / side / 32) * 32);
  const start = Math.floor((SOURCE_PX * 0.38) / 32) * 32;
  const tissue = Array.from({ length: distinctTiles }, (_, i) => {
    const pixels = new Uint8Array(TILE_BYTES);
    painter.paint(start + (i % side) * step, start + Math.floor(i / side) * step, pixels);
    return pixels;
  });
  return { glass, tissue: Array.from({ length: copies }, () => tissue).flat() };
}

/** Writes the slide, and the tiles of one level as complete JPEG streams beside it when `streamsPath` is given. */
export async function writeBlockSlide(
  path: string,
  options: BlockSlideOptions,
  streamsPath?: string,
  streamsLevel = 0,
): Promise<void> {
  const writer = new TiffWriter(path, {});
  try {
    write(writer, options, streamsPath, streamsLevel);
    writer.close();
  } catch (error) {
    writer.close();
    await rm(path, { force: true });
    throw error;
  }
}

function upperTissue(below: readonly Uint8Array[], { copies = 1 }: BlockSlideOptions): readonly Uint8Array[] {
  const painted = reducedTiles(below);
  if (copies === 1) return painted;
  return Array.from({ length: Math.ceil(below.length / 4) }, (_, i) => painted[i % painted.length] as Uint8Array);
}

function write(
  writer: TiffWriter,
  options: BlockSlideOptions,
  streamsPath: string | undefined,
  streamsLevel: number,
): void {
  const encoder = new TileEncoder(TILE_PX, 80);
  const [offsetOf, bytesOf, complete]: [number[], number[], Uint8Array[]] = [[], [], []];
  const store = (pixels: Uint8Array): number => {
    const encoded = encoder.encode(pixels);
    if (streamsPath !== undefined) complete.push(Uint8Array.from(encoder.encodeComplete(pixels)));
    bytesOf.push(encoded.length);
    return offsetOf.push(writer.append(encoded)) - 1;
  };
  const painted = paintTiles(options);
  store(painted.glass);
  let { tissue } = painted;
  const { block } = options;
  for (const [index, size] of levelSizes(options.columns * TILE_PX, options.rows * TILE_PX, TILE_PX).entries()) {
    const scale = TILE_PX * 2 ** -index;
    const rect = { x: block.x * scale, y: block.y * scale, width: block.width * scale, height: block.height * scale };
    if (index > 0) tissue = upperTissue(tissue, options);
    const firstTissue = offsetOf.length;
    for (const pixels of tissue) store(pixels);
    const grid = gridOf(size, rect, { glass: painted.glass, tissue, firstTissue, store });
    if (index === streamsLevel && streamsPath !== undefined) writeStreams(streamsPath, complete, grid);
    const offsets = Float64Array.from(grid, (tile) => offsetOf[tile] as number);
    const byteCounts = Float64Array.from(grid, (tile) => bytesOf[tile] as number);
    const page = { size, tileSizePx: TILE_PX, jpegTables: encoder.tables, offsets, byteCounts, reduced: index > 0 };
    writer.addPage(pageTags(page, writer));
  }
}

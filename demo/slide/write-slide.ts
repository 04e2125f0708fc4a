/**
 * Writes a generated slide as a pyramidal TIFF of the kind libvips makes: top-level pages, each half the size of the one
 * before, in tiles of YCbCr 4:2:0 JPEG with shared tables. Level 0 is painted row by row and the levels above are reduced
 * on the way, so memory is one row of tiles a level and the compressed tiles of the reduced levels. Runs on the calling
 * thread and lets the event loop turn after every row.
 */
import { rm } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import type { Edge, PenColour } from './fields.js';
import { TileEncoder } from './jpeg.js';
import { pageTags } from './pages.js';
import { Painter } from './painter.js';
import { levelSizes, reduceInto, type LevelSize } from './pyramid.js';
import { Scene } from './scene.js';
import { TiffWriter } from './tiff-writer.js';
import { sceneTruth, type SlideTruth } from './truth.js';

export interface SlideOptions {
  readonly width: number;
  readonly height: number;
  readonly seed: number;
  /** @defaultValue false */
  readonly relapse?: boolean;
  /** Share of the area that is tissue, 0 to 0.56. @defaultValue 0.18 */
  readonly tissueShare?: number;
  /** One stroke each. @defaultValue none */
  readonly pens?: readonly PenColour[];
  /** Edges with a black border. @defaultValue none */
  readonly borders?: readonly Edge[];
  /** A multiple of 32. @defaultValue 256 */
  readonly tileSize?: number;
  /** 1 to 100. @defaultValue 80 */
  readonly quality?: number;
  /** @defaultValue false; a classic file that would pass 4 GiB is refused. */
  readonly bigTiff?: boolean;
  /** Called after every row of level-0 tiles with the share done, 0 to 1. */
  readonly onProgress?: (done: number) => void;
}

/** The scene that writeSlide would draw, without drawing it. */
export function sceneOf(options: SlideOptions): Scene {
  return new Scene({
    width: options.width,
    height: options.height,
    seed: options.seed,
    relapse: options.relapse ?? false,
    tissueShare: options.tissueShare ?? 0.18,
    pens: options.pens ?? [],
    borders: options.borders ?? [],
  });
}

/** Writes the slide and returns what is on it. The same options give the same bytes. A failed file is removed. */
export async function writeSlide(path: string, options: SlideOptions): Promise<SlideTruth> {
  const scene = sceneOf(options);
  const tileSize = options.tileSize ?? 256;
  const writer = new TiffWriter(path, { bigTiff: options.bigTiff ?? false });
  try {
    const pyramid = new PyramidWriter(writer, scene, tileSize, options.quality ?? 80);
    const rows = pyramid.levels[0]?.size.rows ?? 0;
    for (let row = 0; row < rows; row++) {
      pyramid.paintRow(row);
      options.onProgress?.((row + 1) / rows);
      await turn();
    }
    pyramid.finish();
    writer.close();
  } catch (error) {
    writer.close();
    await rm(path, { force: true });
    throw error;
  }
  return sceneTruth(scene);
}

/** A tile's pixels; null: clean glass. */
type Pixels = Uint8Array | null;

class Level {
  readonly size: LevelSize;
  /** Clean glass at this level's grain, and the same compressed: every clean tile has these bytes. */
  readonly glass: Uint8Array;
  readonly glassEncoded: Uint8Array;
  readonly offsets: Float64Array;
  readonly byteCounts: Float64Array;
  /** Compressed tiles of a reduced level, kept until level 0 is complete. */
  readonly encoded: Uint8Array[] = [];
  /** The even row that waits for the odd one below it. */
  waiting: Pixels[] | null = null;

  constructor(size: LevelSize, glass: Uint8Array, glassEncoded: Uint8Array) {
    this.size = size;
    this.glass = glass;
    this.glassEncoded = glassEncoded;
    this.offsets = new Float64Array(size.columns * size.rows);
    this.byteCounts = new Float64Array(size.columns * size.rows);
  }
}

class PyramidWriter {
  readonly levels: readonly Level[];
  private readonly writer: TiffWriter;
  private readonly painter: Painter;
  private readonly encoder: TileEncoder;
  private readonly tileSize: number;

  constructor(writer: TiffWriter, scene: Scene, tileSize: number, quality: number) {
    this.writer = writer;
    this.tileSize = tileSize;
    this.painter = new Painter(scene, tileSize);
    this.encoder = new TileEncoder(tileSize, quality);
    let glass: Uint8Array = new Uint8Array(tileSize * tileSize * 3);
    this.painter.paintGlass(glass, 0, 0);
    this.levels = levelSizes(scene.options.width, scene.options.height, tileSize).map((size) => {
      const level = new Level(size, glass, this.encoder.encode(glass));
      glass = this.reduce([glass, glass, glass, glass]);
      return level;
    });
  }

  paintRow(row: number): void {
    const columns = this.levels[0]?.size.columns ?? 0;
    const pixels: Pixels[] = [];
    for (let column = 0; column < columns; column++) {
      const x = column * this.tileSize;
      const y = row * this.tileSize;
      let tile: Pixels = null;
      if (this.painter.isPainted(x, y)) {
        tile = new Uint8Array(this.tileSize * this.tileSize * 3);
        this.painter.paint(x, y, tile);
      }
      pixels.push(tile);
    }
    this.addRow(0, row, pixels);
  }

  /** Writes the reduced levels behind level 0, and every page's directory behind its tiles. */
  finish(): void {
    for (const [index, level] of this.levels.entries()) {
      for (const [i, tile] of level.encoded.entries()) level.offsets[i] = this.writer.append(tile);
      this.writer.addPage(
        pageTags(
          {
            size: level.size,
            tileSizePx: this.tileSize,
            jpegTables: this.encoder.tables,
            offsets: level.offsets,
            byteCounts: level.byteCounts,
            reduced: index > 0,
          },
          this.writer,
        ),
      );
    }
  }

  /** Stores one row of tiles and passes pairs of rows on to the level above. */
  private addRow(index: number, row: number, pixels: Pixels[]): void {
    const level = this.levels[index] as Level;
    for (const [column, tile] of pixels.entries()) {
      const at = row * level.size.columns + column;
      const encoded = tile === null ? level.glassEncoded : this.encoder.encode(tile);
      level.byteCounts[at] = encoded.length;
      if (index === 0) level.offsets[at] = this.writer.append(encoded);
      else level.encoded.push(encoded);
    }
    const above = this.levels[index + 1];
    if (above === undefined) return;
    const last = row === level.size.rows - 1;
    if (row % 2 === 0 && !last) {
      level.waiting = pixels;
      return;
    }
    const upper = row % 2 === 0 ? pixels : (level.waiting as Pixels[]);
    const lower = row % 2 === 0 ? [] : pixels;
    level.waiting = null;
    const parentRow = row >> 1;
    // A floored half can have no row for the last odd row of tiles.
    if (parentRow < above.size.rows) {
      this.addRow(index + 1, parentRow, this.reduceRows(level, upper, lower, above.size.columns));
    }
  }

  private reduceRows(from: Level, upper: readonly Pixels[], lower: readonly Pixels[], columns: number): Pixels[] {
    const out: Pixels[] = [];
    for (let column = 0; column < columns; column++) {
      const children = [upper[2 * column], upper[2 * column + 1], lower[2 * column], lower[2 * column + 1]];
      const clean = children.every((child) => child === null || child === undefined);
      out.push(clean ? null : this.reduce(children.map((child) => child ?? from.glass)));
    }
    return out;
  }

  /** Four tiles (top left, top right, bottom left, bottom right) to one. */
  private reduce(children: readonly Uint8Array[]): Uint8Array {
    const parent = new Uint8Array(this.tileSize * this.tileSize * 3);
    for (const [i, child] of children.entries()) {
      reduceInto(parent, child, this.tileSize, (i & 1) as 0 | 1, (i >> 1) as 0 | 1);
    }
    return parent;
  }
}

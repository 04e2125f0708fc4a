/**
 * Tile compression as libtiff stores it: one encoder setting for the file, its quantisation and Huffman tables in the
 * shared JPEGTables tag, and tiles as abbreviated streams without them.
 */
import jpeg from '@julusian/jpeg-turbo';

const SOI = [0xff, 0xd8] as const;
const EOI = [0xff, 0xd9] as const;
const DQT = 0xdb;
const DHT = 0xc4;
const SOF0 = 0xc0;
const SOS = 0xda;

/** A complete baseline stream taken apart. tables + tile hold everything but application segments. */
export interface SplitJpeg {
  /** SOI, DQT and DHT segments, EOI. */
  readonly tables: Uint8Array;
  /** SOI, frame header, scan, EOI. */
  readonly tile: Uint8Array;
}

/** Splits a complete baseline JPEG stream into tables and abbreviated stream. */
export function splitJpeg(stream: Uint8Array): SplitJpeg {
  const tables: Uint8Array[] = [Uint8Array.from(SOI)];
  const tile: Uint8Array[] = [Uint8Array.from(SOI)];
  let at = 2;
  for (;;) {
    if (at + 4 > stream.length || stream[at] !== 0xff) throw new Error(`not a baseline JPEG stream at byte ${at}`);
    const marker = stream[at + 1] as number;
    const end = at + 2 + ((stream[at + 2] as number) << 8) + (stream[at + 3] as number);
    if (marker === SOS) {
      tile.push(stream.subarray(at));
      break;
    }
    if (marker === DQT || marker === DHT) tables.push(stream.subarray(at, end));
    if (marker === SOF0) tile.push(stream.subarray(at, end));
    at = end;
  }
  tables.push(Uint8Array.from(EOI));
  return { tables: Buffer.concat(tables), tile: Buffer.concat(tile) };
}

/** Encodes square RGB tiles as YCbCr 4:2:0 with one quality. */
export class TileEncoder {
  readonly tileSizePx: number;
  readonly quality: number;
  /** The JPEGTables tag of every page whose tiles came from this encoder. */
  readonly tables: Uint8Array;
  private readonly scratch: Buffer;

  constructor(tileSizePx: number, quality: number) {
    this.tileSizePx = tileSizePx;
    this.quality = quality;
    this.scratch = Buffer.alloc(jpeg.bufferSize({ width: tileSizePx, height: tileSizePx, subsampling: jpeg.SAMP_420 }));
    this.tables = splitJpeg(this.encodeComplete(new Uint8Array(tileSizePx * tileSizePx * 3))).tables;
  }

  /** The abbreviated stream; its own memory. */
  encode(rgb: Uint8Array): Uint8Array {
    return splitJpeg(this.encodeComplete(rgb)).tile;
  }

  /** The complete stream; valid until the next call. */
  encodeComplete(rgb: Uint8Array): Uint8Array {
    const source = Buffer.from(rgb.buffer, rgb.byteOffset, rgb.byteLength);
    return jpeg.compressSync(source, this.scratch, {
      format: jpeg.FORMAT_RGB,
      width: this.tileSizePx,
      height: this.tileSizePx,
      subsampling: jpeg.SAMP_420,
      quality: this.quality,
    });
  }
}

/** Pixels of a complete stream, RGB. */
export function decodeRgb(stream: Uint8Array): Uint8Array {
  const source = Buffer.from(stream.buffer, stream.byteOffset, stream.byteLength);
  return jpeg.decompressSync(source, { format: jpeg.FORMAT_RGB }).data;
}

/**
 * Writes a pyramid of RGBA pixels as a tiled BigTIFF, one tile at a time: Deflate, one page for each level, the largest first.
 * Tiles go to the file as they are made; the pages, whose size is known by then, follow at the end. Tiles without a colour are
 * one stored tile that all share. What is in memory is one tile, and two numbers for each tile of the file.
 */
import { promisify } from 'node:util';
import { deflate } from 'node:zlib';
import type { ByteSink } from './new-file.js';

const deflated = promisify(deflate);

export interface TiffLevel {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Microns of one pixel; null: not known. */
  readonly mpp: { readonly x: number; readonly y: number } | null;
  /** RGBA of one tile, row by row, 4 bytes a pixel; null where it has no colour. The bytes are read before the next call. */
  readonly tile: (column: number, row: number) => Uint8Array | null;
}

/** Side of a stored tile; a multiple of 16. */
export const tiffTilePx = 512;

const kHeaderBytes = 16;
const kFirstPageAt = 8;
const kEntryBytes = 20;
const kPxBytes = 4;

/** Types of values of a TIFF, with their bytes. */
const kTypes = { ascii: [2, 1], short: [3, 2], long: [4, 4], rational: [5, 8], long8: [16, 8] } as const;

interface Entry {
  readonly tag: number;
  readonly type: keyof typeof kTypes;
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** Where the stored tiles of a level are, row by row. */
interface StoredTiles {
  readonly offsets: Float64Array;
  readonly lengths: Float64Array;
}

/** `description` says in the file what it shows. */
export async function writePyramid(sink: ByteSink, levels: readonly TiffLevel[], description: string): Promise<void> {
  const header = Buffer.alloc(kHeaderBytes);
  header.write('II', 'latin1');
  header.writeUInt16LE(43, 2); // BigTIFF
  header.writeUInt16LE(8, 4); // bytes of an offset
  await sink.write(header);
  const empty = await deflated(Buffer.alloc(tiffTilePx * tiffTilePx * kPxBytes));
  const emptyAt = sink.position;
  await sink.write(empty);
  let linkAt = kFirstPageAt;
  for (const [index, level] of levels.entries()) {
    const stored = await writeTiles(sink, level, { at: emptyAt, bytes: empty.length });
    linkAt = await writePage(sink, pageEntries(level, index, stored, description), linkAt);
  }
}

async function writeTiles(
  sink: ByteSink,
  { widthPx, heightPx, tile }: TiffLevel,
  empty: { readonly at: number; readonly bytes: number },
): Promise<StoredTiles> {
  const across = Math.ceil(widthPx / tiffTilePx);
  const down = Math.ceil(heightPx / tiffTilePx);
  const offsets = new Float64Array(across * down).fill(empty.at);
  const lengths = new Float64Array(across * down).fill(empty.bytes);
  for (let row = 0; row < down; ++row) {
    for (let column = 0; column < across; ++column) {
      const pixels = tile(column, row);
      if (pixels === null) continue;
      const bytes = await deflated(pixels);
      offsets[row * across + column] = sink.position;
      lengths[row * across + column] = bytes.length;
      await sink.write(bytes);
    }
  }
  return { offsets, lengths };
}

function pageEntries(
  { widthPx, heightPx, mpp }: TiffLevel,
  index: number,
  { offsets, lengths }: StoredTiles,
  description: string,
): readonly Entry[] {
  const text = Buffer.from(`${description}\0`, 'utf8');
  const entries: Entry[] = [
    longs(254, [index === 0 ? 0 : 1]), // NewSubfileType: a reduced image
    longs(256, [widthPx]),
    longs(257, [heightPx]),
    shorts(258, [8, 8, 8, 8]), // BitsPerSample
    shorts(259, [8]), // Compression: Deflate
    shorts(262, [2]), // PhotometricInterpretation: RGB
    { tag: 270, type: 'ascii', count: text.length, bytes: text }, // ImageDescription
    shorts(277, [4]), // SamplesPerPixel
    shorts(284, [1]), // PlanarConfiguration: interleaved
    longs(322, [tiffTilePx]), // TileWidth
    longs(323, [tiffTilePx]), // TileLength
    longs8(324, offsets), // TileOffsets
    longs8(325, lengths), // TileByteCounts
    shorts(338, [2]), // ExtraSamples: unassociated alpha
  ];
  if (mpp === null) return entries;
  const resolution = [pxPerCm(282, mpp.x), pxPerCm(283, mpp.y), shorts(296, [3])]; // ResolutionUnit: centimetre
  return [...entries, ...resolution].sort((a, b) => a.tag - b.tag);
}

/** The page, with its larger values before it; gives the place of the link to the next one. */
async function writePage(sink: ByteSink, entries: readonly Entry[], linkAt: number): Promise<number> {
  const places: number[] = [];
  for (const { bytes } of entries) {
    places.push(sink.position);
    if (bytes.length > 8) await sink.write(bytes);
  }
  await sink.write(Buffer.alloc((8 - (sink.position % 8)) % 8));
  const at = sink.position;
  const page = Buffer.alloc(8 + entries.length * kEntryBytes + 8);
  page.writeBigUInt64LE(BigInt(entries.length), 0);
  for (const [i, { tag, type, count, bytes }] of entries.entries()) {
    const start = 8 + i * kEntryBytes;
    page.writeUInt16LE(tag, start);
    page.writeUInt16LE(kTypes[type][0], start + 2);
    page.writeBigUInt64LE(BigInt(count), start + 4);
    if (bytes.length <= 8) page.set(bytes, start + 12);
    else page.writeBigUInt64LE(BigInt(places[i] ?? 0), start + 12);
  }
  await sink.write(page);
  const link = Buffer.alloc(8);
  link.writeBigUInt64LE(BigInt(at));
  await sink.patch(linkAt, link);
  return at + page.length - 8;
}

function entry(
  tag: number,
  type: Entry['type'],
  values: ArrayLike<number>,
  put: (to: Buffer, i: number) => void,
): Entry {
  const bytes = Buffer.alloc(values.length * kTypes[type][1]);
  for (let i = 0; i < values.length; ++i) put(bytes, i);
  return { tag, type, count: values.length, bytes };
}

const shorts = (tag: number, values: readonly number[]): Entry =>
  entry(tag, 'short', values, (to, i) => to.writeUInt16LE(values[i] ?? 0, i * 2));
const longs = (tag: number, values: readonly number[]): Entry =>
  entry(tag, 'long', values, (to, i) => to.writeUInt32LE(values[i] ?? 0, i * 4));
const longs8 = (tag: number, values: Float64Array): Entry =>
  entry(tag, 'long8', values, (to, i) => to.writeBigUInt64LE(BigInt(values[i] ?? 0), i * 8));

/** XResolution or YResolution: as exact as two 32-bit numbers can say it. */
function pxPerCm(tag: number, mpp: number): Entry {
  const value = 10_000 / mpp;
  const below = Math.max(1, Math.min(1e6, Math.floor(0xffffffff / value)));
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(Math.min(Math.max(1, Math.round(value * below)), 0xffffffff), 0);
  bytes.writeUInt32LE(below, 4);
  return { tag, type: 'rational', count: 1, bytes };
}

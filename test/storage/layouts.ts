/**
 * Slides of any size whose pixels are zeros and lie nowhere: only the directories and their tables are kept. So a test counts what
 * opening a file of 1 GB asks for.
 */
import { type Fault, RangeServer } from './range-server.js';

/** Where the directory of a level is, with its tables: before all pixels, behind all pixels, or behind the pixels of its level. */
export type Layout = 'tables first' | 'tables last' | 'tables behind each level';

export interface SparseSlide {
  readonly size: number;
  readonly levels: number;
  read(offset: number, length: number): Buffer;
}

export interface SparseOptions {
  readonly layout: Layout;
  /** Of level 0, in pixels; each further level has half of it. */
  readonly side: number;
  readonly levels: number;
  /** Of a tile, in pixels. */
  readonly tile: number;
}

const [kShort, kLong] = [3, 4];

/** A directory of a classic TIFF at `at`, with its tables behind it. */
function directory(at: number, width: number, tile: number, reduced: boolean, offsets: readonly number[]) {
  const entries: [tag: number, type: number, values: readonly number[]][] = [
    [254, kLong, [reduced ? 1 : 0]],
    [256, kLong, [width]],
    [257, kLong, [width]],
    [258, kShort, [8, 8, 8]],
    [259, kShort, [1]],
    [262, kShort, [2]],
    [277, kShort, [3]],
    [284, kShort, [1]],
    [322, kLong, [tile]],
    [323, kLong, [tile]],
    [324, kLong, offsets],
    [325, kLong, offsets.map(() => tile * tile * 3)],
  ];
  const linkAt = 2 + 12 * entries.length;
  const bytes = Buffer.alloc(linkAt + 4 + 8 + 8 * offsets.length);
  bytes.writeUInt16LE(entries.length, 0);
  let end = linkAt + 4;
  for (const [i, [tag, type, values]] of entries.entries()) {
    const entry = 2 + 12 * i;
    bytes.writeUInt16LE(tag, entry);
    bytes.writeUInt16LE(type, entry + 2);
    bytes.writeUInt32LE(values.length, entry + 4);
    const width = type === kShort ? 2 : 4;
    const isInside = values.length * width <= 4;
    if (!isInside) bytes.writeUInt32LE(at + end, entry + 8);
    const from = isInside ? entry + 8 : end;
    for (const [k, value] of values.entries()) {
      if (type === kShort) bytes.writeUInt16LE(value, from + 2 * k);
      else bytes.writeUInt32LE(value, from + 4 * k);
    }
    if (!isInside) end += Math.ceil((values.length * width) / 4) * 4;
  }
  return { bytes, linkAt };
}

export function sparseSlide({ layout, side, levels, tile }: SparseOptions): SparseSlide {
  const pieces: { at: number; bytes: Buffer }[] = [];
  const tiles = Array.from({ length: levels }, (_, level) => Math.ceil(Math.floor(side / 2 ** level) / tile) ** 2);
  const [kHeader, tileBytes] = [8, tile * tile * 3];
  const tableBytes = tiles.map((count) => directory(0, 1, tile, false, new Array(count).fill(0)).bytes.length);
  const sum = (sizes: readonly number[]): number => sizes.reduce((all, one) => all + one, 0);
  let pixelsAt = kHeader + (layout === 'tables first' ? sum(tableBytes) : 0);
  let tablesAt = kHeader + (layout === 'tables last' ? sum(tiles) * tileBytes : 0);
  const header = Buffer.from('II*\0\0\0\0\0', 'latin1');
  pieces.push({ at: 0, bytes: header });
  let link = { bytes: header, at: 4 };
  for (const [level, count] of tiles.entries()) {
    const offsets = Array.from({ length: count }, (_, i) => pixelsAt + i * tileBytes);
    pixelsAt += count * tileBytes;
    if (layout === 'tables behind each level') tablesAt = pixelsAt;
    const { bytes, linkAt } = directory(tablesAt, Math.floor(side / 2 ** level), tile, level > 0, offsets);
    pieces.push({ at: tablesAt, bytes });
    link.bytes.writeUInt32LE(tablesAt, link.at);
    link = { bytes, at: linkAt };
    tablesAt += bytes.length;
    if (layout === 'tables behind each level') pixelsAt = tablesAt;
  }
  const read = (offset: number, length: number): Buffer => {
    const out = Buffer.alloc(length);
    for (const { at, bytes } of pieces) {
      const from = Math.max(at, offset);
      const to = Math.min(at + bytes.length, offset + length);
      if (from < to) bytes.copy(out, from - offset, from - at, to - at);
    }
    return out;
  };
  return { size: Math.max(pixelsAt, tablesAt), levels, read };
}

/** Answers all ranges of one address from such a slide. */
export function serving(path: string, slide: SparseSlide): Fault {
  return (request, response, server) => {
    if (request.path !== path) return false;
    const { first, last } = server.rangeOf(request);
    const bytes = slide.read(first, Math.min(last, slide.size - 1) - first + 1);
    response.writeHead(206, {
      etag: RangeServer.etagOf(Buffer.from(String(slide.size))),
      'content-range': `bytes ${first}-${first + bytes.length - 1}/${slide.size}`,
      'content-length': String(bytes.length),
    });
    server.send(response, bytes);
    return true;
  };
}

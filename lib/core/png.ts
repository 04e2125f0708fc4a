/**
 * Writes pixels as PNG, piece by piece: rows are filtered a slab at a time, and the pool of Node.js compresses them, so that
 * neither the whole compressed image nor a second copy of the pixels is ever in memory.
 */
import { Readable } from 'node:stream';
import { crc32, createDeflate } from 'node:zlib';

/** Pixels of 8-bit samples, interleaved, rows from the top. Grey has one sample, RGB three, RGBA four. */
export interface PngImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
}

const kSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const kMaxSidePx = 2 ** 31 - 1;
const kColourTypes = { 1: 0, 3: 2, 4: 6 } as const;
/** Of filtered rows: a fraction of a millisecond of work. */
const kSlabBytes = 128 * 1024;
const kBlockBytes = 64 * 1024;

/** The file, in pieces. Throws RangeError for sizes that no PNG has. */
export async function* pngPieces(image: PngImage): AsyncGenerator<Uint8Array, void, undefined> {
  const { data, width, height, channels } = image;
  if (width < 1 || height < 1 || width > kMaxSidePx || height > kMaxSidePx) throw new RangeError('no PNG of that size');
  if (data.length !== width * height * channels) throw new RangeError('the pixels do not fill the image');
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, kColourTypes[channels], 0, 0, 0], 8); // 8 bits, deflate, filters by row, not interlaced
  yield kSignature;
  yield chunk('IHDR', header);
  const deflated = Readable.from(filteredSlabs(image), { objectMode: false }).pipe(createDeflate());
  for await (const block of blocksOf(deflated as AsyncIterable<Buffer>)) yield chunk('IDAT', block);
  yield chunk('IEND', Buffer.alloc(0));
}

/**
 * The same bytes in blocks of one size. How a stream hands them out depends on the moment; the file must be the same each time.
 */
async function* blocksOf(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of pieces) {
    rest = Buffer.concat([rest, piece]);
    for (; rest.length >= kBlockBytes; rest = rest.subarray(kBlockBytes)) yield rest.subarray(0, kBlockBytes);
  }
  if (rest.length > 0) yield rest;
}

/** The file at once. */
export async function encodePng(image: PngImage): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of pngPieces(image)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Each row after its filter number: 2, the difference from the row above, which suits smooth pictures. */
function* filteredSlabs({ data, width, height, channels }: PngImage): Generator<Buffer, void, undefined> {
  const stride = width * channels;
  const rows = Math.max(1, Math.floor(kSlabBytes / (stride + 1)));
  for (let first = 0; first < height; first += rows) {
    const last = Math.min(height, first + rows);
    const out = Buffer.allocUnsafe((stride + 1) * (last - first));
    for (let y = first; y < last; ++y) {
      const from = y * stride;
      const to = (y - first) * (stride + 1);
      out[to] = 2;
      for (let i = 0; i < stride; ++i) {
        const above = y === 0 ? 0 : (data[from - stride + i] ?? 0);
        out[to + 1 + i] = (data[from + i] ?? 0) - above;
      }
    }
    yield out;
  }
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  out.set(body, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

/** Writes RGB pixels as PNG: one header, one compressed stream, one end. Compression runs on the pool, not here. */
import { promisify } from 'node:util';
import { crc32, deflate } from 'node:zlib';

const deflated = promisify(deflate);

const kSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const kMaxSidePx = 2 ** 31 - 1;
const kBytesPerPx = 3;

/** `data` is width * height * 3 bytes, row by row. */
export async function encodePng(data: Uint8Array, width: number, height: number): Promise<Buffer> {
  if (width < 1 || height < 1 || width > kMaxSidePx || height > kMaxSidePx) throw new RangeError('no PNG of that size');
  if (data.length !== width * height * kBytesPerPx) throw new RangeError('the pixels do not fill the image');
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8); // 8 bits, RGB, deflate, filters by row, not interlaced
  const pixels = await deflated(filtered(data, width, height));
  return Buffer.concat([kSignature, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

/** Each row after its filter number: 2, the difference from the row above, which suits smooth pictures. */
function filtered(data: Uint8Array, width: number, height: number): Buffer {
  const stride = width * kBytesPerPx;
  const out = Buffer.allocUnsafe((stride + 1) * height);
  for (let y = 0; y < height; ++y) {
    const from = y * stride;
    const to = y * (stride + 1);
    out[to] = 2;
    for (let i = 0; i < stride; ++i) {
      const above = y === 0 ? 0 : (data[from - stride + i] ?? 0);
      out[to + 1 + i] = (data[from + i] ?? 0) - above;
    }
  }
  return out;
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  out.set(body, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

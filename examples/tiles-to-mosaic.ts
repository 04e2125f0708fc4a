// Reads the tiles of the tissue and puts each where it is in the slide: a picture of the tissue on white.
// node tiles-to-mosaic.ts slide.tif mosaic.png
import { writeFile } from 'node:fs/promises';
import { crc32, deflateSync } from 'node:zlib';
import { openSlide, type Slide } from 'microtome';

const longestSidePx = 2048;
const tilePx = 64;

interface Picture {
  /** Red, green and blue of each pixel, row by row. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Microns per pixel at which the whole slide has a longest side of about `longestSidePx`. */
function mosaicMpp({ mpp, width, height, path }: Slide): number {
  if (mpp === null) throw new Error(`${path} does not say its resolution: pass slideMpp to openSlide`);
  return mpp.x * Math.max(1, Math.max(width, height) / longestSidePx);
}

async function mosaicOf(slide: Slide): Promise<Picture> {
  let mosaic: Picture | null = null;
  for await (const batch of slide.tiles({ mpp: mosaicMpp(slide), size: tilePx })) {
    // The tiles are a grid: `level0Width` pixels of level 0 are `tilePx` pixels of the mosaic.
    const columns = Math.ceil(slide.width / batch.level0Width);
    const rows = Math.ceil(slide.height / batch.level0Height);
    const width = columns * tilePx;
    const height = rows * tilePx;
    mosaic ??= { data: new Uint8Array(width * height * 3).fill(255), width, height };
    for (let i = 0; i < batch.tiles; i++) {
      const left = Math.round((batch.level0X[i] ?? 0) / batch.level0Width) * tilePx;
      const top = Math.round((batch.level0Y[i] ?? 0) / batch.level0Height) * tilePx;
      for (let y = 0; y < tilePx; y++) {
        const from = (i * tilePx + y) * tilePx * 3;
        mosaic.data.set(batch.data.subarray(from, from + tilePx * 3), ((top + y) * width + left) * 3);
      }
    }
    batch.release();
  }
  if (mosaic === null) throw new Error(`${slide.path} has no tile of tissue`);
  return mosaic;
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/** The smallest PNG writer: RGB, 8 bits. A library such as sharp makes smaller files. */
function encodePng({ data, width, height }: Picture): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8); // 8 bits, RGB, deflate, filters by row, not interlaced
  const rowBytes = width * 3;
  const rows = Buffer.alloc((rowBytes + 1) * height); // each row begins with its filter: 0, none
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * rowBytes, (y + 1) * rowBytes), y * (rowBytes + 1) + 1);
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

const [path, output] = process.argv.slice(2);
if (path === undefined || output === undefined) throw new Error('usage: tiles-to-mosaic.ts SLIDE OUTPUT.png');

const slide = await openSlide(path);
try {
  const mosaic = await mosaicOf(slide);
  await writeFile(output, encodePng(mosaic));
  console.log(`${output}: ${mosaic.width} x ${mosaic.height} pixels`);
} finally {
  await slide.close();
}

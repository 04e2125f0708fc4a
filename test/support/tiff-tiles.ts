/**
 * A second, independent way to the native samples of Deflate-compressed TIFFs: Node's zlib and the few tags that matter.
 * Slow and small; used to check what the addon makes of 16-bit and alpha samples, which it hands out converted.
 */
import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';

interface Directory {
  readonly tags: Map<number, number[]>;
}

function readDirectory(file: Buffer): Directory {
  const little = file.toString('latin1', 0, 2) === 'II';
  const u16 = (at: number) => (little ? file.readUInt16LE(at) : file.readUInt16BE(at));
  const u32 = (at: number) => (little ? file.readUInt32LE(at) : file.readUInt32BE(at));
  if (u16(2) !== 42) throw new Error('classic TIFF only');
  const start = u32(4);
  const tags = new Map<number, number[]>();
  for (let i = 0; i < u16(start); i++) {
    const entry = start + 2 + 12 * i;
    const size = { 1: 1, 3: 2, 4: 4 }[u16(entry + 2)];
    if (size === undefined) continue;
    const count = u32(entry + 4);
    const at = count * size <= 4 ? entry + 8 : u32(entry + 8);
    const one = (k: number) => (size === 1 ? (file[at + k] ?? 0) : size === 2 ? u16(at + 2 * k) : u32(at + 4 * k));
    tags.set(
      u16(entry),
      Array.from({ length: count }, (_, k) => one(k)),
    );
  }
  return { tags };
}

/** Samples of page 0 as numbers, interleaved, undoing horizontal differencing. */
export class DeflateTiff {
  readonly width: number;
  readonly height: number;
  readonly samples: number;
  readonly bits: number;
  readonly extraSamples: readonly number[];
  readonly data: Uint16Array;

  constructor(path: string) {
    const file = readFileSync(path);
    const little = file.toString('latin1', 0, 2) === 'II';
    const { tags } = readDirectory(file);
    const tag = (id: number, fallback: number) => tags.get(id)?.[0] ?? fallback;
    if (![8, 32946].includes(tag(259, 1))) throw new Error('Deflate only');
    this.width = tag(256, 0);
    this.height = tag(257, 0);
    this.samples = tag(277, 1);
    this.bits = tag(258, 8);
    this.extraSamples = tags.get(338) ?? [];
    const tiled = tags.has(322);
    const tileWidth = tiled ? tag(322, 0) : this.width;
    const tileHeight = tiled ? tag(323, 0) : Math.min(tag(278, this.height), this.height);
    const offsets = tags.get(tiled ? 324 : 273) ?? [];
    const counts = tags.get(tiled ? 325 : 279) ?? [];
    const across = Math.ceil(this.width / tileWidth);
    this.data = new Uint16Array(this.width * this.height * this.samples);
    offsets.forEach((offset, index) => {
      const raw = inflateSync(file.subarray(offset, offset + (counts[index] ?? 0)));
      const top = Math.floor(index / across) * tileHeight;
      this.#place(
        raw,
        little,
        tag(317, 1),
        tileWidth,
        Math.min(tileHeight, this.height - top),
        (index % across) * tileWidth,
        top,
      );
    });
  }

  #place(raw: Buffer, little: boolean, predictor: number, tileWidth: number, rows: number, left: number, top: number) {
    const { samples } = this;
    const mask = this.bits === 16 ? 0xffff : 0xff;
    const read = (at: number) =>
      this.bits === 8 ? (raw[at] ?? 0) : little ? raw.readUInt16LE(2 * at) : raw.readUInt16BE(2 * at);
    for (let y = 0; y < rows; y++) {
      const before = new Array<number>(samples).fill(0);
      for (let x = 0; x < tileWidth; x++) {
        for (let s = 0; s < samples; s++) {
          let value = read((y * tileWidth + x) * samples + s);
          if (predictor === 2) value = (value + (before[s] ?? 0)) & mask;
          before[s] = value;
          if (left + x < this.width) this.data[((top + y) * this.width + left + x) * samples + s] = value;
        }
      }
    }
  }

  /** The native samples of a region, row-major, little-endian. */
  region(x: number, y: number, width: number, height: number): Uint16Array {
    const out = new Uint16Array(width * height * this.samples);
    for (let row = 0; row < height; row++) {
      const from = ((y + row) * this.width + x) * this.samples;
      out.set(this.data.subarray(from, from + width * this.samples), row * width * this.samples);
    }
    return out;
  }
}

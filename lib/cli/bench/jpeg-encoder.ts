/**
 * A baseline JPEG encoder for square RGB tiles, YCbCr 4:2:0, with the example tables of the standard (ITU-T T.81, annex K).
 * For the slides that `microtome bench` draws: a dozen tiles, once. Reading JPEG is native and somewhere else.
 */
import { acChroma, acLuma, dcChroma, dcLuma, quantChroma, quantLuma, zigzag, type HuffmanSpec } from './jpeg-tables.js';

/** The parts a TIFF stores: tables once a page, and each tile without them. */
export interface EncodedTile {
  readonly tables: Uint8Array;
  readonly tile: Uint8Array;
}

interface Code {
  readonly bits: number;
  readonly length: number;
}

/** The canonical codes of a table, by symbol. */
function codesOf({ counts, symbols }: HuffmanSpec): ReadonlyMap<number, Code> {
  const codes = new Map<number, Code>();
  let bits = 0;
  let next = 0;
  counts.forEach((count, i) => {
    for (let k = 0; k < count; k++) codes.set(symbols[next++] as number, { bits: bits++, length: i + 1 });
    bits <<= 1;
  });
  return codes;
}

const kLuma = { dc: codesOf(dcLuma), ac: codesOf(acLuma) };
const kChroma = { dc: codesOf(dcChroma), ac: codesOf(acChroma) };

/** Entropy-coded bytes; a byte of ones is followed by a zero. */
class BitWriter {
  readonly bytes: number[] = [];
  private held = 0;
  private count = 0;

  put({ bits, length }: Code): void {
    for (let i = length - 1; i >= 0; i--) {
      this.held = (this.held << 1) | ((bits >> i) & 1);
      if (++this.count === 8) this.emit();
    }
  }

  /** Fills the last byte with ones. */
  finish(): void {
    while (this.count > 0) this.put({ bits: 1, length: 1 });
  }

  private emit(): void {
    this.bytes.push(this.held);
    if (this.held === 0xff) this.bytes.push(0);
    this.held = 0;
    this.count = 0;
  }
}

/** At 8 u + x: the one-dimensional transform with its scale. */
const kCosines = Float64Array.from({ length: 64 }, (_, i) => {
  const [u, x] = [i >> 3, i & 7];
  return Math.cos(((2 * x + 1) * u * Math.PI) / 16) * (u === 0 ? Math.SQRT1_2 : 1) * 0.5;
});

/** Quantised coefficients of the 8 x 8 block at (left, top), in zigzag order. */
function blockOf(plane: Float64Array, sidePx: number, left: number, top: number, table: readonly number[]): Int32Array {
  const rows = new Float64Array(64);
  for (let y = 0; y < 8; y++) {
    const from = (top + y) * sidePx + left;
    for (let u = 0; u < 8; u++) {
      let sum = 0;
      for (let x = 0; x < 8; x++) sum += (kCosines[8 * u + x] as number) * ((plane[from + x] as number) - 128);
      rows[8 * y + u] = sum;
    }
  }
  const out = new Int32Array(64);
  for (let i = 0; i < 64; i++) {
    const at = zigzag[i] as number;
    const u = at & 7;
    const v = at >> 3;
    let sum = 0;
    for (let y = 0; y < 8; y++) sum += (kCosines[8 * v + y] as number) * (rows[8 * y + u] as number);
    out[i] = Math.round(sum / (table[i] as number));
  }
  return out;
}

/** Category and the bits that tell the value within it. */
function magnitude(value: number): Code {
  const length = 32 - Math.clz32(Math.abs(value));
  return { bits: value < 0 ? value + (1 << length) - 1 : value, length };
}

/** Writes a block and returns its first coefficient, which the next one of the component is told relative to. */
function writeBlock(out: BitWriter, block: Int32Array, before: number, codes: typeof kLuma): number {
  const dc = block[0] as number;
  const difference = magnitude(dc - before);
  out.put(codes.dc.get(difference.length) as Code);
  out.put(difference);
  let zeros = 0;
  for (let i = 1; i < 64; i++) {
    const value = block[i] as number;
    if (value === 0) {
      zeros++;
      continue;
    }
    for (; zeros > 15; zeros -= 16) out.put(codes.ac.get(0xf0) as Code);
    const bits = magnitude(value);
    out.put(codes.ac.get((zeros << 4) | bits.length) as Code);
    out.put(bits);
    zeros = 0;
  }
  if (zeros > 0) out.put(codes.ac.get(0) as Code);
  return dc;
}

interface Planes {
  readonly y: Float64Array;
  /** Half as wide and high. */
  readonly cb: Float64Array;
  readonly cr: Float64Array;
}

function planesOf(rgb: Uint8Array, sidePx: number): Planes {
  const half = sidePx / 2;
  const planes = { y: new Float64Array(sidePx ** 2), cb: new Float64Array(half ** 2), cr: new Float64Array(half ** 2) };
  for (let at = 0; at < sidePx ** 2; at++) {
    const r = rgb[3 * at] as number;
    const g = rgb[3 * at + 1] as number;
    const b = rgb[3 * at + 2] as number;
    planes.y[at] = 0.299 * r + 0.587 * g + 0.114 * b;
    const chroma = (Math.floor(at / sidePx) >> 1) * half + ((at % sidePx) >> 1);
    planes.cb[chroma] = (planes.cb[chroma] as number) + (128 - 0.168736 * r - 0.331264 * g + 0.5 * b) / 4;
    planes.cr[chroma] = (planes.cr[chroma] as number) + (128 + 0.5 * r - 0.418688 * g - 0.081312 * b) / 4;
  }
  return planes;
}

const word = (value: number): number[] => [value >> 8, value & 255];
const segment = (marker: number, body: readonly number[]): number[] => [
  0xff,
  marker,
  ...word(body.length + 2),
  ...body,
];

function tablesOf(luma: readonly number[], chroma: readonly number[]): Uint8Array {
  const huffman = ([id, { counts, symbols }]: readonly [number, HuffmanSpec]): number[] => [id, ...counts, ...symbols];
  const pairs = [
    [0, dcLuma],
    [0x10, acLuma],
    [1, dcChroma],
    [0x11, acChroma],
  ] as const;
  return Uint8Array.from([
    ...[0xff, 0xd8],
    ...segment(0xdb, [0, ...luma, 1, ...chroma]),
    ...segment(0xc4, pairs.flatMap(huffman)),
    ...[0xff, 0xd9],
  ]);
}

/** The tables of the standard at a quality from 1 to 100, as libjpeg scales them, in zigzag order. */
function scaled(table: readonly number[], quality: number): readonly number[] {
  const percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  return zigzag.map((at) => Math.min(255, Math.max(1, Math.floor(((table[at] as number) * percent + 50) / 100))));
}

/** `sidePx`: a multiple of 16. `tables` depend on the quality alone. */
export function encodeJpeg(rgb: Uint8Array, sidePx: number, quality: number): EncodedTile {
  const [luma, chroma] = [scaled(quantLuma, quality), scaled(quantChroma, quality)];
  const planes = planesOf(rgb, sidePx);
  const out = new BitWriter();
  const last = { y: 0, cb: 0, cr: 0 };
  for (let top = 0; top < sidePx; top += 16) {
    for (let left = 0; left < sidePx; left += 16) {
      for (const [x, y] of [
        [0, 0],
        [8, 0],
        [0, 8],
        [8, 8],
      ] as const) {
        last.y = writeBlock(out, blockOf(planes.y, sidePx, left + x, top + y, luma), last.y, kLuma);
      }
      for (const name of ['cb', 'cr'] as const) {
        const block = blockOf(planes[name], sidePx / 2, left / 2, top / 2, chroma);
        last[name] = writeBlock(out, block, last[name], kChroma);
      }
    }
  }
  out.finish();
  const frame = [8, ...word(sidePx), ...word(sidePx), 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
  const scan = [3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0];
  const tile = [0xff, 0xd8, ...segment(0xc0, frame), ...segment(0xda, scan), ...out.bytes, 0xff, 0xd9];
  return { tables: tablesOf(luma, chroma), tile: Uint8Array.from(tile) };
}

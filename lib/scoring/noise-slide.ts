/** A slide of even noise, in memory: for trials of a model that are of no slide. */
import type { ByteRange, ByteSource } from '../slide/byte-source.js';

const kChannels = 3;
const kHeaderBytes = 8;
const kShort = 3;
const kLong = 4;

export interface NoiseSlide {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Each is half as large as the one before. */
  readonly levels: number;
  /** Every second square of level 0, as on a chess board, is made with another seed. */
  readonly squares?: { readonly sidePx: number; readonly seed: number };
}

/** The pixels of all levels. */
export function noiseBytes({ widthPx, heightPx, levels }: NoiseSlide): number {
  let bytes = 0;
  for (let level = 0; level < levels; ++level) {
    const [width, height] = [widthPx, heightPx].map((side) => Math.max(1, Math.floor(side / 2 ** level))) as [
      number,
      number,
    ];
    bytes += width * height * kChannels;
  }
  return bytes;
}

/** The same on every machine; grey enough that no model takes it for an empty tile. */
function noise(length: number, seed: number): Uint8Array {
  const values = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; ++i) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    values[i] = 64 + (state >>> 25);
  }
  return values;
}

function levelPixels(slide: NoiseSlide, widthPx: number, heightPx: number, level: number): Uint8Array {
  const pixels = noise(widthPx * heightPx * kChannels, 1 + level);
  const { squares } = slide;
  if (level > 0 || squares === undefined) return pixels;
  const { sidePx, seed } = squares;
  const other = noise(pixels.length, seed);
  for (let y = 0; y < heightPx; ++y) {
    const first = Math.floor(y / sidePx) % 2 === 0 ? sidePx : 0;
    for (let x = first; x < widthPx; x += 2 * sidePx) {
      const [from, to] = [y * widthPx + x, y * widthPx + Math.min(x + sidePx, widthPx)];
      pixels.set(other.subarray(from * kChannels, to * kChannels), from * kChannels);
    }
  }
  return pixels;
}

export function noiseSlide(slide: NoiseSlide): ByteSource {
  const bytes = tiffOf(slide);
  const part = ({ offset, length }: ByteRange): Uint8Array => bytes.slice(offset, offset + length);
  return { name: 'a trial slide', size: bytes.length, read: async (ranges) => ranges.map(part) };
}

type Tag = readonly [id: number, type: number, count: number, value: number];

const directoryBytes = (tags: number): number => 2 + 12 * tags + 4;

/** An uncompressed RGB TIFF, one strip for each level: header, then for each level pixels, the bits of the samples, directory. */
function tiffOf(slide: NoiseSlide): Uint8Array {
  const parts: { pixels: Uint8Array; at: number; bitsAt: number; directoryAt: number; tags: readonly Tag[] }[] = [];
  let end = kHeaderBytes;
  for (let level = 0; level < slide.levels; ++level) {
    const width = Math.max(1, slide.widthPx >> level);
    const height = Math.max(1, slide.heightPx >> level);
    const pixels = levelPixels(slide, width, height, level);
    const at = end;
    const bitsAt = at + pixels.length + (pixels.length % 2);
    const directoryAt = bitsAt + 2 * kChannels;
    const tags: readonly Tag[] = [
      // Bit 0: a reduced image of another page.
      [254, kLong, 1, level === 0 ? 0 : 1],
      [256, kLong, 1, width],
      [257, kLong, 1, height],
      [258, kShort, kChannels, bitsAt],
      [259, kShort, 1, 1],
      [262, kShort, 1, 2],
      [273, kLong, 1, at],
      [277, kShort, 1, kChannels],
      [278, kLong, 1, height],
      [279, kLong, 1, pixels.length],
      [284, kShort, 1, 1],
    ];
    parts.push({ pixels, at, bitsAt, directoryAt, tags });
    end = directoryAt + directoryBytes(tags.length);
  }
  const bytes = new Uint8Array(end);
  const view = new DataView(bytes.buffer);
  bytes.set([0x49, 0x49, 42, 0]);
  view.setUint32(4, parts[0]?.directoryAt ?? 0, true);
  parts.forEach(({ pixels, at, bitsAt, directoryAt, tags }, i) => {
    bytes.set(pixels, at);
    for (let channel = 0; channel < kChannels; ++channel) view.setUint16(bitsAt + 2 * channel, 8, true);
    view.setUint16(directoryAt, tags.length, true);
    tags.forEach(([id, type, count, value], k) => {
      const tagAt = directoryAt + 2 + 12 * k;
      view.setUint16(tagAt, id, true);
      view.setUint16(tagAt + 2, type, true);
      view.setUint32(tagAt + 4, count, true);
      // A single short stands at the start of the field; its upper half stays zero.
      view.setUint32(tagAt + 8, value, true);
    });
    view.setUint32(directoryAt + 2 + 12 * tags.length, parts[i + 1]?.directoryAt ?? 0, true);
  });
  return bytes;
}

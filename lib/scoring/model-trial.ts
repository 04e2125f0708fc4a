/**
 * Whether a model fails by itself, whatever the slide. What a graph gives is fully known only when it runs: one that fails
 * on every tile must not be taken for as many broken slides.
 */
import { fromNative, type MicrotomeError } from '../core/errors.js';
import type { ByteRange, ByteSource } from '../slide/byte-source.js';
import type { Scorer } from './scorer.js';

/** The side of the trial's slide; larger tiles reach beyond its edge. */
const kMostSidePx = 1024;
const kChannels = 3;
const kHeaderBytes = 8;
const kShort = 3;
const kLong = 4;

/**
 * Scores one tile that is of no slide: even noise. Resolves with what that fails with, or with null. A failure may also
 * come of options that do not suit such a slide, so that only one of the same code says something of another failure.
 */
export async function modelFault(scorer: Pick<Scorer, 'model' | 'score'>): Promise<MicrotomeError | null> {
  const side = Math.min(scorer.model.input.sizePx, kMostSidePx);
  try {
    await scorer.score(noiseSlide(side), { level: 0, keep: 'all' });
    return null;
  } catch (error) {
    return fromNative(error);
  }
}

function noiseSlide(side: number): ByteSource {
  const bytes = tiffOf(side, noise(side * side * kChannels));
  const part = ({ offset, length }: ByteRange): Uint8Array => bytes.slice(offset, offset + length);
  return { name: 'a trial tile', size: bytes.length, read: async (ranges) => ranges.map(part) };
}

/** The same on every machine; grey enough that no model takes it for an empty tile. */
function noise(length: number): Uint8Array {
  const values = new Uint8Array(length);
  let state = 1;
  for (let i = 0; i < length; ++i) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    values[i] = 64 + (state >>> 25);
  }
  return values;
}

/** An uncompressed RGB TIFF of one strip: header, pixels, the bits of the samples, the directory. */
function tiffOf(side: number, pixels: Uint8Array): Uint8Array {
  const bitsAt = kHeaderBytes + pixels.length + (pixels.length % 2);
  const directoryAt = bitsAt + 2 * kChannels;
  const tags: readonly (readonly [id: number, type: number, count: number, value: number])[] = [
    [256, kLong, 1, side],
    [257, kLong, 1, side],
    [258, kShort, kChannels, bitsAt],
    [259, kShort, 1, 1],
    [262, kShort, 1, 2],
    [273, kLong, 1, kHeaderBytes],
    [277, kShort, 1, kChannels],
    [278, kLong, 1, side],
    [279, kLong, 1, pixels.length],
    [284, kShort, 1, 1],
  ];
  const bytes = new Uint8Array(directoryAt + 2 + 12 * tags.length + 4);
  const view = new DataView(bytes.buffer);
  bytes.set([0x49, 0x49, 42, 0]);
  view.setUint32(4, directoryAt, true);
  bytes.set(pixels, kHeaderBytes);
  for (let i = 0; i < kChannels; ++i) view.setUint16(bitsAt + 2 * i, 8, true);
  view.setUint16(directoryAt, tags.length, true);
  for (const [i, [id, type, count, value]] of tags.entries()) {
    const at = directoryAt + 2 + 12 * i;
    view.setUint16(at, id, true);
    view.setUint16(at + 2, type, true);
    view.setUint32(at + 4, count, true);
    // A single short stands at the start of the field; its upper half stays zero.
    view.setUint32(at + 8, value, true);
  }
  return bytes;
}

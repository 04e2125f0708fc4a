/**
 * Where tissue is, as the addon takes it. Masks and polygons may have hundreds of megabytes: they are walked and copied
 * in turns of the event loop, into memory of the addon that nobody else can change or take away.
 */

import { throwIfAborted } from '../core/cancel.js';
import { fromNative } from '../core/errors.js';
import { pathOf } from '../core/file-url.js';
import { Turns } from '../core/turns.js';
import { loadAddon } from '../native/addon.js';
import type { NativeAddon, NativeBytes, NativeMaskSource, NativeTissueOptions } from '../native/contract.js';
import { contradiction } from '../options/check.js';
import type { KeepRule, MaskInput } from '../options/types.js';
import { GeoJsonFault, walkGeoJson } from './geojson.js';
import type { PolygonSink } from './geojson.js';
import { readGeoJson } from './geojson-file.js';
import { isTissueMask } from './mask-input.js';
import type { TissueMask } from './tissue-mask.js';

/** Bytes that are worked on without asking for the time: a fraction of a millisecond. */
const sliceBytes = 256 * 1024;

/** So much from the start that memory never has to be copied to grow; what is not filled is never touched. */
const expectedPositionBytes = 64 * 2 ** 20;

/**
 * The bytes in slices, with turns of the event loop between them. A slice is the caller's own memory: whoever takes it
 * copies it before the next one.
 */
export async function* slicesOf(bytes: Uint8Array, turns: Turns): AsyncGenerator<Uint8Array, void, undefined> {
  const { length } = bytes;
  for (let from = 0; from < length; from += sliceBytes) {
    // Its memory was transferred to another thread, or its buffer was made smaller.
    if (bytes.length !== length) throw contradiction('The memory of mask.data was taken away while it was read');
    yield bytes.subarray(from, Math.min(from + sliceBytes, length));
    if (turns.isOver) await turns.next();
  }
}

/** The polygons of a GeoJSON object or of the file at a path. Throws INVALID_OPTION naming the place. */
export async function polygonsOf(
  mask: Exclude<MaskInput, TissueMask>,
  sink: PolygonSink,
  signal: AbortSignal | null,
): Promise<void> {
  if (typeof mask === 'string' || mask instanceof URL) {
    const { positions, rings } = await readGeoJson(pathOf(mask), signal);
    const turns = new Turns(signal);
    for (const piece of positions) {
      sink.positions(piece);
      if (turns.isOver) await turns.next();
    }
    for (const piece of rings) sink.rings(piece);
    return;
  }
  const turns = new Turns(signal);
  try {
    const walk = walkGeoJson(mask, sink);
    while (walk.next().done !== true) {
      if (turns.isOver) await turns.next();
    }
  } catch (error) {
    if (!(error instanceof GeoJsonFault)) throw error;
    throw contradiction(`The GeoJSON mask is not valid at ${error.at}: ${error.found}`);
  }
}

export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Memory of the addon. Its errors become ours here, because the abort's reason must pass through as it is. */
function addonBytes(
  addon: NativeAddon,
  expected: number,
): { bytes: NativeBytes; append(piece: ArrayBufferView): void } {
  const ours = <T>(call: () => T): T => {
    try {
      return call();
    } catch (error) {
      throw fromNative(error);
    }
  };
  const bytes = ours(() => new addon.Bytes(expected));
  return { bytes, append: (piece) => ours(() => bytes.append(bytesOf(piece))) };
}

async function givenMask({ data, width, height }: TissueMask, signal: AbortSignal | null): Promise<NativeMaskSource> {
  const { bytes, append } = addonBytes(await loadAddon(), data.length);
  for await (const slice of slicesOf(bytesOf(data), new Turns(signal))) append(slice);
  return { kind: 'mask', data: bytes, width, height };
}

async function givenPolygons(
  mask: Exclude<MaskInput, TissueMask>,
  signal: AbortSignal | null,
): Promise<NativeMaskSource> {
  const addon = await loadAddon();
  const positions = addonBytes(addon, expectedPositionBytes);
  const rings = addonBytes(addon, 0);
  await polygonsOf(mask, { positions: positions.append, rings: rings.append }, signal);
  return { kind: 'polygons', positions: positions.bytes, rings: rings.bytes };
}

/** What the addon needs to know of where tissue is. It can be passed to the addon once. */
export async function maskSource(
  mask: MaskInput | null,
  keep: KeepRule,
  tissue: NativeTissueOptions,
  signal: AbortSignal | null,
): Promise<NativeMaskSource> {
  throwIfAborted(signal);
  if (keep === 'all') return { kind: 'all' };
  if (mask === null) return { kind: 'tissue', options: tissue };
  // The options were checked in this turn of the event loop; the mask is walked in turns of its own.
  await new Turns(signal).next();
  return typeof mask === 'object' && isTissueMask(mask) ? givenMask(mask, signal) : givenPolygons(mask, signal);
}

/** What a caller's mask says, as one short text: two runs with other masks must not be taken for one. */
import { createHash } from 'node:crypto';

import { pathOf } from '../core/file-url.js';
import { Turns } from '../core/turns.js';
import type { MaskInput } from '../options/types.js';
import { maskFilePieces } from './geojson-file.js';
import { isTissueMask } from './mask-input.js';
import { bytesOf, polygonsOf, slicesOf } from './mask-source.js';

/**
 * Of a file its bytes count, of a mask its size and data, of GeoJSON its polygons. Throws what reading the mask throws.
 */
export async function maskDigest(mask: MaskInput, signal: AbortSignal | null): Promise<string> {
  const hash = createHash('sha256');
  if (typeof mask === 'string' || mask instanceof URL) {
    for await (const piece of maskFilePieces(pathOf(mask), signal)) hash.update(piece);
    return `sha256:${hash.digest('hex')}`;
  }
  if (isTissueMask(mask)) {
    hash.update(`mask ${mask.width} ${mask.height}\n`);
    for await (const slice of slicesOf(bytesOf(mask.data), new Turns(signal))) hash.update(slice);
  } else {
    const rings = createHash('sha256');
    const sink = {
      positions: (piece: Float64Array) => void hash.update(bytesOf(piece)),
      rings: (piece: Uint32Array) => void rings.update(bytesOf(piece)),
    };
    await polygonsOf(mask, sink, signal);
    hash.update(rings.digest());
  }
  return `sha256:${hash.digest('hex')}`;
}

/** Throws what scoring with the mask would throw whatever the slide: a file that is not there, or is no GeoJSON. */
export async function checkMask(mask: MaskInput | null, signal: AbortSignal | null): Promise<void> {
  if (mask === null || (typeof mask === 'object' && isTissueMask(mask))) return;
  const ignore = (): void => undefined;
  await polygonsOf(mask, { positions: ignore, rings: ignore }, signal);
}

/** Where tissue is, as the addon takes it; reads the caller's GeoJSON file where a path was given. */

import { readFile, stat } from 'node:fs/promises';

import { MicrotomeError, fromFileSystem } from '../core/errors.js';
import type { NativeMaskSource, NativeTissueOptions } from '../native/contract.js';
import { geoJsonRings } from './geojson.js';
import { isTissueMask } from './mask-input.js';
import type { KeepRule, MaskInput } from '../options/types.js';

const maxGeoJsonBytes = 64 * 2 ** 20;

async function readGeoJson(path: string): Promise<unknown> {
  let source: string;
  try {
    const { size } = await stat(path);
    if (size > maxGeoJsonBytes) {
      throw new MicrotomeError(
        'LIMIT_EXCEEDED',
        'tissue',
        `the mask ${path} has ${size} bytes, at most ${maxGeoJsonBytes} are read`,
        { path, advice: 'simplify its polygons' },
      );
    }
    source = await readFile(path, 'utf8');
  } catch (error) {
    throw fromFileSystem(error, 'tissue', path, 'the mask');
  }
  try {
    return JSON.parse(source) as unknown;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MicrotomeError(
      'INVALID_OPTION',
      'options',
      `The mask ${path} is not valid JSON (${reason.slice(0, 200)})`,
      { path, cause: error },
    );
  }
}

/** What the addon needs to know of where tissue is. */
export async function maskSource(
  mask: MaskInput | null,
  keep: KeepRule,
  tissue: NativeTissueOptions,
): Promise<NativeMaskSource> {
  if (keep === 'all') return { kind: 'all' };
  if (mask === null) return { kind: 'tissue', options: tissue };
  if (typeof mask === 'string') return { kind: 'polygons', ...geoJsonRings(await readGeoJson(mask)) };
  if (isTissueMask(mask)) return { kind: 'mask', data: mask.data, width: mask.width, height: mask.height };
  return { kind: 'polygons', ...geoJsonRings(mask) };
}

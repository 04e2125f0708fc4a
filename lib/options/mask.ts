/** The caller's own tissue: a mask, GeoJSON, or the path of a GeoJSON file. */

import { readFile, stat } from 'node:fs/promises';

import { MicrotomeError, fromFileSystem } from '../errors.js';
import type { NativeMaskSource, NativeTissueOptions } from '../native/contract.js';
import type { TissueMask } from '../tissue-mask.js';
import { integer, invalid, positiveInteger, text } from './check.js';
import { geoJsonRings } from './geojson.js';
import type { KeepRule, MaskInput } from './types.js';

const maxGeoJsonBytes = 64 * 2 ** 20;

function isTissueMask(value: object): value is TissueMask {
  return 'data' in value && 'width' in value && 'height' in value;
}

/** Throws INVALID_OPTION for what cannot be a mask. The GeoJSON itself is checked when it is used. */
export function checkMaskInput(value: unknown): MaskInput {
  if (typeof value === 'string') return text('mask', value);
  if (typeof value !== 'object' || value === null) throw invalid('mask', 'a tissue mask, GeoJSON or the path of a GeoJSON file', value);
  if (!isTissueMask(value)) return value as MaskInput;
  const width = integer('mask.width', value.width, positiveInteger);
  const height = integer('mask.height', value.height, positiveInteger);
  if (!(value.data instanceof Uint8Array) || value.data.length !== width * height) {
    throw invalid('mask.data', `a Uint8Array of width * height (${width * height}) values`, value.data);
  }
  return value;
}

async function readGeoJson(path: string): Promise<unknown> {
  let source: string;
  try {
    const { size } = await stat(path);
    if (size > maxGeoJsonBytes) {
      throw new MicrotomeError('LIMIT_EXCEEDED', 'tissue', `the mask ${path} has ${size} bytes, at most ${maxGeoJsonBytes} are read`, { path, advice: 'simplify its polygons' });
    }
    source = await readFile(path, 'utf8');
  } catch (error) {
    throw fromFileSystem(error, 'tissue', path, 'the mask');
  }
  try {
    return JSON.parse(source) as unknown;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MicrotomeError('INVALID_OPTION', 'options', `The mask ${path} is not valid JSON (${reason.slice(0, 200)})`, { path, cause: error });
  }
}

/** What the addon needs to know of where tissue is. */
export async function maskSource(mask: MaskInput | null, keep: KeepRule, tissue: NativeTissueOptions): Promise<NativeMaskSource> {
  if (keep === 'all') return { kind: 'all' };
  if (mask === null) return { kind: 'tissue', options: tissue };
  if (typeof mask === 'string') return { kind: 'polygons', rings: geoJsonRings(await readGeoJson(mask)) };
  if (isTissueMask(mask)) return { kind: 'mask', data: mask.data, width: mask.width, height: mask.height };
  return { kind: 'polygons', rings: geoJsonRings(mask) };
}

/**
 * WSInfer's config.json (spec_version "1.0"): patches of patch_size_pixels at spacing_um_px, resized, scaled to 0..1
 * and normalised. Resizing a patch of P pixels to S is the same grid at spacing * P / S, which is how it is read here.
 * Unknown keys at the top level are allowed by that format; a transform that is not one of the three known is refused.
 */

import { MicrotomeError } from '../core/errors.js';
import { tileSide } from '../options/table/kinds.js';
import { readBundleText } from './bundle-files.js';
import type { BundleRoot } from './bundle-files.js';
import { parseModelJson } from './bundle-json.js';
import { lineOfPath } from './json-line.js';
import { pointer } from './json-schema.js';

export const wsinferFileName = 'config.json';
const maxConfigBytes = 2 ** 20;

export interface WsinferConfig {
  /** SHA-256 of config.json. */
  readonly sha256: string;
  readonly architecture: string;
  readonly classNames: readonly string[];
  /** Side of the model's input. */
  readonly sizePx: number;
  /** Microns per pixel of the model's input. */
  readonly mpp: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

type Json = Readonly<Record<string, unknown>>;
type At = readonly string[];

class ConfigReader {
  readonly #text: string;
  readonly #path: string;
  constructor(text: string, path: string) {
    this.#text = text;
    this.#path = path;
  }

  fail(at: At, found: string): MicrotomeError {
    const line = lineOfPath(this.#text, at);
    return new MicrotomeError('MODEL_INVALID', 'infer', `${wsinferFileName} line ${line}, ${pointer(at)}: ${found}`, {
      path: this.#path,
    });
  }

  object(value: unknown, at: At): Json {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.fail(at, 'must be an object');
    return value as Json;
  }

  number(value: unknown, at: At, lowest: number, isInteger: boolean): number {
    const ok = typeof value === 'number' && value >= lowest && value <= 1e6 && (!isInteger || Number.isInteger(value));
    if (!ok)
      throw this.fail(
        at,
        `must be ${isInteger ? 'an integer' : 'a number'} of at least ${lowest}, not ${JSON.stringify(value) ?? 'missing'}`,
      );
    return value;
  }

  triple(value: unknown, at: At, lowest: number): readonly [number, number, number] {
    if (!Array.isArray(value) || value.length !== 3) throw this.fail(at, 'must be three numbers');
    const [a, b, c] = value.map((v, i) => this.number(v, [...at, String(i)], lowest, false)) as [
      number,
      number,
      number,
    ];
    return Object.freeze([a, b, c] as const);
  }
}

interface Transform {
  sizePx: number | null;
  toTensor: boolean;
  mean: readonly [number, number, number];
  std: readonly [number, number, number];
}

function onlyArguments(reader: ConfigReader, args: Json, known: readonly string[], at: At): void {
  const other = Object.keys(args).find((k) => !known.includes(k));
  if (other !== undefined)
    throw reader.fail(
      [...at, 'arguments', other],
      `the argument "${other}" is not supported; known: ${known.join(', ') || 'none'}`,
    );
}

function resizeSide(reader: ConfigReader, args: Json, at: At): number {
  const where = [...at, 'arguments', 'size'];
  const { size } = args;
  if (!Array.isArray(size)) return reader.number(size, where, 1, true);
  const sides = size.map((s, i) => reader.number(s, [...where, String(i)], 1, true));
  const [height, width = height] = sides;
  if (height === undefined || height !== width || sides.length > 2)
    throw reader.fail(where, 'only square sizes are supported');
  return height;
}

/** One step; the order is Resize, ToTensor, Normalize, each at most once. */
function applyStep(reader: ConfigReader, step: unknown, at: At, order: number, result: Transform): number {
  const { name, arguments: given } = reader.object(step, at);
  const args = given === undefined || given === null ? {} : reader.object(given, [...at, 'arguments']);
  const place = ['Resize', 'ToTensor', 'Normalize'].indexOf(String(name));
  if (place === -1)
    throw reader.fail(
      [...at, 'name'],
      `the transform ${JSON.stringify(name)} is not supported; known: Resize, ToTensor, Normalize`,
    );
  if (place <= order)
    throw reader.fail(at, 'the transforms must be Resize, ToTensor, Normalize in this order, each at most once');
  if (place === 0) {
    onlyArguments(reader, args, ['size'], at);
    result.sizePx = resizeSide(reader, args, at);
  } else if (place === 1) {
    onlyArguments(reader, args, [], at);
    result.toTensor = true;
  } else {
    onlyArguments(reader, args, ['mean', 'std'], at);
    result.mean = reader.triple(args['mean'], [...at, 'arguments', 'mean'], -1e6);
    result.std = reader.triple(args['std'], [...at, 'arguments', 'std'], 1e-12);
  }
  return place;
}

function readTransform(reader: ConfigReader, value: unknown): Transform {
  if (!Array.isArray(value)) throw reader.fail(['transform'], 'must be a list');
  const result: Transform = { sizePx: null, toTensor: false, mean: [0, 0, 0], std: [1, 1, 1] };
  let order = -1;
  value.forEach((step, i) => {
    order = applyStep(reader, step, ['transform', String(i)], order, result);
  });
  if (!result.toTensor) throw reader.fail(['transform'], 'ToTensor is missing');
  return result;
}

function readClassNames(reader: ConfigReader, json: Json): readonly string[] {
  const names = json['class_names'];
  const isList = Array.isArray(names) && names.every((n): n is string => typeof n === 'string' && n !== '');
  if (!isList || new Set(names).size !== names.length)
    throw reader.fail(['class_names'], 'must be a list of different names');
  const declared = reader.number(json['num_classes'], ['num_classes'], 1, true);
  if (names.length !== declared)
    throw reader.fail(['class_names'], `${names.length} names for num_classes ${declared}`);
  return Object.freeze([...names]);
}

/** Throws MODEL_INVALID naming the line. */
export async function readWsinferConfig(root: BundleRoot): Promise<WsinferConfig> {
  const path = `${root.folder}/${wsinferFileName}`;
  const { text, sha256 } = await readBundleText(root, wsinferFileName, maxConfigBytes);
  const reader = new ConfigReader(text, path);
  const json = reader.object(parseModelJson(text, wsinferFileName, path), []);
  if (json['spec_version'] !== '1.0')
    throw reader.fail(['spec_version'], `must be "1.0", not ${JSON.stringify(json['spec_version']) ?? 'missing'}`);
  const classNames = readClassNames(reader, json);
  const patchSizePx = reader.number(json['patch_size_pixels'], ['patch_size_pixels'], 1, true);
  const spacing = reader.number(json['spacing_um_px'], ['spacing_um_px'], 1e-6, false);
  const { sizePx, mean, std } = readTransform(reader, json['transform']);
  const architecture = typeof json['architecture'] === 'string' ? json['architecture'] : '';
  const side = sizePx ?? patchSizePx;
  const most = tileSide.max ?? 0;
  if (side > most) throw reader.fail(['patch_size_pixels'], `tiles of ${side} pixels, at most ${most} are supported`);
  return { sha256, architecture, classNames, sizePx: side, mpp: (spacing * patchSizePx) / side, mean, std };
}

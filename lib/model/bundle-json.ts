/**
 * microtome.json as its schema describes it, read and checked. What the schema allows but this version cannot run is
 * refused by name in read-bundle.ts.
 */

import { readFileSync } from 'node:fs';

import { MicrotomeError } from '../core/errors.js';
import type { Activation } from '../options/types.js';
import { packageFile } from '../core/package-root.js';
import type { ClipRange } from '../scoring/result.js';
import { readBundleText } from './bundle-files.js';
import type { BundleRoot } from './bundle-files.js';
import { lineOfOffset, lineOfPath } from './json-line.js';
import { checkJson, pointer } from './json-schema.js';
import type { Calibration } from './spec.js';

export const bundleFileName = 'microtome.json';
const maxBundleBytes = 4 * 2 ** 20;

export interface TileInputJson {
  readonly name: string;
  readonly size: number;
  readonly mpp?: number;
  readonly level?: number;
  readonly stride?: number;
  readonly layout?: 'NCHW' | 'NHWC';
  readonly channels?: 'RGB' | 'BGR';
  readonly type?: 'float32' | 'float16' | 'uint8';
  readonly scale?: number;
  readonly mean?: readonly [number, number, number];
  readonly std?: readonly [number, number, number];
}

export interface TensorOutputJson {
  readonly name: string;
  readonly tensor?: string;
  readonly columns: number;
  readonly columnNames?: readonly string[];
  readonly activation?: Activation;
}

export interface EncoderJson {
  readonly name: string;
  readonly graph: string;
  readonly input: { readonly from: string; readonly tensor?: string };
  readonly outputs: readonly TensorOutputJson[];
}

export interface TileValueJson {
  readonly encoder: string;
  readonly output: string;
  readonly column?: number;
}

export interface SelectJson {
  readonly rule: 'tissueFraction' | 'tissueCentre' | 'all' | 'cap' | 'filter' | 'highest';
  readonly input?: string;
  readonly min?: number;
  readonly count?: number;
  readonly seed?: number;
}

export interface HeadJson {
  readonly name: string;
  readonly method: 'mean' | 'max' | 'topK' | 'quantile' | 'noisyOr' | 'onnx';
  readonly of?: TileValueJson;
  readonly k?: number;
  readonly fraction?: number;
  readonly quantile?: number;
}

export interface OutputJson {
  readonly name: string;
  readonly of:
    | string
    | readonly {
        readonly head: string;
        readonly output?: string;
        readonly column?: number;
        readonly weight?: number;
      }[];
  readonly calibration?: Calibration;
  readonly clip?: ClipRange | null;
  readonly fallback?: number;
}

export interface CardJson {
  readonly licence: string;
  readonly intendedUse: string;
  readonly clinicalUse?: boolean;
  readonly authors?: readonly string[];
  readonly trainingData?: string;
  readonly evaluation?: string;
  readonly limitations?: string;
  readonly citation?: string;
}

export interface BundleJson {
  readonly name: string;
  readonly version?: string;
  readonly inputs: {
    readonly tiles?: readonly TileInputJson[];
    readonly images?: readonly unknown[];
    readonly clinical?: readonly unknown[];
  };
  readonly encoders: readonly EncoderJson[];
  readonly select?: readonly SelectJson[];
  readonly heads: readonly HeadJson[];
  readonly outputs: readonly OutputJson[];
  readonly files: Readonly<Record<string, string>>;
  readonly card: CardJson;
}

let schema: Readonly<Record<string, unknown>> | undefined;

function bundleSchema(): Readonly<Record<string, unknown>> {
  schema ??= JSON.parse(readFileSync(packageFile('schema/microtome.schema.json'), 'utf8')) as Record<string, unknown>;
  return schema;
}

/** An error about one place of the bundle's text: names the line and the JSON pointer. */
export class BundleText {
  readonly #text: string;
  readonly path: string;
  constructor(text: string, path: string) {
    this.#text = text;
    this.path = path;
  }

  error(code: 'MODEL_INVALID' | 'MODEL_MISMATCH', at: readonly string[], found: string): MicrotomeError {
    const line = lineOfPath(this.#text, at);
    return new MicrotomeError(code, 'infer', `${bundleFileName} line ${line}, ${pointer(at)}: ${found}`, {
      path: this.path,
    });
  }
}

/** Parses JSON text that came with a model; a syntax error names its line. */
export function parseModelJson(text: string, file: string, path: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const offset = /at position (\d+)/.exec(reason)?.[1];
    const line = offset === undefined ? lineOfOffset(text, text.length) : lineOfOffset(text, Number(offset));
    throw new MicrotomeError(
      'MODEL_INVALID',
      'infer',
      `${file} line ${line} is not valid JSON (${reason.slice(0, 200)})`,
      { path, cause: error },
    );
  }
}

/** Reads and checks microtome.json against the schema. Throws MODEL_INVALID with every line that is wrong, ten at most. */
export async function readBundleJson(
  root: BundleRoot,
): Promise<{ json: BundleJson; text: BundleText; sha256: string }> {
  const { text, sha256 } = await readBundleText(root, bundleFileName, maxBundleBytes);
  const path = `${root.folder}/${bundleFileName}`;
  const value = parseModelJson(text, bundleFileName, path);
  const version = (value as { formatVersion?: unknown } | null)?.formatVersion;
  if (typeof version === 'number' && version > 1) {
    throw new BundleText(text, path).error(
      'MODEL_INVALID',
      ['formatVersion'],
      `format version ${version} needs a later version of microtome; this one reads version 1`,
    );
  }
  const problems = checkJson(bundleSchema(), value);
  if (problems.length > 0) {
    const shown = problems
      .slice(0, 10)
      .map((p) => `line ${lineOfPath(text, p.path)}, ${pointer(p.path)}: ${p.message}`);
    const more = problems.length > shown.length ? `, and ${problems.length - shown.length} more` : '';
    throw new MicrotomeError(
      'MODEL_INVALID',
      'infer',
      `${bundleFileName} does not fit its schema: ${shown.join('; ')}${more}`,
      { path },
    );
  }
  return { json: value as BundleJson, text: new BundleText(text, path), sha256 };
}

/** microtome.json, read and checked against its schema. What the schema cannot say is checked in bundle/. */

import { readFileSync } from 'node:fs';

import { MicrotomeError } from '../core/errors.js';
import { printable } from '../core/printable.js';
import { packageFile } from '../core/package-root.js';
import { readBundleText } from './bundle-files.js';
import type { BundleRoot } from './bundle-files.js';
import { lineOfOffset, lineOfPath } from './json-line.js';
import { checkJson, pointer } from './json-schema.js';
import type { BundleJson } from './bundle/json-types.js';

export const bundleFileName = 'microtome.json';
/** Levels of objects and lists in a description of a model. */
const mostLevels = 64;
const maxBundleBytes = 4 * 2 ** 20;

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

  /** `microtome.json line 12, /heads/0`. */
  place(at: readonly string[]): string {
    return `${bundleFileName} line ${lineOfPath(this.#text, at)}, ${pointer(at)}`;
  }

  error(code: 'MODEL_INVALID' | 'MODEL_MISMATCH', at: readonly string[], found: string): MicrotomeError {
    return new MicrotomeError(code, 'infer', printable(`${this.place(at)}: ${found}`), { path: this.path });
  }
}

/** Iterative: what checks the value later walks it by recursion. */
function isDeep(value: unknown): boolean {
  const isContainer = (one: unknown): one is object => typeof one === 'object' && one !== null;
  let level = [value].filter(isContainer);
  for (let depth = 0; depth < mostLevels; ++depth)
    level = level.flatMap((one) => (Object.values(one) as unknown[]).filter(isContainer));
  return level.length > 0;
}

/** Parses JSON text that came with a model; a syntax error names its line. Throws MODEL_INVALID. */
export function parseModelJson(text: string, file: string, path: string): unknown {
  const value = parsed(text, file, path);
  if (!isDeep(value)) return value;
  const found = `${file} has objects and lists that are nested more than ${mostLevels} deep`;
  throw new MicrotomeError('MODEL_INVALID', 'infer', found, { path });
}

function parsed(text: string, file: string, path: string): unknown {
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
      printable(`${bundleFileName} does not fit its schema: ${shown.join('; ')}${more}`),
      { path },
    );
  }
  return { json: value as BundleJson, text: new BundleText(text, path), sha256 };
}

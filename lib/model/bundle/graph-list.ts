/** The graphs of a bundle in the order in which they are first named; equal files are one. */

import { posix } from 'node:path';

import type { BundleText } from '../bundle-json.js';
import type { BundleJson } from './json-types.js';

export class GraphList {
  readonly #indices = new Map<string, number>();
  /** Paths inside the bundle. */
  readonly files: string[] = [];

  constructor(
    private readonly json: BundleJson,
    private readonly text: BundleText,
  ) {}

  /** `at`: where the path stands. Throws MODEL_INVALID for a file that is not listed. */
  indexOf(file: string, at: readonly string[]): number {
    if (!Object.hasOwn(this.json.files, file))
      throw this.text.error('MODEL_INVALID', at, `${file} is not listed in files`);
    // The hash is compared with the file before the graph is used. Weights lie beside a graph, so its folder counts too.
    const key = `${this.json.files[file]} ${posix.dirname(file)}`;
    const known = this.#indices.get(key);
    if (known !== undefined) return known;
    this.#indices.set(key, this.files.length);
    return this.files.push(file) - 1;
  }
}

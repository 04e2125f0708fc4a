/** What the names in a bundle stand for, as indices in the spec that is made of it. */

import type { BundleText } from '../bundle-json.js';
import type { BundleJson, EncoderJson, TileValueJson } from './json-types.js';

type At = readonly string[];

/** `index`: of the encoders of tiles, or of the heads that encode images. */
export interface NamedEncoder {
  readonly of: 'tiles' | 'image';
  readonly index: number;
  /** Of the tile inputs, or of the image inputs. */
  readonly input: number;
  readonly json: EncoderJson;
}

/** A column of an encoder. */
export interface NamedValue {
  readonly encoder: NamedEncoder;
  readonly output: number;
  readonly column: number;
}

export class Names {
  readonly #tiles: ReadonlyMap<string, number>;
  readonly #clinical: ReadonlyMap<string, number>;
  readonly #encoders = new Map<string, NamedEncoder>();
  readonly #heads: ReadonlyMap<string, number>;
  /** Heads that encode images come before those of the bundle. */
  readonly imageHeads: number;

  /** Throws MODEL_INVALID for a name that is used twice, and for an encoder of an input that is not there. */
  constructor(
    json: BundleJson,
    private readonly text: BundleText,
  ) {
    const { tiles = [], images = [], clinical = [] } = json.inputs;
    this.#tiles = this.#distinct(tiles, ['inputs', 'tiles']);
    const imageNames = this.#distinct(images, ['inputs', 'images'], this.#tiles);
    this.#clinical = this.#distinct(clinical, ['inputs', 'clinical']);
    this.#distinct(json.encoders, ['encoders']);
    this.#distinct(json.outputs, ['outputs']);
    let [ofTiles, ofImages] = [0, 0];
    json.encoders.forEach((encoder, i) => {
      this.#distinct(encoder.outputs, ['encoders', String(i), 'outputs']);
      const { from } = encoder.input;
      const [tile, image] = [this.#tiles.get(from), imageNames.get(from)];
      if (tile !== undefined)
        this.#encoders.set(encoder.name, { of: 'tiles', index: ofTiles++, input: tile, json: encoder });
      else if (image !== undefined)
        this.#encoders.set(encoder.name, { of: 'image', index: ofImages++, input: image, json: encoder });
      else throw text.error('MODEL_INVALID', ['encoders', String(i), 'input', 'from'], `there is no input "${from}"`);
    });
    this.imageHeads = ofImages;
    this.#heads = this.#distinct(json.heads, ['heads']);
  }

  #distinct(
    list: readonly { readonly name: string }[],
    at: At,
    taken: ReadonlyMap<string, number> = new Map(),
  ): ReadonlyMap<string, number> {
    const found = new Map<string, number>();
    list.forEach(({ name }, i) => {
      if (found.has(name) || taken.has(name))
        throw this.text.error('MODEL_INVALID', [...at, String(i), 'name'], `the name "${name}" is used twice`);
      found.set(name, i);
    });
    return found;
  }

  /** Undefined: the first one is meant. */
  tileInput(name: string | undefined, at: At): number {
    const found = name === undefined ? (this.#tiles.size === 0 ? undefined : 0) : this.#tiles.get(name);
    if (found !== undefined) return found;
    const what = name === undefined ? 'there is no tile input' : `there is no tile input "${name}"`;
    throw this.text.error('MODEL_INVALID', at, what);
  }

  clinical(name: string, at: At): number {
    const found = this.#clinical.get(name);
    if (found === undefined) throw this.text.error('MODEL_INVALID', at, `there is no clinical feature "${name}"`);
    return found;
  }

  get clinicalCount(): number {
    return this.#clinical.size;
  }

  /** In the heads of the spec. */
  head(name: string, at: At): number {
    const found = this.#heads.get(name);
    if (found === undefined) throw this.text.error('MODEL_INVALID', at, `there is no head "${name}"`);
    return this.imageHeads + found;
  }

  encoder(name: string, at: At): NamedEncoder {
    const found = this.#encoders.get(name);
    if (found === undefined) throw this.text.error('MODEL_INVALID', at, `there is no encoder "${name}"`);
    return found;
  }

  encoders(of: NamedEncoder['of']): readonly NamedEncoder[] {
    return [...this.#encoders.values()].filter((each) => each.of === of);
  }

  output(encoder: NamedEncoder, name: string, at: At): number {
    const found = encoder.json.outputs.findIndex((output) => output.name === name);
    if (found === -1)
      throw this.text.error('MODEL_INVALID', at, `the encoder "${encoder.json.name}" has no output "${name}"`);
    return found;
  }

  value(value: TileValueJson, at: At): NamedValue {
    const encoder = this.encoder(value.encoder, [...at, 'encoder']);
    const output = this.output(encoder, value.output, [...at, 'output']);
    const column = value.column ?? 0;
    const columns = encoder.json.outputs[output]?.columns ?? 0;
    if (column >= columns)
      throw this.text.error(
        'MODEL_INVALID',
        [...at, 'column'],
        `column ${column} of ${columns} (columns count from 0)`,
      );
    return { encoder, output, column };
  }
}

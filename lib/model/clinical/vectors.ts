/** The clinical values of many images, as numbers: what a batch of them is scored with. */

import type { NativeGivenValues } from '../../native/images.js';
import type { TensorInfo } from '../model.js';
import type { ClinicalFeature } from '../spec.js';
import { clinicalWidth, countedAsMissing, featureVector } from './feature-vector.js';
import { Groups } from './groups.js';
import { requireHeld } from './held-values.js';
import type { ClinicalRow } from './row-text.js';

interface Part extends NativeGivenValues {
  readonly features: readonly number[];
  readonly tensor: TensorInfo | undefined;
}

/** Inputs of graphs, one after the other in one vector for each image. */
export class ClinicalVectors {
  readonly #parts: Part[] = [];
  #width = 0;

  constructor(private readonly features: readonly ClinicalFeature[]) {}

  /** Numbers of each image. */
  get width(): number {
    return this.#width;
  }

  /** Columns of the metadata that the numbers are made of, those that make groups included. */
  get columns(): readonly string[] {
    const read = this.#parts.flatMap(({ features }) =>
      features.map((index) => this.features[index] as ClinicalFeature),
    );
    const groups = read.flatMap(({ within }) => (within === null ? [] : [within.column]));
    return [...new Set([...read.map(({ column }) => column), ...groups])];
  }

  /** The next input of a graph. */
  place(features: readonly number[], tensor: TensorInfo | undefined): NativeGivenValues {
    const part = { features, tensor, first: this.#width, count: clinicalWidth(this.features, features) };
    this.#width += part.count;
    this.#parts.push(part);
    return { first: part.first, count: part.count };
  }

  /** To be told of every row of the table, before the first vector is made. */
  groups(): Groups {
    return new Groups(this.features);
  }

  /** What is said of an image: a line for each feature whose value was there and counts as none. */
  notesOf(row: ClinicalRow | null): readonly string[] {
    const read = [...new Set(this.#parts.flatMap(({ features }) => features))];
    return countedAsMissing(this.features, read, row).map((name) => `value of "${name}" taken as missing`);
  }

  /** Of one image. Throws CLINICAL_MISSING, CLINICAL_INVALID, CLINICAL_UNKNOWN. */
  vectorOf(row: ClinicalRow | null, groups: Groups): Float64Array {
    const all = new Float64Array(this.#width);
    for (const { features, tensor, first } of this.#parts) {
      const values = featureVector(this.features, features, row, groups);
      if (tensor !== undefined) requireHeld(values, this.features, features, tensor, row);
      all.set(values, first);
    }
    return all;
  }
}

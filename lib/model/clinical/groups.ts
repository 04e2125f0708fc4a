/**
 * Where a row of a table stands among those that share a value with it, such as a lesion among the lesions of its patient. Such
 * values of a model are made of a whole table, not of one row.
 */

import { MicrotomeError } from '../../core/errors.js';
import type { ClinicalFeature } from '../spec.js';
import { findText, numberOf, rowText } from './row-text.js';
import type { ClinicalRow } from './row-text.js';

/** Of the numbers of one column in one group. */
interface Figures {
  count: number;
  /** Sum of squared distances from the mean so far (Welford, 1962): sums of squares would lose the digits of large numbers. */
  squares: number;
  mean: number;
}

/** Values closer to each other than this count as alike. */
const kAlike = 1e-9;

function add(figures: Figures, value: number): void {
  figures.count += 1;
  const from = value - figures.mean;
  figures.mean += from / figures.count;
  figures.squares += from * (value - figures.mean);
}

/** Takes every row of a table, then says of each where it stands. */
export class Groups {
  /** By column that makes groups; by its value: how many rows there are. */
  readonly #sizes = new Map<string, Map<string, number>>();
  /** By feature; by the value that makes the group. */
  readonly #figures = new Map<ClinicalFeature, Map<string, Figures>>();
  readonly #features: readonly ClinicalFeature[];

  constructor(features: readonly ClinicalFeature[]) {
    this.#features = features.filter(({ within }) => within !== null);
    for (const feature of this.#features) {
      this.#sizes.set(feature.within?.column ?? '', new Map());
      if (feature.within?.as === 'standardScore') this.#figures.set(feature, new Map());
    }
  }

  add(row: ClinicalRow | null): void {
    for (const [column, sizes] of this.#sizes) {
      const group = findText(row, column) ?? '';
      if (group !== '') sizes.set(group, (sizes.get(group) ?? 0) + 1);
    }
    for (const [feature, groups] of this.#figures) {
      const group = findText(row, feature.within?.column ?? '') ?? '';
      const value = numberOf(findText(row, feature.column) ?? '');
      if (group === '' || value === null) continue;
      const figures = groups.get(group) ?? { count: 0, squares: 0, mean: 0 };
      add(figures, value);
      groups.set(group, figures);
    }
  }

  /**
   * `count`: rows of the group. `standardScore`: how many standard deviations of the group `value` is above its mean; 0 where
   * the group has one number, or only numbers that are alike. Throws CLINICAL_MISSING for a row without a group.
   */
  valueOf(feature: ClinicalFeature, row: ClinicalRow | null, value: number): number {
    const { column, as } = feature.within as NonNullable<ClinicalFeature['within']>;
    const group = rowText(row, column);
    if (group === '')
      throw new MicrotomeError(
        'CLINICAL_MISSING',
        'options',
        `The column ${JSON.stringify(column)} has no value, and the feature "${feature.name}" of the model compares the rows that share one`,
      );
    if (as === 'count') return this.#sizes.get(column)?.get(group) ?? 1;
    const figures = this.#figures.get(feature)?.get(group);
    if (figures === undefined || figures.count < 2) return 0;
    const deviation = Math.sqrt(figures.squares / figures.count);
    return deviation > kAlike ? (value - figures.mean) / deviation : 0;
  }
}

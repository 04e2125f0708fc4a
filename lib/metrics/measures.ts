/** The figures of an evaluation, of all rows or of a sample of them in which a row may be several times. */
import { addTo, calibrationErrorOf, emptySums, type CalibrationSums } from './calibration.js';
import { rowLoss } from './log-loss.js';
import { count, emptyCounts, type RankedCounts, type Ranking } from './ranking.js';
import { areaOf, partialAreaOf } from './roc.js';
import type { TopHits } from './top-sensitivity.js';

/** Rows of which both classes occur. */
export interface Rows {
  readonly positive: readonly boolean[];
  /** Probabilities. */
  readonly values: readonly number[];
  readonly ranking: Ranking;
  /** The rows of each patient, and what was found among the highest of them; null where nobody said whose they are. */
  readonly patients: readonly { readonly rows: readonly number[]; readonly top: TopHits }[] | null;
  readonly minTruePositiveRate: number;
}

/** The figures of an evaluation that have intervals. */
export type MeasureName = 'logLoss' | 'auc' | 'partialAuc' | 'topSensitivity' | 'brierScore' | 'calibrationError';

export const measureNames: readonly MeasureName[] = [
  'logLoss',
  'auc',
  'partialAuc',
  'topSensitivity',
  'brierScore',
  'calibrationError',
];

/** NaN for what a sample does not have: a curve without both classes, a sensitivity without patients or positive rows. */
export type Measures = Readonly<Record<MeasureName, number>>;

/** Adds rows up. */
export class Sample {
  #counts: RankedCounts;
  #calibration: CalibrationSums = emptySums();
  #rows = 0;
  #loss = 0;
  #squares = 0;
  #top = { positives: 0, hits: 0 };

  constructor(private readonly of: Rows) {
    this.#counts = emptyCounts(of.ranking.scores.length);
  }

  add(row: number): void {
    const { positive, values, ranking } = this.of;
    const isPositive = positive[row] === true;
    const value = values[row] ?? Number.NaN;
    count(this.#counts, ranking.groupOf[row] ?? 0, isPositive);
    addTo(this.#calibration, value, isPositive);
    this.#rows += 1;
    this.#loss += rowLoss(isPositive, value);
    this.#squares += (value - Number(isPositive)) ** 2;
  }

  /** What belongs to a patient as a whole; its rows are added one by one. */
  addPatient({ positives, hits }: TopHits): void {
    this.#top = { positives: this.#top.positives + positives, hits: this.#top.hits + hits };
  }

  get calibration(): CalibrationSums {
    return this.#calibration;
  }

  measures(): Measures {
    return {
      logLoss: this.#loss / this.#rows,
      auc: areaOf(this.#counts),
      partialAuc: partialAreaOf(this.#counts, this.of.minTruePositiveRate),
      topSensitivity: this.#top.hits / this.#top.positives,
      brierScore: this.#squares / this.#rows,
      calibrationError: calibrationErrorOf(this.#calibration),
    };
  }
}

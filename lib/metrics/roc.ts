/**
 * The ROC curve and its areas. A vertex of the curve is a threshold between two scores that differ; rows of one score are
 * one step, so that ties cost what they cost on average over their orders.
 */
import { MicrotomeError } from '../core/errors.js';
import { requireRankable } from './classes.js';
import { rank, type RankedCounts } from './ranking.js';

/** A vertex of a ROC curve. */
export interface RocPoint {
  /** Share of the rows labelled 0 whose score is at least the threshold. */
  readonly falsePositiveRate: number;
  /** Share of the rows labelled 1 whose score is at least the threshold. */
  readonly truePositiveRate: number;
  /** Lowest score that counts as positive; null at the curve's start, where none does. */
  readonly threshold: number | null;
}

/** Of the true-positive rate, as in ISIC 2024. */
export const defaultMinTruePositiveRate = 0.8;

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

/** NaN where only one class occurs. */
export function areaOf({ positives, negatives }: RankedCounts): number {
  // Pairs of a positive and a negative row that are in the right order, counted twice: whole numbers, so without rounding.
  let twice = 0;
  let above = 0;
  for (const [group, negative] of negatives.entries()) {
    const positive = positives[group] ?? 0;
    twice += negative * (2 * above + positive);
    above += positive;
  }
  return twice / 2 / (above * sum(negatives));
}

/** NaN where only one class occurs. */
export function partialAreaOf({ positives, negatives }: RankedCounts, minTruePositiveRate: number): number {
  const [allPositives, allNegatives] = [sum(positives), sum(negatives)];
  if (allPositives === 0 || allNegatives === 0) return Number.NaN;
  let area = 0;
  let [hits, alarms] = [0, 0];
  for (const [group, negative] of negatives.entries()) {
    const positive = positives[group] ?? 0;
    const [fromRate, toRate] = [hits / allPositives, (hits + positive) / allPositives];
    const [fromAlarms, toAlarms] = [alarms / allNegatives, (alarms + negative) / allNegatives];
    [hits, alarms] = [hits + positive, alarms + negative];
    if (toRate <= minTruePositiveRate || positive === 0) continue;
    // The part of this step that lies above the line, and what is left of the curve at its two ends.
    const low = Math.max(fromRate, minTruePositiveRate);
    const alarmsAtLow = fromAlarms + ((toAlarms - fromAlarms) * (low - fromRate)) / (toRate - fromRate);
    area += (toRate - low) * (1 - (alarmsAtLow + toAlarms) / 2);
  }
  return area;
}

/** All vertices, from (0, 0) to (1, 1). */
export function curveOf({ positives, negatives }: RankedCounts, scores: Float64Array): readonly RocPoint[] {
  const [allPositives, allNegatives] = [sum(positives), sum(negatives)];
  let [hits, alarms] = [0, 0];
  const points: RocPoint[] = [{ falsePositiveRate: 0, truePositiveRate: 0, threshold: null }];
  for (const [group, threshold] of scores.entries()) {
    hits += positives[group] ?? 0;
    alarms += negatives[group] ?? 0;
    points.push({ falsePositiveRate: alarms / allNegatives, truePositiveRate: hits / allPositives, threshold });
  }
  return points;
}

/** Steps of a picture's side: nobody sees a vertex that is nearer to the one before. */
const kPictureSteps = 512;

/** Of the vertices those that a picture needs, the first and the last among them. */
export function drawnPoints(curve: readonly RocPoint[]): readonly RocPoint[] {
  const kept: RocPoint[] = [];
  for (const [i, point] of curve.entries()) {
    const before = kept.at(-1);
    const isFar =
      before === undefined ||
      Math.abs(point.falsePositiveRate - before.falsePositiveRate) +
        Math.abs(point.truePositiveRate - before.truePositiveRate) >=
        1 / kPictureSteps;
    if (isFar || i === curve.length - 1) kept.push(point);
  }
  return kept;
}

/**
 * The area under the ROC curve: how probable it is that a row labelled true has a higher score than one labelled false,
 * where an equal score counts half. From 0 to 1; 0.5 says nothing. As scikit-learn's `roc_auc_score`.
 *
 * @param labels - of each row
 * @param scores - of each row, in any unit: only their order counts
 * @throws {@link MicrotomeError} INVALID_OPTION where only one class occurs, the lengths differ or a score is not finite
 */
export function rocAuc(labels: readonly boolean[], scores: readonly number[]): number {
  requireRankable(labels, scores);
  return areaOf(rank(labels, scores).counts);
}

/**
 * The part of the area under the ROC curve that lies above a true-positive rate: the integral of 1 - FPR over the
 * true-positive rates from `minTruePositiveRate` to 1, along the straight lines between vertices. It is not normalised: from
 * 0 to 1 - `minTruePositiveRate`. This is the primary metric of ISIC 2024, where the rate is 0.8.
 *
 * @param labels - of each row
 * @param scores - of each row, in any unit: only their order counts
 * @param minTruePositiveRate - at least 0 and less than 1
 * @throws {@link MicrotomeError} INVALID_OPTION where only one class occurs, the lengths differ, a score is not finite, or the
 * rate is out of range
 */
export function partialAuc(
  labels: readonly boolean[],
  scores: readonly number[],
  minTruePositiveRate: number = defaultMinTruePositiveRate,
): number {
  requireRankable(labels, scores);
  if (!(minTruePositiveRate >= 0 && minTruePositiveRate < 1))
    throw new MicrotomeError(
      'INVALID_OPTION',
      'options',
      `the true-positive rate is ${minTruePositiveRate}, expected at least 0 and less than 1`,
    );
  return partialAreaOf(rank(labels, scores).counts, minTruePositiveRate);
}

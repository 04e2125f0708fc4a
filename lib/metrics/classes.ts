/** Labels of which both classes occur: without that there is no curve to draw. */
import { MicrotomeError } from '../core/errors.js';

/** What is wrong with labels of one class only, or null. */
export function missingClass(positive: readonly boolean[]): string | null {
  if (positive.length === 0) return 'there are no rows';
  const positives = positive.filter((is) => is).length;
  if (positives > 0 && positives < positive.length) return null;
  return `all ${positive.length} labels are ${positives > 0 ? 1 : 0}, and a ROC curve needs both`;
}

/** Throws INVALID_OPTION where only one class occurs, where the lengths differ, or a score is not finite. */
export function requireRankable(labels: readonly boolean[], scores: readonly number[]): void {
  const wrong = (found: string): MicrotomeError => new MicrotomeError('INVALID_OPTION', 'options', found);
  if (labels.length !== scores.length)
    throw wrong(`${labels.length} labels and ${scores.length} scores, expected as many of both`);
  const odd = scores.findIndex((score) => !Number.isFinite(score));
  if (odd >= 0) throw wrong(`the score of row ${odd + 1} is ${String(scores[odd])}, expected a finite number`);
  const missing = missingClass(labels);
  if (missing !== null) throw wrong(missing);
}

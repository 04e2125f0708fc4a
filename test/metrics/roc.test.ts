import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { partialAuc, rocAuc } from '../../lib/index.js';
import { logLoss } from '../../lib/metrics/log-loss.js';
import { rank } from '../../lib/metrics/ranking.js';
import { curveOf, drawnPoints } from '../../lib/metrics/roc.js';

interface Case {
  readonly name: string;
  readonly labels: readonly number[];
  readonly scores: readonly number[];
  readonly auc: number;
  readonly partialAuc: number;
  readonly partialAuc50: number;
  readonly logLoss: number;
}

/** Written by test/metrics/reference.py, with scikit-learn. */
const { cases } = JSON.parse(readFileSync(new URL('reference.json', import.meta.url), 'utf8')) as {
  cases: readonly Case[];
};
const booleans = (labels: readonly number[]): boolean[] => labels.map((label) => label === 1);

describe.each(cases)('$name', (one) => {
  const positive = booleans(one.labels);

  it('agrees with the reference to 1e-12', () => {
    expect(Math.abs(rocAuc(positive, one.scores) - one.auc)).toBeLessThan(1e-12);
    expect(Math.abs(partialAuc(positive, one.scores) - one.partialAuc)).toBeLessThan(1e-12);
    expect(Math.abs(partialAuc(positive, one.scores, 0.5) - one.partialAuc50)).toBeLessThan(1e-12);
    expect(Math.abs(logLoss(positive, one.scores) - one.logLoss)).toBeLessThan(1e-12);
  });

  it('does not depend on the order of the rows, nor on the unit of the scores', () => {
    const turned = [...positive.keys()].reverse();
    const [labels, scores] = [turned.map((i) => positive[i] === true), turned.map((i) => one.scores[i] ?? 0)];
    expect(rocAuc(labels, scores)).toBe(rocAuc(positive, one.scores));
    expect(partialAuc(labels, scores)).toBe(partialAuc(positive, one.scores));
    const logits = scores.map((score) => 8 * score - 400);
    expect(rocAuc(labels, logits)).toBe(rocAuc(positive, one.scores));
  });
});

describe('the partial area', () => {
  it('of the whole range is the area', () => {
    for (const { labels, scores } of cases)
      expect(partialAuc(booleans(labels), scores, 0)).toBeCloseTo(rocAuc(booleans(labels), scores), 12);
  });

  it('keeps scores apart that differ by less than 1e-16', () => {
    expect(rocAuc([true, false], [2e-20, 1e-20])).toBe(1);
    expect(partialAuc([true, false], [2e-20, 1e-20])).toBeCloseTo(0.2, 15);
  });

  it('of a rate that is no rate is refused', () => {
    for (const rate of [1, -0.1, Number.NaN]) expect(() => partialAuc([true, false], [1, 0], rate)).toThrow('rate is');
  });
});

describe('what has no curve', () => {
  it.each([
    [[true, true], [0.1, 0.2], 'all 2 labels are 1, and a ROC curve needs both'],
    [[false], [0.1], 'all 1 labels are 0'],
    [[], [], 'there are no rows'],
    [[true, false], [0.1], '2 labels and 1 scores'],
    [[true, false], [0.1, Number.NaN], 'the score of row 2 is NaN'],
    [[true, false], [Infinity, 0], 'the score of row 1 is Infinity'],
  ])('%j %j', (labels, scores, message) => {
    expect(() => rocAuc(labels, scores)).toThrow(message);
    expect(() => partialAuc(labels, scores)).toThrow(message);
  });
});

describe('the curve', () => {
  it('has a vertex for each score', () => {
    const { counts, scores } = rank([true, false, true, false], [0.9, 0.5, 0.5, 0.1]);
    expect(curveOf(counts, scores)).toEqual([
      { falsePositiveRate: 0, truePositiveRate: 0, threshold: null },
      { falsePositiveRate: 0, truePositiveRate: 0.5, threshold: 0.9 },
      { falsePositiveRate: 0.5, truePositiveRate: 1, threshold: 0.5 },
      { falsePositiveRate: 1, truePositiveRate: 1, threshold: 0.1 },
    ]);
  });

  it('is thinned for a picture: each vertex is near one that is kept, and the ends are kept', () => {
    const n = 20_000;
    const scores = Array.from({ length: n }, (_, i) => ((i * 7919) % n) / n);
    const { counts, scores: falling } = rank(
      scores.map((score, i) => score * 0.5 + ((i * 31) % 97) / 194 > 0.5),
      scores,
    );
    const curve = curveOf(counts, falling);
    const kept = drawnPoints(curve);
    expect(kept.length).toBeLessThan(1100);
    expect([kept[0], kept.at(-1)]).toEqual([curve[0], curve.at(-1)]);
    let at = 0;
    for (const point of curve) {
      if (kept[at + 1] === point) at += 1;
      const near = kept[at];
      const away =
        point.falsePositiveRate -
        (near?.falsePositiveRate ?? 9) +
        point.truePositiveRate -
        (near?.truePositiveRate ?? 9);
      expect(away).toBeLessThan(1 / 512 + 1e-12);
    }
  });
});

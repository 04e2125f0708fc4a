/** An evaluation as a picture: the ROC curve, and how well the values are calibrated. */
import type { Interval } from './bootstrap.js';
import type { Evaluation } from './evaluate.js';

/** Of a diagram, in units of the picture. */
const kSide = 300;
const kMargin = { left: 60, top: 56, between: 100, bottom: 64, right: 24 };
const kWidth = kMargin.left + kSide + kMargin.between + kSide + kMargin.right;
const kHeight = kMargin.top + kSide + kMargin.bottom;
const kRightX = kMargin.left + kSide + kMargin.between;
const kTicks = [0, 0.2, 0.4, 0.6, 0.8, 1];

interface Place {
  readonly x: number;
  readonly y: number;
}

const n = (value: number): string => value.toFixed(2).replace(/\.?0+$/, '');

/** Of shares from 0 to 1, in a diagram whose left side is at `left`. */
function place(left: number, x: number, y: number): Place {
  return { x: left + x * kSide, y: kMargin.top + (1 - y) * kSide };
}

function line(left: number, points: readonly (readonly [number, number])[], style: string): string {
  const places = points.map(([x, y]) => place(left, x, y)).map(({ x, y }) => `${n(x)},${n(y)}`);
  return `<polyline points="${places.join(' ')}" fill="none" ${style}/>`;
}

function words({ x, y }: Place, what: string, style = ''): string {
  return `<text x="${n(x)}" y="${n(y)}" ${style}>${what}</text>`;
}

function frame(left: number, title: string, across: string, up: string): readonly string[] {
  const { top } = kMargin;
  const parts = [
    `<rect x="${left}" y="${top}" width="${kSide}" height="${kSide}" fill="#fff" stroke="#555"/>`,
    words({ x: left, y: top - 20 }, title, 'font-size="15" font-weight="bold"'),
    words({ x: left + kSide / 2, y: top + kSide + 44 }, across, 'text-anchor="middle"'),
    `<text transform="translate(${left - 42} ${top + kSide / 2}) rotate(-90)" text-anchor="middle">${up}</text>`,
  ];
  for (const tick of kTicks) {
    const [below, beside] = [place(left, tick, 0), place(left, 0, tick)];
    parts.push(words({ x: below.x, y: below.y + 20 }, n(tick), 'text-anchor="middle"'));
    parts.push(words({ x: beside.x - 8, y: beside.y + 4 }, n(tick), 'text-anchor="end"'));
    if (tick === 0 || tick === 1) continue;
    for (const ends of [
      [[tick, 0] as const, [tick, 1] as const],
      [[0, tick] as const, [1, tick] as const],
    ])
      parts.push(line(left, ends, 'stroke="#e4e4e4"'));
  }
  return parts;
}

function withInterval(name: string, value: number, interval: Interval | undefined): string {
  const range = interval === undefined ? '' : ` (${interval.low.toFixed(3)} to ${interval.high.toFixed(3)})`;
  return `${name} ${value.toFixed(3)}${range}`;
}

function rocParts({ roc, auc, partialAuc, minTruePositiveRate, intervals }: Evaluation): readonly string[] {
  const left = kMargin.left;
  const curve = roc.map((point) => [point.falsePositiveRate, point.truePositiveRate] as const);
  const band = place(left, 0, 1);
  const height = (1 - minTruePositiveRate) * kSide;
  const figures = [
    withInterval('AUC', auc, intervals?.of.auc),
    withInterval(`above TPR ${n(minTruePositiveRate)}:`, partialAuc, intervals?.of.partialAuc),
  ];
  return [
    ...frame(left, 'ROC curve', 'false-positive rate', 'true-positive rate'),
    `<rect x="${n(band.x)}" y="${n(band.y)}" width="${kSide}" height="${n(height)}" fill="#2a6f97" fill-opacity="0.08"/>`,
    line(
      left,
      [
        [0, 0],
        [1, 1],
      ],
      'stroke="#999" stroke-dasharray="4 4"',
    ),
    line(left, curve, 'stroke="#2a6f97" stroke-width="2"'),
    ...figures.map((figure, i) =>
      words({ x: left + kSide - 10, y: kMargin.top + kSide - 30 + 18 * i }, figure, 'text-anchor="end"'),
    ),
  ];
}

function calibrationParts({ calibration, calibrationError, rows, intervals }: Evaluation): readonly string[] {
  const full = calibration.flatMap(({ meanValue, positiveShare, rows: count }) =>
    meanValue === null || positiveShare === null ? [] : [{ meanValue, positiveShare, count }],
  );
  const dots = full.map(({ meanValue, positiveShare, count }) => {
    const { x, y } = place(kRightX, meanValue, positiveShare);
    // The area of a dot grows with its rows; the smallest can still be seen.
    const radius = Math.max(2.5, 14 * Math.sqrt(count / rows));
    return `<circle cx="${n(x)}" cy="${n(y)}" r="${n(radius)}" fill="#c8553d" fill-opacity="0.55"><title>${count} rows</title></circle>`;
  });
  return [
    ...frame(kRightX, 'Calibration', 'mean value', 'share labelled 1'),
    line(
      kRightX,
      [
        [0, 0],
        [1, 1],
      ],
      'stroke="#999" stroke-dasharray="4 4"',
    ),
    line(
      kRightX,
      full.map(({ meanValue, positiveShare }) => [meanValue, positiveShare] as const),
      'stroke="#c8553d" stroke-width="2"',
    ),
    ...dots,
    words(
      { x: kRightX + kSide - 10, y: kMargin.top + kSide - 12 },
      withInterval('calibration error', calibrationError, intervals?.of.calibrationError),
      'text-anchor="end"',
    ),
  ];
}

/**
 * The ROC curve and the calibration of an evaluation as one picture, an SVG document of 808 by 420 units. The band marks the
 * true-positive rates that the partial area counts; a dot is as large as its interval has rows.
 *
 * @example
 * ```ts
 * await writeFile('evaluation.svg', evaluationPicture(await evaluateSubmission('submission.csv', { labels: 'labels.csv' })));
 * ```
 */
export function evaluationPicture(evaluation: Evaluation): string {
  const { rows, positives, patients } = evaluation;
  const of = `${rows} rows, ${positives} labelled 1${patients === null ? '' : `, ${patients} patients`}`;
  const parts = [
    `<rect width="${kWidth}" height="${kHeight}" fill="#fafafa"/>`,
    ...rocParts(evaluation),
    ...calibrationParts(evaluation),
    words({ x: kWidth - kMargin.right, y: 20 }, of, 'text-anchor="end" fill="#555"'),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${kWidth} ${kHeight}" width="${kWidth}" height="${kHeight}" font-family="sans-serif" font-size="12">`,
    '<title>ROC curve and calibration</title>',
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

/** Requests of one row each, joined into batches by the server, against the same server that runs each alone. */
import { writeFile } from 'node:fs/promises';
import { atLeast, measured, notRun } from '../harness/figure.js';
import { probe } from '../harness/probe.js';
import { median, pairedRatio } from '../harness/statistics.js';
import { perceptron } from '../models/perceptron.js';
import type { ServeReport } from '../probes/serve.js';
import { cached } from '../workloads/cache.js';
import { rowOf } from './row.js';

const claim = atLeast(
  'serve',
  'requests/s with batching across requests against without, perceptron of 25 M weights',
  2,
);

/** Raised when the perceptron changes. */
const WEIGHTS = 2;

/** Greatest difference of an answer, as a share of the largest. */
const TOLERANCE = 1e-4;

export const serve = rowOf([claim], async (bench) => {
  const model = await cached('model-perceptron', 'onnx', [WEIGHTS], (path) => writeFile(path, perceptron()));
  const args = [model, `${bench.rounds(5)}`, bench.quick ? '200' : '600'];
  const { joined, alone, apart } = await probe<ServeReport>('serve', args);
  if (!(apart <= TOLERANCE))
    return [notRun(claim, `other answers: they differ by ${apart.toPrecision(2)} of the largest`)];
  const note =
    `${median(joined).toFixed(0)} against ${median(alone).toFixed(0)} requests/s, 64 at a time from another process; ` +
    `answers differ by ${apart.toExponential(1)} of the largest at most`;
  return [measured(claim, pairedRatio(joined, alone), note, { joined, alone })];
});

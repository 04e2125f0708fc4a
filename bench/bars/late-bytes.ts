/** A source of bytes that is slow costs its own slide time, and no other slide. */
import { atLeast, measured } from '../harness/figure.js';
import { probe } from '../harness/probe.js';
import { median, pairedRatio } from '../harness/statistics.js';
import { modelFile } from '../models/files.js';
import type { LateBytesReport } from '../probes/late-bytes.js';
import { denseSlide } from '../workloads/slides.js';
import { rowOf, slideOf } from './row.js';

const what = 'speed that a slide keeps beside one whose bytes come 50 ms after each question';
const claim = atLeast('late-bytes', what, 0.9);

export const lateBytes = rowOf([claim], async (bench) => {
  const [slide, small] = [await slideOf(bench, 6), await denseSlide(1)];
  const args = [slide.path, small.path, await modelFile('cnn'), `${bench.rounds(15)}`];
  const { aloneMs, besideMs, tiles, reads } = await probe<LateBytesReport>('late-bytes', args);
  const note =
    `${median(aloneMs).toFixed(0)} against ${median(besideMs).toFixed(0)} ms for ${tiles[0]} tiles, CNN of 30 MMAC; ` +
    `the slide beside it has ${tiles[1]} tiles, which are scored in that time too, and ${reads.toFixed(0)} reads`;
  return [measured(claim, pairedRatio(aloneMs, besideMs), note, { aloneMs, besideMs })];
});

/** A source of bytes that is slow costs its own slide time, and no other slide. */
import { measured, type Claim } from '../harness/figure.js';
import { probe } from '../harness/probe.js';
import { estimate, median } from '../harness/statistics.js';
import { modelFile } from '../models/files.js';
import type { LateBytesReport } from '../probes/late-bytes.js';
import { denseSlide } from '../workloads/slides.js';
import type { Row } from './row.js';

const claim: Claim = {
  row: 'late-bytes',
  what: 'speed that a slide keeps beside one whose bytes come 50 ms after each question',
  unit: 'x',
  bar: { op: '>=', value: 0.9 },
};

export const lateBytes: Row = {
  id: claim.row,
  title: claim.what,
  claims: [claim],
  async run(bench) {
    const slide = (await denseSlide(bench.quick ? 2 : 6)).path;
    const small = (await denseSlide(1)).path;
    const rounds = bench.rounds(15);
    const { aloneMs, besideMs, tiles, reads } = await probe<LateBytesReport>('late-bytes', [
      slide,
      small,
      await modelFile('cnn'),
      String(rounds),
    ]);
    return [
      measured(
        claim,
        estimate(aloneMs.map((alone, i) => alone / (besideMs[i] as number))),
        `${median(aloneMs).toFixed(0)} against ${median(besideMs).toFixed(0)} ms for ${tiles[0]} tiles, CNN of 30 MMAC; ` +
          `the slide beside it has ${tiles[1]} tiles, which are scored in that time too, and ${reads.toFixed(0)} reads`,
        { aloneMs, besideMs },
      ),
    ];
  },
};

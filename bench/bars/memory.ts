/** Peak memory of scoring must not depend on the size of the slide. Each slide is scored in a process of its own. */
import { atMost, measured, type Claim, type Figure } from '../harness/figure.js';
import { probe } from '../harness/probe.js';
import { median, pairedRatio } from '../harness/statistics.js';
import { modelFile } from '../models/files.js';
import type { ScoreReport } from '../probes/score.js';
import { giantSlide } from '../workloads/giant-slides.js';
import { rowOf } from './row.js';

const title = 'peak memory, 72 gigapixels against 1';
const claimOf = (what: string): Claim => atMost('memory', `${title}, ${what}`, 1.1);

const sameTissue = claimOf('the same tissue');
/** Seventy times the tiles: what a tile leaves behind until the slide is done counts here. */
const sameShare = claimOf('the same share of tissue');

/** Side of the tissue, in tiles, where both slides have the same. */
const BLOCK_TILES = 48;

async function compare(claim: Claim, blockTiles: number | undefined, rounds: number): Promise<Figure> {
  const model = await modelFile('mean');
  const small = await giantSlide('one gigapixel', blockTiles);
  const large = await giantSlide('seventy-two gigapixels', blockTiles);
  const reports: { small: ScoreReport; large: ScoreReport }[] = [];
  for (let round = 0; round < rounds; round++) {
    const ofSmall = await probe<ScoreReport>('score', [small, model]);
    reports.push({ small: ofSmall, large: await probe<ScoreReport>('score', [large, model]) });
  }
  const peaks = (which: 'small' | 'large'): number[] => reports.map((report) => report[which].peakKib);
  const text = (which: 'small' | 'large'): string =>
    `${(median(peaks(which)) / 1024).toFixed(0)} MiB for ${reports[0]?.[which].tiles} tiles`;
  const note = `${text('large')} against ${text('small')}`;
  return measured(claim, pairedRatio(peaks('large'), peaks('small')), note, { reports });
}

export const memory = rowOf(
  [sameTissue, sameShare],
  async (bench) => {
    const rounds = bench.quick ? 1 : 3;
    return [await compare(sameTissue, BLOCK_TILES, rounds), await compare(sameShare, undefined, rounds)];
  },
  title,
);

/** Features in a file: embedSlide against slide2vec, with the same encoders on the same tiles. */
import { hold, type Outcome } from '../harness/contest.js';
import { atLeast, notRun, type Claim, type Figure } from '../harness/figure.js';
import { torchModelFile, type TorchModelName } from '../models/torch-files.js';
import { ratioFigure, speed, speedNote } from './compare.js';
import { type Bench, MODEL_TILE_PX, plainWorkload, rowOf, slideOf, WORKERS } from './row.js';

interface Case {
  readonly encoder: TorchModelName;
  readonly units: number;
  readonly claim: Claim;
}

const against = (what: string, least: number): Claim =>
  atLeast('embed', `embedSlide against slide2vec, ${what}`, least);

const cases = [
  { encoder: 'resnet', units: 2, claim: against('ResNet-18', 1.2) },
  { encoder: 'vit-s', units: 1, claim: against('ViT-S/16', 1.2) },
  { encoder: 'mobilenet', units: 3, claim: against('MobileNetV3-small', 2) },
] as const satisfies readonly Case[];

/** Greatest difference of two features, as a share of the largest one. Nothing is timed where they are farther apart. */
const TOLERANCE = 1e-3;

/** As a share of the largest feature; NaN where there is nothing to compare. */
function featuresApart({ verifications }: Outcome): number {
  const [ours, theirs] = ['ours-embed', 'slide2vec'].map((name) => verifications.get(name as 'slide2vec')?.features);
  if (ours === undefined || theirs === undefined || ours.length !== theirs.length) return Number.NaN;
  const largest = theirs.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return ours.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (theirs[i] as number))), 0) / largest;
}

async function runCase(bench: Bench, { encoder, units, claim }: Case): Promise<Figure> {
  const { path, streams, tilesOf } = await slideOf(bench, units);
  const across = tilesOf(MODEL_TILE_PX);
  const outcome = await hold({
    workload: {
      ...{ ...plainWorkload, slide: path, streams, threads: WORKERS, encoder, model: await torchModelFile(encoder) },
      ...{ size: MODEL_TILE_PX, stride: MODEL_TILE_PX, columns: across, rows: across },
    },
    entries: [
      { name: 'ours-embed', check: 'stated' },
      { name: 'slide2vec', check: 'stated' },
    ],
    rounds: bench.rounds(5),
  });
  const apart = featuresApart(outcome);
  if (outcome.standings.size === 2 && !(apart <= TOLERANCE))
    return notRun(claim, `other features: they differ by ${apart.toPrecision(2)} of the largest`);
  return ratioFigure(outcome, {
    ...{ claim, above: 'ours-embed', below: 'slide2vec', of: speed },
    note: (a, b) =>
      `${speedNote(a, b)}; features differ by ${apart.toExponential(1)} of the largest at most; ${b.version}`,
  });
}

export const embed = rowOf(
  [cases[0].claim, cases[1].claim, cases[2].claim],
  async (bench) => {
    const figures: Figure[] = [];
    for (const one of cases) figures.push(await runCase(bench, one));
    return figures;
  },
  'embedSlide against slide2vec, ResNet-18, ViT-S/16, MobileNetV3-small',
);

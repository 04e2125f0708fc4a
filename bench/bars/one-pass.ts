/**
 * Three encoders of tiles of one slide, two of which read one level: the time of their one pass against the sum of what each
 * encoder's inference takes alone, and of one decode of the stored tiles. Putting tiles together, reducing and normalising
 * them is in the pass and not in the sum.
 */
import { hold, type Entry, type Standing } from '../harness/contest.js';
import { atMost, measured, notRun, type Claim, type Figure } from '../harness/figure.js';
import { estimate, median } from '../harness/statistics.js';
import { modelFile, type ModelName } from '../models/files.js';
import { distinctStoredTiles, scales, tilesOnSide } from '../workloads/scales.js';
import { denseSlide, denseStreams } from '../workloads/slides.js';
import { standingOf, summary } from './compare.js';
import { type Bench, MODEL_TILE_PX, plainWorkload, rowOf, STORED_TILE_PX, WORKERS } from './row.js';

interface Case {
  readonly model: ModelName;
  /** Even, so that level 1 consists of whole stored tiles. */
  readonly units: number;
  readonly claim: Claim;
}

const against = (what: string): Claim =>
  atMost('one-pass', `time of three encoders in one pass against their inference alone + one decode, ${what}`, 1.05);

const resnet: Case = { model: 'resnet', units: 2, claim: against('ResNet-18') };
const mobilenet: Case = { model: 'mobilenet', units: 4, claim: against('MobileNetV3-small') };

/** What the pipeline hands to the runtime in one call. */
const INFERENCE_BATCH = 4;

const grid = (size: number, across: number) => ({ size, stride: size, columns: across, rows: across });

/** Inference of each encoder, and decoding of each level, alone. */
async function parts(units: number, side: number): Promise<readonly Entry[]> {
  const infer = scales.map((scale) => ({
    ...({ name: 'stage-infer', as: `inference, ${scale.name}`, check: 'none' } as const),
    workload: { ...grid(MODEL_TILE_PX, tilesOnSide(side, scale)), batch: INFERENCE_BATCH },
  }));
  const levels = [...new Set(scales.map(({ level }) => level))];
  const decode = levels.map(async (level) => ({
    ...({ name: 'stage-decode', as: `decode, level ${level}`, check: 'none' } as const),
    workload: { ...grid(STORED_TILE_PX, side / 2 ** level), streams: await denseStreams(units, level) },
  }));
  return [...infer, ...(await Promise.all(decode))];
}

const cpuMs = ({ timing }: Standing): number => median(timing.cpuMsPerTile) * timing.tiles;

function onePassFigure(claim: Claim, found: ReadonlyMap<string, Standing>, decodedTiles: number): Figure {
  const [whole, ...alone] = [...found.values()] as [Standing, ...Standing[]];
  const sums = whole.timing.wallMs.map((_, round) =>
    alone.reduce((sum, { timing }) => sum + (timing.wallMs[round] as number), 0),
  );
  const ratios = whole.timing.wallMs.map((ms, round) => ms / (sums[round] as number));
  const inCpuTime = cpuMs(whole) / alone.reduce((sum, part) => sum + cpuMs(part), 0);
  const note =
    `${median(whole.timing.wallMs).toFixed(0)} against ${median(sums).toFixed(0)} ms for ${whole.timing.tiles} tiles; ` +
    `${decodedTiles} stored tiles decoded, all of them distinct; ratio of CPU time ${inCpuTime.toFixed(3)}`;
  const detail = Object.fromEntries([...found].map(([key, standing]) => [key, summary(standing)]));
  return measured(claim, estimate(ratios), note, detail);
}

async function runCase(bench: Bench, { model, units, claim }: Case): Promise<Figure> {
  const used = bench.quick ? 2 : units;
  const { path, streams, side, tilesOf } = await denseSlide(used);
  const alone = await parts(used, side);
  const outcome = await hold({
    workload: {
      ...{ ...plainWorkload, slide: path, streams, ...grid(MODEL_TILE_PX, tilesOf(MODEL_TILE_PX)) },
      ...{ model: await modelFile(model), threads: WORKERS },
    },
    // Another implementation says what the right scores of the first encoder are.
    entries: [{ name: 'sharp-tuned', timed: false }, { name: 'ours-one-pass' }, ...alone],
    rounds: bench.rounds(9),
  });
  const keys = ['ours-one-pass', ...alone.map((entry) => entry.as ?? entry.name)];
  const found = keys.map((key) => [key, standingOf(outcome, key)] as const);
  const missing = found.map(([, standing]) => standing).find((standing) => typeof standing === 'string');
  if (typeof missing === 'string') return notRun(claim, missing);
  const decoded = outcome.verifications.get('ours-one-pass')?.decodedTiles ?? 0;
  const distinct = distinctStoredTiles(side);
  if (decoded !== distinct) return notRun(claim, `${decoded} stored tiles were decoded, ${distinct} are distinct`);
  return onePassFigure(claim, new Map(found as [string, Standing][]), decoded);
}

export const onePass = rowOf(
  [resnet.claim, mobilenet.claim],
  async (bench) => {
    const figures: Figure[] = [];
    for (const one of [resnet, mobilenet]) figures.push(await runCase(bench, one));
    return figures;
  },
  'three encoders of one slide in one pass against their inference alone + one decode, ResNet-18, MobileNetV3-small',
);

/**
 * Other ways to use the same two cores, against the one that the engine has: single-threaded workers that share one session
 * and take four tiles a run, normalisation by vector code before the runtime. No bars: they say why the engine is as it is.
 * Intra-op threads do not spin while they wait, as in the engine, whose decoders need the core.
 */
import { hold, type Entry } from '../harness/contest.js';
import type { Claim, Figure } from '../harness/figure.js';
import { modelFile, modelTitle, type ModelName } from '../models/files.js';
import { denseSlide, type DenseSlide } from '../workloads/slides.js';
import { ratioFigure, speed, speedNote } from './compare.js';
import { MODEL_TILE_PX, wholeSlide, WORKERS, type Row } from './row.js';

const RUN_TILES = 4;
const models: readonly ModelName[] = ['cnn', 'mobilenet'];

interface Layout {
  readonly as: string;
  readonly workload: { readonly threads: number; readonly intra: number; readonly batch: number };
}

const engine: Layout = { as: 'shared session', workload: { threads: WORKERS, intra: 1, batch: RUN_TILES } };
const others: readonly Layout[] = [
  { as: 'one worker, two intra-op threads, 4 tiles a run', workload: { threads: 1, intra: WORKERS, batch: RUN_TILES } },
  { as: 'one worker, two intra-op threads, 16 tiles a run', workload: { threads: 1, intra: WORKERS, batch: 16 } },
  { as: 'two workers, one tile a run', workload: { threads: WORKERS, intra: 1, batch: 1 } },
  { as: 'two workers, 16 tiles a run', workload: { threads: WORKERS, intra: 1, batch: 16 } },
];

const claimOf = (what: string): Claim => ({ row: 'layouts', what, unit: 'x', bar: null });
const alone = (layout: Layout, model: ModelName): Claim =>
  claimOf(`inference alone, ${modelTitle(model)}: ${layout.as}, against two workers, 4 tiles a run`);
const inside = claimOf(`whole loop, ${modelTitle('cnn')}: normalisation inside the graph against before it`);

async function inferenceAlone(slide: DenseSlide, model: ModelName, rounds: number): Promise<Figure[]> {
  const entries = [engine, ...others].map(
    (layout): Entry => ({ name: 'stage-infer', as: layout.as, workload: layout.workload, check: 'none' }),
  );
  const workload = wholeSlide(slide, MODEL_TILE_PX, { model: await modelFile(model) });
  const outcome = await hold({ workload, entries, rounds });
  return others.map((layout) =>
    ratioFigure(outcome, {
      claim: alone(layout, model),
      above: layout.as,
      below: engine.as,
      of: speed,
      note: speedNote,
    }),
  );
}

async function normalisationInside(slide: DenseSlide, rounds: number): Promise<Figure> {
  const [before, within] = [await modelFile('cnn'), await modelFile('cnn-bytes')];
  const outcome = await hold({
    workload: wholeSlide(slide, MODEL_TILE_PX, { model: before, threads: WORKERS }),
    entries: [
      { name: 'ours-scores', as: 'before' },
      { name: 'ours-scores', as: 'inside', workload: { model: within } },
    ],
    rounds,
  });
  return ratioFigure(outcome, { claim: inside, above: 'inside', below: 'before', of: speed, note: speedNote });
}

export const layouts: Row = {
  id: 'layouts',
  title: 'other layouts of threads, runs and normalisation',
  claims: [...models.flatMap((model) => others.map((layout) => alone(layout, model))), inside],
  async run(bench) {
    const slide = await denseSlide(bench.quick ? 2 : 4);
    const figures: Figure[] = [];
    for (const model of models) figures.push(...(await inferenceAlone(slide, model, bench.rounds(7))));
    figures.push(await normalisationInside(slide, bench.rounds(7)));
    return figures;
  },
};

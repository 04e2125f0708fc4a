/** Slides per hour on slides of the published sizes, through the command that users have for it: `microtome bench`. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { measured, type Claim, type Figure } from '../harness/figure.js';
import { modelFile, modelTitle, type ModelName } from '../models/files.js';
import { root } from '../paths.js';
import { WORKERS, type Row } from './row.js';

interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

/** What `microtome bench --json` prints, as far as it is used. */
interface Report {
  readonly slides: number;
  readonly tiles: number;
  readonly slideSource: string;
  readonly slidesPerHour: Spread;
  readonly tilesPerSecond: Spread;
  readonly stageShares: Readonly<Record<string, number>>;
}

const models: readonly ModelName[] = ['mobilenet', 'cnn'];

const claimOf = (model: ModelName, what: string): Claim => ({
  row: 'visiomel',
  what: `VisioMel-shaped slides, level 0, ${modelTitle(model)}, ${what}`,
  unit: '',
  bar: null,
});

async function run(model: ModelName, quick: boolean): Promise<Report> {
  const size = quick ? ['--slides', '2', '--shrink', '20', '--repetitions', '1'] : ['--repetitions', '5'];
  const args = [
    'bench',
    '--json',
    '--threads',
    String(WORKERS),
    '--level',
    '0',
    '--model',
    await modelFile(model),
    ...size,
  ];
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'dist/cli/main.js'), ...args]);
  return JSON.parse(stdout) as Report;
}

function figuresOf(model: ModelName, report: Report): readonly Figure[] {
  const shares = Object.entries(report.stageShares).map(([stage, share]) => `${stage} ${(100 * share).toFixed(0)} %`);
  const note = `${report.slides} ${report.slideSource}; ${report.tiles} tiles; ${shares.join(', ')}`;
  const figure = (what: string, { median, lowest, highest }: Spread): Figure =>
    measured(claimOf(model, what), { median, low: lowest, high: highest, count: 1 }, note, { report });
  return [figure('slides per hour', report.slidesPerHour), figure('tiles per second', report.tilesPerSecond)];
}

export const visiomel: Row = {
  id: 'visiomel',
  title: 'slides per hour on VisioMel-shaped slides (no bar)',
  claims: models.flatMap((model) => [claimOf(model, 'slides per hour'), claimOf(model, 'tiles per second')]),
  async run(bench) {
    const figures: Figure[] = [];
    for (const model of models) figures.push(...figuresOf(model, await run(model, bench.quick)));
    return figures;
  },
};

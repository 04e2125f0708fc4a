// On a machine with a GPU: builds, checks that scores agree with the CPU's, measures, prints tables. Without a GPU it does what the CPU
// can, and says what is left. Downloads nothing by itself where everything is there.
//   npm run gpu:check -- [--slides FOLDER] [--model BUNDLE] [--device cuda] [--libraries DIR:DIR] [--repetitions 3] [--most-threads 16]
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { agreement, efficiency, markdownTable, threadCounts } from './steps/gpu-figures.mjs';
import { inRoot } from './steps/paths.mjs';
import { HelpPage, main, outputOf, run, step } from './steps/run.mjs';

/** What scores of a GPU may differ from the CPU's. */
const tolerances = { float32: 1e-4, half: 2e-3 };

/** What must have been brought to a machine without a network. */
const brought = [
  ['node_modules', 'the packages: npm ci on another machine of the same kind, then copy the folder'],
  ['train/reference', 'the whole checkout'],
];

function options() {
  const { values } = parseArgs({
    options: {
      slides: { type: 'string' },
      model: { type: 'string', default: 'demo' },
      device: { type: 'string', default: 'cuda' },
      libraries: { type: 'string' },
      repetitions: { type: 'string', default: '3' },
      'most-threads': { type: 'string', default: '16' },
    },
  });
  return values;
}

function requireBrought() {
  const missing = brought.filter(([name]) => !existsSync(inRoot(name)));
  if (missing.length === 0) return;
  throw new HelpPage(`not here, and to be brought:\n${missing.map(([name, how]) => `  ${name}: ${how}`).join('\n')}`);
}

/** Where no slides were given, those of the demonstration, which draws them. */
async function slidesIn(given) {
  if (given !== undefined) return given;
  await run(process.execPath, [inRoot('scripts/demo.mjs')], { quiet: true });
  return inRoot('demo-output/slides');
}

async function scoresOn(library, slides, options) {
  const scores = new Map();
  const run = library.scoreDirectory(slides, options);
  for await (const outcome of run) {
    if (!outcome.ok) throw outcome.error;
    scores.set(outcome.result.path, outcome.result.score);
  }
  return scores;
}

/** Side of the stored tiles, in pixels: Aperio's, the usual, and what newer scanners write. */
const tileSidesPx = [240, 256, 512];

/** Slides of tissue alone, one for each size of stored tiles; their tiles have 16,384² pixels in all. */
async function slidesByTileSide() {
  await run(process.execPath, [inRoot('node_modules/typescript/bin/tsc'), '-p', inRoot('demo/tsconfig.json')], {
    quiet: true,
  });
  const { makeSharedTileSlide } = await import('../build/demo/demo/slide/index.js');
  await mkdir(inRoot('demo-output'), { recursive: true });
  const found = [];
  for (const tileSize of tileSidesPx) {
    const path = inRoot(`demo-output/tiles-of-${tileSize}.tif`);
    const side = Math.floor(16_384 / tileSize) * tileSize;
    await makeSharedTileSlide(path, { width: side, height: side, seed: 5, tissueShare: 1, tileSize });
    found.push({ tileSize, path });
  }
  return found;
}

/** Each size of stored tiles, decoded by the CPU and by nvJPEG; the rate is that of the whole way to the scores. */
async function decodeTable({ model, device, libraries, repetitions }) {
  const rows = [];
  for (const { tileSize, path } of await slidesByTileSide()) {
    const row = { 'stored tiles': `${tileSize} px` };
    for (const decode of ['cpu', 'nvjpeg']) {
      const flags = ['--model', model, '--device', device, '--repetitions', repetitions, '--slide-mpp', '0.5'];
      if (libraries !== undefined) flags.push('--gpu-libraries', libraries);
      const { tilesPerSecond } = await measured(path, [...flags, '--no-reproducible', '--gpu-decode', decode]);
      row[decode] = Math.round(tilesPerSecond.median);
    }
    rows.push({ ...row, 'nvJPEG to CPU': (row.nvjpeg / row.cpu).toFixed(2) });
  }
  return rows;
}

/** One line of JSON of `microtome bench`. */
async function measured(slides, flags) {
  const args = [inRoot('dist/cli/main.js'), 'bench', slides, '--json', ...flags];
  const { output } = await run(process.execPath, args, { quiet: true });
  return JSON.parse(output.trim().split('\n').at(-1));
}

async function scaling(slides, { model, repetitions, 'most-threads': most }) {
  const rows = [];
  for (const threads of threadCounts(Math.min(Number(most), availableParallelism()))) {
    const figures = await measured(slides, [
      '--model',
      model,
      '--device',
      'cpu',
      '--threads',
      `${threads}`,
      '--repetitions',
      repetitions,
    ]);
    rows.push({ threads, tilesPerSecond: figures.tilesPerSecond.median, shares: figures.stageShares });
  }
  return efficiency(rows);
}

async function agreementTable(library, slides, { model, device, libraries }) {
  const gpu = libraries === undefined ? {} : { gpu: { libraries } };
  const cpu = await scoresOn(library, slides, { model, device: 'cpu' });
  const rows = [];
  for (const kind of device === 'tensorrt' ? ['float32', 'half'] : ['float32']) {
    const fp16 = kind === 'half' ? { gpu: { ...gpu.gpu, fp16: true } } : gpu;
    const found = await scoresOn(library, slides, { model, device, ...fp16 });
    const again = await scoresOn(library, slides, { model, device, ...fp16 });
    rows.push({ kind, ...agreement(cpu, found, tolerances[kind]), repeats: agreement(found, again, 0).largest === 0 });
  }
  return rows;
}

main(async () => {
  const given = options();
  requireBrought();
  await step('build', () => run(process.execPath, [inRoot('scripts/build.mjs')], { quiet: true }));
  const library = await import('../dist/index.js');
  const gpu = given.libraries === undefined ? {} : { gpu: { libraries: given.libraries } };
  const report = await library.doctor(gpu);
  const devices = await library.devices(gpu);
  const isThere = devices.some(({ kind }) => kind !== 'cpu');
  let failed = false;
  const slides = await step('slides', () => slidesIn(given.slides));
  console.log(
    `\n${new Date().toISOString().slice(0, 10)}, commit ${(await outputOf('git', ['rev-parse', '--short', 'HEAD'])) ?? 'unknown'}`,
  );
  console.log(`processor: ${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`);
  for (const { ordinal, name, computeCapability } of report.gpu?.driver.gpus ?? [])
    console.log(`GPU ${ordinal}: ${name}, compute capability ${computeCapability.join('.')}`);
  console.log(
    isThere
      ? `driver of CUDA ${report.gpu?.driverCuda}`
      : `no GPU can be used: ${report.gpu?.reason ?? 'the addon does not load'}`,
  );
  if (isThere) {
    const rows = await step('scores of the GPU and of the CPU', () => agreementTable(library, slides, given));
    console.log(
      `\n${markdownTable(rows.map(({ kind, largest, tolerance, isWithin, repeats }) => ({ precision: kind, 'largest difference': largest.toExponential(1), allowed: tolerance, agrees: isWithin ? 'yes' : 'NO', 'same bits again': repeats ? 'yes' : 'NO' })))}\n`,
    );
    failed = rows.some(({ isWithin, repeats }) => !isWithin || !repeats);
    const flags = ['--model', given.model, '--device', given.device, '--repetitions', given.repetitions];
    if (given.libraries !== undefined) flags.push('--gpu-libraries', given.libraries);
    const figures = await step('speed of the GPU', () => measured(slides, flags));
    console.log(`\n${figures.device.identity}\n`);
    console.log(
      `${markdownTable(figures.projected.map(({ tiles, slidesPerHour }) => ({ 'tiles of a slide': tiles, 'slides an hour': Math.round(slidesPerHour) })))}\n`,
    );
    console.log(
      `tiles per second: ${figures.tilesPerSecond.median.toFixed(0)} (${figures.tilesPerSecond.lowest.toFixed(0)} to ${figures.tilesPerSecond.highest.toFixed(0)})`,
    );
    const busy = figures.gpuBusyShare;
    console.log(
      `the GPU was in use ${(100 * busy.median).toFixed(1)} % of the time (${(100 * busy.lowest).toFixed(1)} to ${(100 * busy.highest).toFixed(1)}), by its own clock: ` +
        'that share of what inference alone would do. 95 % is the goal, 90 % for a ResNet-50 in half precision',
    );
    const decodes = await step('nvJPEG by the size of the stored tiles', () => decodeTable(given));
    console.log(`\ntiles per second with JPEG tiles decoded by\n${markdownTable(decodes)}\n`);
  } else console.log('left for a machine with a GPU: scores against the CPU, speed, nvJPEG');
  const rows = await step('workers, without the GPU', () => scaling(slides, given));
  console.log(
    `\n${markdownTable(rows.map(({ threads, tilesPerSecond, perCore, most }) => ({ workers: threads, 'tiles per second': Math.round(tilesPerSecond), 'of the speed of one, by worker': perCore.toFixed(2), 'most time in': most })))}`,
  );
  console.log('a worker is a thread: 0.85 by worker is the goal where each has a core of its own');
  console.log(failed ? 'FAILED: scores do not agree' : isThere ? 'passed' : 'nothing of a GPU was checked');
  process.exitCode = failed ? 1 : 0;
});

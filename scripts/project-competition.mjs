// npm run competition:project: how many hours the bundles in the topology of the winners take for the 541 slides of the challenge,
// on its machine: six vCPUs and a Tesla K80. Draws slides of the published sizes as files without pixels, plans each with
// planSlide, and puts the plans into the model of docs/k80.md. Nothing is measured here.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundles } from '../bench/k80/bundles.mjs';
import { levelsOf, writeHeaderOnly } from '../bench/k80/header-only.mjs';
import { hours, limitHours, mostTiles } from '../bench/k80/project.mjs';
import { published, slideCount, testSet, tissueOf } from '../bench/k80/test-set.mjs';
import { build } from './steps/build.mjs';
import { inRoot } from './steps/paths.mjs';
import { peersEnvironment, peersProgram } from './steps/peers.mjs';
import { main, run, step } from './steps/run.mjs';

/** Compressed bytes of a stored tile: two bits for each pixel. */
const tileBytes = (256 * 256 * 2) / 8;

/** Narrow bundles that read what the full ones read: the width of a network changes no plan. */
async function makeBundles(folder) {
  for (const [name, { read }] of Object.entries(bundles)) {
    const args = [inRoot('train/reference/build.py'), folder, '--only', name, ...read];
    await run(peersProgram, ['-B', ...args], { quiet: true });
  }
}

/** Tiles of each input. A plan counts those of all inputs together; each has the more of them the less area a tile of it covers. */
function countsOf({ tiles, reads }, { inputs }) {
  const parts = Object.entries(reads).map(([name, { mpp }]) => [name, 1 / (inputs[name].sidePx * mpp) ** 2]);
  const all = parts.reduce((total, [, part]) => total + part, 0);
  return Object.fromEntries(parts.map(([name, part]) => [name, (tiles * part) / all]));
}

/** A plan does not depend on them, but a bundle that reads them wants to be told. */
const patient = { age: '[62:64[', sex: '1', body_site: 'trunk', melanoma_history: null };

async function planOf(path, slide, model, bundle, planSlide) {
  const hasTiles = Object.keys(bundle.inputs).length > 0;
  const clinical = { ...patient, resolution: String(slide.mpp) };
  const options = { model, clinical, slideMpp: slide.mpp, ...(hasTiles ? { mask: tissueOf(slide) } : {}) };
  const picturePx = bundle.picturePx(slide.width, slide.height);
  try {
    const plan = await planSlide(path, options);
    const decodedPx = plan.storedTiles * 256 ** 2 + picturePx;
    return { counts: countsOf(plan, bundle), decodedPx, picturePx, bytes: plan.bytesToRead + (picturePx * 2) / 8 };
  } catch (error) {
    // A slide with so little tissue that no tile is kept: its row gets the fallback value.
    if (error.code !== 'NO_TISSUE') throw error;
    return { counts: {}, decodedPx: picturePx, picturePx, bytes: 0 };
  }
}

async function plansOf(slides, folder) {
  const { loadModel, planSlide } = await import('../dist/index.js');
  const names = Object.keys(bundles);
  const models = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await loadModel(join(folder, name))])),
  );
  const plans = Object.fromEntries(names.map((name) => [name, []]));
  const path = join(folder, 'slide.tif');
  for (const slide of slides) {
    await writeHeaderOnly(path, { ...slide, tileBytes });
    for (const name of names) plans[name].push(await planOf(path, slide, models[name], bundles[name], planSlide));
  }
  return plans;
}

const say = (text) => process.stdout.write(`${text}\n`);
const range = (low, high) => `${low.toFixed(1)} to ${high.toFixed(1)}`;

function describe(slides) {
  const gigapixels = slides.map(({ width, height }) => (width * height) / 1e9).sort((a, b) => a - b);
  const mean = gigapixels.reduce((total, each) => total + each, 0) / slides.length;
  const pages = Math.max(...slides.map(({ width, height }) => levelsOf(width, height).length));
  const { median: wantedMedian, mean: wantedMean } = published.gigapixels;
  say(
    `${slides.length} slides, ${gigapixels[slides.length >> 1].toFixed(1)} gigapixels in the median (published: ${wantedMedian}),`,
  );
  say(`${mean.toFixed(1)} in the mean (published: ${wantedMean}), at most ${pages} pages`);
}

/** Two lines for a device: the hours, and what a deadline does where they are too many. */
function project(bundle, plans, device) {
  const [fast, slow] = ['high', 'low'].map((end) => hours(bundle, plans, end, device));
  const most = mostTiles(bundle, plans, 'low', device);
  const verdict = slow <= limitHours ? `within ${limitHours}` : `over ${limitHours} at the slow end`;
  say(
    `  ${device === 'cpu' ? 'six vCPUs alone (what the engine does today)' : 'six vCPUs and one K80'}: ${range(fast, slow)} hours, ${verdict}`,
  );
  if (most === null) return;
  if (!bundle.deadline)
    say('    a deadline cannot take tiles from this bundle: slides at the end would get the fallback value');
  else
    say(
      `    with a deadline: ${hours(bundle, plans, 'low', device, most).toFixed(1)} hours, at most ${most} tiles of a slide`,
    );
}

main(async () => {
  const { values } = parseArgs({ options: { slides: { type: 'string', default: String(slideCount) } } });
  await build();
  await peersEnvironment();
  const slides = testSet(1, Number(values.slides));
  const folder = await mkdtemp(join(tmpdir(), 'microtome-project-'));
  try {
    await step('reference bundles', () => makeBundles(folder));
    const plans = await step(`plans of ${slides.length} slides for each bundle`, () => plansOf(slides, folder));
    describe(slides);
    for (const [name, bundle] of Object.entries(bundles)) {
      const tiles = plans[name].map(({ counts }) => Object.values(counts).reduce((total, each) => total + each, 0));
      const mean = tiles.reduce((total, each) => total + each, 0) / tiles.length;
      say(
        `the ${name} bundle: ${Math.round(mean)} tiles of a slide in the mean, ${Math.round(Math.max(...tiles))} at most`,
      );
      for (const device of ['gpu', 'cpu']) project(bundle, plans[name], device);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

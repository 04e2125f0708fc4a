// Do the sizes of stored tiles say where tissue is? Compares the bits per pixel of every stored tile with the engine's
// tissue mask and, on generated slides, with what was drawn. Prints Markdown and writes a plot.
//   node bench/prior/measure.mjs [--data FOLDER] [--json FILE] [--plot FILE.svg]
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openSlide } from '../../dist/index.js';
import { generator } from '../shared/generator.mjs';
import { table } from '../shared/markdown.mjs';
import { cpuMs, median } from '../shared/process-figures.mjs';
import { readByteCounts } from './byte-counts.mjs';
import { rocPlot } from './plot.mjs';
import { auc, bestThreshold, droppedBelow, rocPoints } from './roc.mjs';
import { addNoise, noises, paintScene, qualities, scenes, writePyramids } from './variants.mjs';

const { values: options } = parseArgs({
  options: { data: { type: 'string' }, json: { type: 'string' }, plot: { type: 'string' } },
});
const maxLost = 0.005;

/** Share of [x0, x1) x [y0, y1) of a grid of 0 and 1 whose cells are sx x sy. */
function shareOf(grid, x0, y0, x1, y1) {
  const [c0, r0] = [Math.floor(x0 / grid.sx), Math.floor(y0 / grid.sy)];
  const c1 = Math.min(grid.columns, Math.max(c0 + 1, Math.round(x1 / grid.sx)));
  const r1 = Math.min(grid.rows, Math.max(r0 + 1, Math.round(y1 / grid.sy)));
  let sum = 0;
  for (let row = r0; row < r1; row++)
    for (let column = c0; column < c1; column++) sum += grid.is(row * grid.columns + column);
  return sum / Math.max(1, (c1 - c0) * (r1 - r0));
}

function tilesOf(level, base, grid) {
  const scale = base.width / level.width;
  return level.counts.map((bytes, index) => {
    const [x, y] = [(index % level.columns) * level.tileWidth, Math.floor(index / level.columns) * level.tileHeight];
    const [right, bottom] = [Math.min(level.width, x + level.tileWidth), Math.min(level.height, y + level.tileHeight)];
    return {
      score: (8 * bytes) / (level.tileWidth * level.tileHeight),
      tissue: shareOf(grid, x * scale, y * scale, right * scale, bottom * scale),
    };
  });
}

async function timed(work) {
  const before = cpuMs();
  const result = await work();
  return { result, ms: cpuMs() - before };
}

/** Scores of level 0 and of the level that the mask is made from. */
async function examine(name, path, truth) {
  const slide = await openSlide(path);
  try {
    const { result: levels, ms: tableMs } = await timed(() => readByteCounts(path));
    const { result: mask, ms: maskMs } = await timed(() => slide.tissue());
    const fromMask = {
      columns: mask.width,
      rows: mask.height,
      sx: mask.level0PerPxX,
      sy: mask.level0PerPxY,
      is: (at) => (mask.data[at] > 0 ? 1 : 0),
    };
    const fits = levels.filter((level) => Math.max(level.width, level.height) >= 2048);
    const overview = fits.reduce((a, b) => (b.width < a.width ? b : a), levels[0]);
    const base = levels[0];
    const against = (grid) => ({ level0: tilesOf(base, base, grid), overview: tilesOf(overview, base, grid) });
    return { name, tableMs, maskMs, mask: against(fromMask), truth: truth === null ? null : against(truth) };
  } finally {
    await slide.close();
  }
}

async function examineGenerated(folder) {
  const { Label, LABEL_CELL_PX } = await generator();
  const cases = [];
  for (const [scene, sceneOptions] of Object.entries(scenes)) {
    const { truth, tiles } = await paintScene(sceneOptions);
    const grid = {
      columns: truth.columns,
      rows: truth.rows,
      sx: LABEL_CELL_PX,
      sy: LABEL_CELL_PX,
      is: (at) => (truth.labels[at] === Label.tissue ? 1 : 0),
    };
    for (const noise of noises) {
      const paths = qualities.map((quality) => join(folder, `${quality}.tif`));
      await writePyramids(sceneOptions, addNoise(tiles, noise), paths);
      for (const [i, quality] of qualities.entries())
        cases.push({
          scene,
          noise,
          quality,
          ...(await examine(`${scene}, q${quality}, noise ${noise}`, paths[i], grid)),
        });
    }
  }
  return cases;
}

/** Tiled JPEG with a pyramid, on which the engine finds both tissue and glass. */
async function examineReal(folder) {
  const cases = [];
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name);
    const slide = await openSlide(path).catch(() => null);
    const suits =
      slide?.levels.length > 1 && slide.levels[0].compression === 'jpeg' && slide.levels[0].tileWidth < slide.width;
    await slide?.close();
    if (suits) cases.push(await examine(name, path, null));
  }
  return cases;
}

const percent = (share) => (Number.isNaN(share) ? 'no glass' : `${(100 * share).toFixed(1)} %`);
const atBest = (tiles) => droppedBelow(tiles, bestThreshold(tiles, maxLost));

/** One rule for all slides: the highest parameter that loses at most maxLost on each of them. */
function commonRule(cases, pick, rule) {
  const parameter = Math.min(...cases.map((one) => bestThreshold(pick(one), maxLost) / rule(pick(one))));
  return { parameter, of: (one) => droppedBelow(pick(one), parameter * rule(pick(one))) };
}

function quantile(tiles, share) {
  const sorted = tiles.map((tile) => tile.score).sort((a, b) => a - b);
  return sorted[Math.floor(share * (sorted.length - 1))];
}

/** Otsu's split of the logarithms: a rule that adapts to the slide and has no parameter. It always splits. */
function split(tiles) {
  const logs = tiles.map((tile) => Math.log(tile.score)).sort((a, b) => a - b);
  const total = logs.reduce((sum, one) => sum + one, 0);
  let [below, best, threshold] = [0, -1, 0];
  for (let i = 1; i < logs.length; i++) {
    below += logs[i - 1];
    const apart = below / i - (total - below) / (logs.length - i);
    const between = i * (logs.length - i) * apart ** 2;
    if (between > best) [best, threshold] = [between, (logs[i - 1] + logs[i]) / 2];
  }
  return Math.exp(threshold);
}

function figuresOf(one, rules) {
  const level0 = (one.truth ?? one.mask).level0;
  const area = (tiles) => auc(rocPoints(tiles));
  return {
    scene: one.scene ?? one.name,
    name: one.name,
    aucMask: area(one.mask.level0),
    aucDrawn: one.truth === null ? Number.NaN : area(one.truth.level0),
    best: atBest(level0),
    overview: atBest((one.truth ?? one.mask).overview),
    fixed: rules.fixed.of(one),
    relative: rules.relative.of(one),
    split: droppedBelow(level0, split(level0)),
    tableMs: one.tableMs,
    maskMs: one.maskMs,
  };
}

/** One row a scene: the worst of its variants, and for shares of glass also their mean. */
function sceneRow(figures) {
  const all = (pick) => figures.map(pick).filter((value) => !Number.isNaN(value));
  const mean = (values) => values.reduce((sum, one) => sum + one, 0) / values.length;
  const least = (pick) => (all(pick).length === 0 ? '–' : Math.min(...all(pick)).toFixed(4));
  const dropped = (rule) => {
    const values = all((one) => one[rule].dropped);
    if (values.length < 2) return percent(values[0] ?? Number.NaN);
    return `${percent(mean(values))}, least ${percent(Math.min(...values))}`;
  };
  const lost = (rule) => percent(Math.max(...figures.map((one) => one[rule].lost)));
  return [
    figures[0].scene,
    least((one) => one.aucMask),
    least((one) => one.aucDrawn),
    dropped('best'),
    dropped('overview'),
    ...['fixed', 'relative', 'split'].map((rule) => `${dropped(rule)} (${lost(rule)})`),
  ];
}

function report(generated, real) {
  const level0 = (one) => (one.truth ?? one.mask).level0;
  const rules = {
    fixed: commonRule(generated, level0, () => 1),
    relative: commonRule(generated, level0, (tiles) => quantile(tiles, 0.05)),
  };
  const figures = [...generated, ...real].map((one) => figuresOf(one, rules));
  const rows = [...new Set(figures.map((one) => one.scene))].map((scene) =>
    sceneRow(figures.filter((one) => one.scene === scene)),
  );
  const heads = ['slide', 'AUC, mask', 'AUC, drawn', 'best', 'best, overview level', 'fixed', 'relative', 'split'];
  console.log(table(heads, rows));
  console.log(`
Fixed: below ${rules.fixed.parameter.toFixed(4)} bits per pixel. Relative: below ${rules.relative.parameter.toFixed(3)} times the 5 % quantile.
CPU a slide, median: tables ${median(figures.map((one) => one.tableMs)).toFixed(1)} ms, mask ${median(figures.map((one) => one.maskMs)).toFixed(0)} ms.`);
  return { fixed: rules.fixed.parameter, relative: rules.relative.parameter, figures };
}

const folder = await mkdtemp(join(tmpdir(), 'microtome-prior-'));
try {
  const generated = await examineGenerated(folder);
  const real = options.data !== undefined && existsSync(options.data) ? await examineReal(options.data) : [];
  const summary = report(generated, real);
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(summary, null, 1)}\n`);
  if (options.plot !== undefined) await writeFile(options.plot, rocPlot(generated));
} finally {
  await rm(folder, { recursive: true, force: true });
}

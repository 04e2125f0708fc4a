// What a tile costs on this machine, by stage, and how a slide's cost grows: fits with their inputs and residuals.
//   node bench/cost-model/measure.mjs [--rounds 3] [--write]     --write puts the tables into docs/performance.md
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { table, updatePage } from '../shared/markdown.mjs';
import { median } from '../shared/process-figures.mjs';
import { fitLine } from './fit.mjs';
import { denseSlide, models, qualities, sparseSlide, tilePx, writeModels } from './workload.mjs';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, write: { type: 'boolean', default: false } },
});
const page = join(import.meta.dirname, '../../docs/performance.md');
const [{ model: processor, speed }] = cpus();
/** Nominal clock; what a virtual machine shows need not be what it runs at. */
const clockMHz = Number(readFileSync('/proc/cpuinfo', 'latin1').match(/^cpu MHz\s*:\s*([\d.]+)/m)?.[1] ?? speed);
const tissueTiles = [256, 1024, 4096];
const glassFactors = [1, 4, 16];

async function makeCases(folder) {
  const files = await writeModels(folder);
  const cases = [];
  for (const quality of qualities)
    cases.push({
      kind: 'decode',
      quality,
      slide: await denseSlide(folder, quality),
      model: files.stored,
      keep: 'all',
      threads: 1,
    });
  const dense = await denseSlide(folder, 70);
  // All tiles of a slide: of a sample, few share a stored tile.
  const fewer = await denseSlide(folder, 70, 10);
  for (const [name, mmac] of Object.entries(models)) {
    const slide = mmac > 1000 ? fewer : dense;
    cases.push({ kind: 'model', name, slide, model: files[name], keep: 'all', threads: 1 });
  }
  const grown = { model: files.stored, keep: 'fraction', threads: 1 };
  for (const tiles of tissueTiles)
    cases.push({ kind: 'tissue', tiles, slide: await sparseSlide(folder, tiles, 6), ...grown });
  for (const glass of glassFactors)
    cases.push({ kind: 'glass', glass, slide: await sparseSlide(folder, 2048, glass), ...grown });
  for (const threads of [1, 2])
    cases.push({ kind: 'threads', slide: dense, model: files.stored, keep: 'all', threads });
  return cases;
}

async function probe(one) {
  const script = join(import.meta.dirname, 'probe.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify(one)]);
  return JSON.parse(stdout);
}

/** Rounds over all cases; of every figure the median. */
async function measure(cases, rounds) {
  const reports = cases.map(() => []);
  for (let round = 0; round < rounds; round++)
    for (const [i, one] of cases.entries()) reports[i].push(await probe(one));
  return cases.map((one, i) => {
    const of = (pick) => median(reports[i].map(pick));
    const stage = (name) => of((report) => report.stages[name] ?? 0);
    const [first] = reports[i];
    return {
      ...one,
      tiles: first.tiles,
      stored: first.plan.storedTiles,
      meanBytes: first.meanBytes,
      cpuMs: of((report) => report.cpuMs),
      wallMs: of((report) => report.wallMs),
      stages: Object.fromEntries(
        ['tissue', 'tiles', 'decode', 'preprocess', 'infer'].map((name) => [name, stage(name)]),
      ),
    };
  });
}

const us = (ms, count) => ((1000 * ms) / count).toFixed(0);

function decodeTable(found) {
  const points = found.map((one) => ({
    x: (8 * one.meanBytes) / tilePx ** 2,
    y: (one.stages.decode * 1000 * clockMHz) / (one.stored * tilePx ** 2),
  }));
  const { intercept, slope, residuals } = fitLine(points);
  const rows = found.map((one, i) => [
    one.quality,
    points[i].x.toFixed(2),
    us(one.stages.decode, one.stored),
    points[i].y.toFixed(2),
    (points[i].y - residuals[i]).toFixed(2),
    `${((100 * residuals[i]) / points[i].y).toFixed(1)} %`,
  ]);
  const heads = ['JPEG quality', 'bits per pixel', 'µs per tile', 'cycles per pixel', 'fit', 'residual'];
  return `${table(heads, rows)}\n\n**cycles per pixel = ${intercept.toFixed(2)} + ${slope.toFixed(2)} × bits per pixel**`;
}

function modelTable(found) {
  const rows = found.map((one) => {
    const each = one.cpuMs / one.tiles;
    const infer = one.stages.infer / one.tiles;
    return [
      one.name,
      models[one.name],
      us(one.stages.decode, one.tiles),
      us(one.stages.preprocess, one.tiles),
      us(one.stages.infer, one.tiles),
      (models[one.name] / infer).toFixed(1),
      (1000 / each).toFixed(0),
    ];
  });
  const heads = ['model', 'MMAC', 'decode µs', 'normalise µs', 'infer µs', 'GMAC/s', 'tiles/s per core'];
  return table(heads, rows);
}

function growthTable(found) {
  const of = (kind) => found.filter((one) => one.kind === kind);
  const points = of('tissue').map((one) => ({ x: one.tiles, y: one.cpuMs }));
  const { intercept, slope, residuals } = fitLine(points);
  const line = (name, one, note) => [
    name,
    one.tiles,
    one.cpuMs.toFixed(0),
    us(one.cpuMs, one.tiles),
    one.wallMs.toFixed(0),
    note,
  ];
  const rows = [
    ...of('tissue').map((one, i) =>
      line(`tissue of ${one.tiles} stored tiles`, one, `fit ${(one.cpuMs - residuals[i]).toFixed(0)} ms`),
    ),
    ...of('glass').map((one) =>
      line(`${one.glass} times as much glass`, one, `${(one.cpuMs / of('glass')[0].cpuMs).toFixed(2)} of the first`),
    ),
    ...of('threads').map((one) => line(`${one.threads} thread${one.threads > 1 ? 's' : ''}`, one, '')),
  ];
  const heads = ['slide', 'tiles', 'CPU ms', 'CPU µs per tile', 'elapsed ms', ''];
  return `${table(heads, rows)}\n\n**CPU ms = ${intercept.toFixed(0)} + ${slope.toFixed(3)} × tiles** (the three slides of different tissue)`;
}

const folder = await mkdtemp(join(tmpdir(), 'microtome-cost-'));
try {
  const found = await measure(await makeCases(folder), Number(options.rounds));
  const of = (...kinds) => found.filter((one) => kinds.includes(one.kind));
  const parts = {
    machine: `${processor.trim()}, ${clockMHz.toFixed(0)} MHz as the system states it, ${cpus().length} logical cores, Node.js ${process.versions.node}.`,
    decode: decodeTable(of('decode')),
    models: modelTable(of('model')),
    growth: growthTable(of('tissue', 'glass', 'threads')),
  };
  for (const text of Object.values(parts)) console.log(`${text}\n`);
  if (options.write) await updatePage(page, parts, { check: false });
} finally {
  await rm(folder, { recursive: true, force: true });
}

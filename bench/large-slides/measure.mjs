// Does a job grow with the slide? Draws slides of 1, 8 and 72 gigapixels in every layout of the tile tables (their tiles
// are shared, so a file is small) that hold the same number of tissue tiles, and opens, plans and scores each in a process
// of its own, interleaved. Prints Markdown tables of medians.
//   node bench/large-slides/measure.mjs [--rounds 3] [--folder DIR] [--json FILE]
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { generator } from '../shared/generator.mjs';
import { median } from '../shared/process-figures.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    folder: { type: 'string' },
    json: { type: 'string' },
  },
});

/** 268,435 squared is 72.06 gigapixels, in 1,100,401 tiles. */
const sides = { '1 GP': 31_623, '8 GP': 89_443, '72 GP': 268_435 };
const layouts = {
  'classic, little-endian, LONG, LONG': {},
  'classic, big-endian, LONG, SHORT': { byteOrder: 'big', countType: 'short' },
  'Big, little-endian, LONG8, LONG': { bigTiff: true },
  'Big, big-endian, LONG8, LONG8': { bigTiff: true, byteOrder: 'big', countType: 'long8' },
};
const tissueTiles = 2048;
const tilePx = 256;

const cases = Object.entries(sides).flatMap(([size, side]) =>
  Object.entries(layouts).map(([layout, format], index) => ({
    size,
    layout,
    file: `${side}-${index}.tif`,
    slide: { width: side, height: side, tissueShare: (tissueTiles * tilePx ** 2) / side ** 2, seed: 5, ...format },
  })),
);

async function draw(folder) {
  const { makeSharedTileSlide } = await generator();
  for (const one of cases) {
    const path = join(folder, one.file);
    if (!existsSync(path)) await makeSharedTileSlide(path, one.slide);
  }
}

async function probe(what, path) {
  const script = join(import.meta.dirname, 'probe.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [script, what, path]);
  return JSON.parse(stdout);
}

/** reports[what][case]: one report a round. */
async function measure(folder, rounds) {
  const reports = { open: [], plan: [], score: [] };
  for (let round = 0; round < rounds; round++)
    for (const [index, one] of cases.entries())
      for (const what of Object.keys(reports)) {
        reports[what][index] ??= [];
        reports[what][index].push(await probe(what, join(folder, one.file)));
      }
  return reports;
}

function table(title, reports, columns) {
  const lines = [`### ${title}`, '', `| slide | layout | ${columns.join(' | ')} |`];
  lines.push(`| --- | --- |${' ---: |'.repeat(columns.length)}`);
  for (const [index, one] of cases.entries()) {
    const cells = columns.map((column) => median(reports[index].map((report) => report[column])).toFixed(1));
    lines.push(`| ${one.size} | ${one.layout} | ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}

const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'microtome-large-')));
try {
  await mkdir(folder, { recursive: true });
  await draw(folder);
  const reports = await measure(folder, Number(options.rounds));
  console.log(table('Opening', reports.open, ['firstMs', 'openMs', 'idleMiB', 'peakMiB']));
  console.log(`\n${table('Planning', reports.plan, ['tiles', 'wallMs', 'cpuMs', 'idleMiB', 'peakMiB'])}`);
  console.log(`\n${table('Scoring, two threads', reports.score, ['tiles', 'wallMs', 'cpuMs', 'idleMiB', 'peakMiB'])}`);
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify({ cases, reports }, null, 1)}\n`);
} finally {
  if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
}

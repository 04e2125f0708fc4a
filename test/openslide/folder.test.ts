/**
 * A folder with slides of every kind, TIFF and scanners' own: one row for each slide, the same table again after a run that was
 * killed, and on any number of threads.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { embedDirectory, scoreDirectory, scoreSlide } from '../../dist/index.js';
import { dataDir, slideFile } from '../support/data.js';
import { eachLine } from '../support/lines.js';
import { dicomSlides, hamamatsuSlides, library, miraxSlides, ndpiSlides } from './support/tools.js';

const MAIN = resolve(import.meta.dirname, '../../dist/cli/main.js');
const tiff = 'derived_cmu_pyr_deflate_t256_big.tif';

let [folder, scratch] = ['', ''];
/** The main file of each slide of the folder, and where it was made. */
const slides = new Map<string, string>();

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'microtome-folder-'));
  folder = join(scratch, 'slides');
  mkdirSync(folder);
  for (const { path } of [miraxSlides[0], miraxSlides[3]].filter((one) => one !== undefined)) {
    copyFileSync(path, join(folder, basename(path)));
    cpSync(path.replace('.mrxs', ''), join(folder, basename(path, '.mrxs')), { recursive: true });
    slides.set(basename(path), path);
  }
  const ndpi = ndpiSlides[0]?.path ?? '';
  copyFileSync(ndpi, join(folder, basename(ndpi)));
  slides.set(basename(ndpi), ndpi);
  const vms = hamamatsuSlides[0]?.path ?? '';
  cpSync(dirname(vms), folder, { recursive: true });
  slides.set('slide.vms', vms);
  for (const { path } of dicomSlides.slice(0, 1)) {
    cpSync(dirname(path), folder, { recursive: true });
    slides.set('volume-0.dcm', path);
  }
  if (dataDir !== null) {
    copyFileSync(slideFile(tiff), join(folder, tiff));
    slides.set(tiff, slideFile(tiff));
  }
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const rowsOf = (file: string): readonly (readonly [string, number])[] =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))
    .map(([name = '', score]) => [name, Number(score)]);

/** The command line as a process that can be killed. Resolves with its exit code, null where it was killed. */
async function score(args: readonly string[], onRow?: (kill: () => void) => void): Promise<number | null> {
  const words = [MAIN, 'score', folder, '--model', 'demo', '--openslide-path', library, ...args];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stderr.resume();
  eachLine(child.stdout, () => onRow?.(() => child.kill('SIGKILL')));
  const [code] = (await once(child, 'close')) as [number | null];
  return code;
}

describe('a folder of slides of all kinds', () => {
  it('has one row for each slide, with the score that the slide has alone; no part of a slide is a row', async () => {
    const out = join(scratch, 'whole.csv');
    expect(await score(['--out', out])).toBe(0);
    const rows = rowsOf(out);
    expect(rows.map(([name]) => name).sort()).toEqual([...slides.keys()].sort());
    for (const [name, found] of rows) {
      const { score } = await scoreSlide(slides.get(name) ?? '', { model: 'demo', openslidePath: library });
      expect(found, name).toBeCloseTo(score, 8);
    }
  });

  it('goes on after a kill, and writes the same table', async () => {
    const [whole, out] = [join(scratch, 'whole.csv'), join(scratch, 'resumed.csv')];
    let rows = 0;
    const killed = await score(['--out', out, '--threads', '1', '--json'], (kill) => {
      rows += 1;
      if (rows === 2) kill();
    });
    expect(killed).toBeNull();
    expect(await score(['--out', out, '--threads', '1', '--resume'])).toBe(0);
    expect(readFileSync(out, 'utf8')).toBe(readFileSync(whole, 'utf8'));
  });

  it('has the same table on 1 and on 8 threads through the API', async () => {
    const tables: string[] = [];
    for (const threads of [1, 8]) {
      const output = join(scratch, `threads-${threads}.csv`);
      const run = scoreDirectory(folder, { model: 'demo', threads, output, openslidePath: library });
      const outcomes: boolean[] = [];
      for await (const { ok } of run) outcomes.push(ok);
      expect(outcomes).toEqual(Array(slides.size).fill(true));
      tables.push(readFileSync(output, 'utf8'));
    }
    expect(tables[1]).toBe(tables[0]);
    expect(tables[0]).toBe(readFileSync(join(scratch, 'whole.csv'), 'utf8'));
  });

  it('gives one file of features for each slide', async () => {
    const output = join(scratch, 'features');
    const run = embedDirectory(folder, { model: 'demo', output, openslidePath: library });
    let tiles = 0;
    let count = 0;
    for await (const outcome of run) {
      expect(outcome.ok).toBe(true);
      if (outcome.ok) tiles += outcome.result.tiles;
      count += 1;
    }
    expect(count).toBe(slides.size);
    expect(tiles).toBeGreaterThan(count);
  });
});

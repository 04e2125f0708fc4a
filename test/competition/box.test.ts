/** main.py, the program and the addon as they were built, on generated slides: tables, exit codes, logs, kills. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { lineGrammar } from '../../lib/competition/box/log-lines.js';
import { writeBundle, type Json } from '../api/support/bundle.js';
import { writeSlide } from '../support/slides.js';
import {
  besides,
  isBuilt,
  program,
  runBox,
  startBox,
  tableOf,
  temporaryFolder,
  unpackedBox,
  withoutTimes,
  writeTables,
} from './support/unpacked-box.js';

const kFallback = '0.160000000';
const grammar = new RegExp(`^(?:${lineGrammar})$`);

/** A bundle that reads a level, so that slides of either generation of the metadata can be scored. */
const bundle = writeBundle({
  edit: (json: Json) => {
    const { tiles } = json['inputs'] as { tiles: Record<string, unknown>[] };
    const [tile] = tiles;
    delete tile?.['mpp'];
    Object.assign(tile as object, { level: 0 });
  },
});

/** The same with a second grid of tiles, for which the library keeps no deadline. */
const twoGrids = writeBundle({
  edit: (json: Json) => {
    const { tiles } = json['inputs'] as { tiles: Json[] };
    const [encoder] = json['encoders'] as [Json];
    const [tile] = tiles as [Json];
    delete tile['mpp'];
    tile['level'] = 0;
    tiles.push({ ...tile, name: 'more' });
    const second = { ...encoder, name: 'second', input: { ...(encoder['input'] as Json), from: 'more' } };
    (json['encoders'] as Json[]).push(second);
    const [head] = json['heads'] as [Json];
    (json['heads'] as Json[]).push({ ...head, name: 'of-more', of: { ...(head['of'] as Json), encoder: 'second' } });
    const [output] = json['outputs'] as [Json];
    (json['outputs'] as Json[]).push({ ...output, name: 'more', of: 'of-more' });
  },
});

let slide = '';
let folder = '';
beforeAll(async () => {
  folder = await temporaryFolder();
  slide = join(folder, 'slide.tif');
  await writeSlide(slide, { width: 1024, height: 1024, seed: 3, tissueShare: 0.4 });
}, 120_000);

/** A folder with so many slides and the two tables. */
async function dataOf(names: readonly string[]): Promise<string> {
  const data = join(await temporaryFolder(), 'data');
  await mkdir(data);
  for (const name of names) await copyFile(slide, join(data, name));
  await writeTables(data, names);
  return data;
}

const rowsOf = (table: string): readonly (readonly string[])[] =>
  table
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));

const many = Array.from({ length: 20 }, (_, i) => `slide${String((i * 7) % 20).padStart(2, '0')}.tif`);

describe.skipIf(!isBuilt)('the box', () => {
  it('says the same of two different sets of slides but for times, and nothing of the slides', async () => {
    const good = ['b.tif', 'a.tif', 'c.tif'];
    const names = [
      'with space.tif',
      'text.tif',
      'cut.tif',
      'missing.tif',
      'no metadata.tif',
      'x.tif',
      'z.tif',
      'y.tif',
    ];
    const [first, second] = [await dataOf(good), await dataOf(names)];
    await rm(join(second, 'missing.tif'));
    await writeFile(join(second, 'text.tif'), 'no slide');
    await truncate(join(second, 'cut.tif'), 30_000);
    const metadata = names.filter((name) => name !== 'no metadata.tif');
    await writeTables(second, names, { resolution: false, metadata });
    const boxes = [await unpackedBox({ bundle, data: first }), await unpackedBox({ bundle, data: second })];
    const [one, two] = [await runBox(boxes[0] as string), await runBox(boxes[1] as string)];
    expect([one.code, one.stderr, two.code, two.stderr]).toEqual([0, '', 0, '']);
    expect(withoutTimes(two.lines)).toEqual(withoutTimes(one.lines));
    expect(one.lines.length).toBeGreaterThan(20);
    expect([...one.lines, ...two.lines].filter((line) => !grammar.test(line))).toEqual([]);
    const [table, other] = [await tableOf(boxes[0] as string), await tableOf(boxes[1] as string)];
    expect(rowsOf(table).map(([name]) => name)).toEqual(good);
    expect(rowsOf(other).map(([name]) => name)).toEqual(names);
    expect(rowsOf(table).map(([, value]) => value === kFallback)).toEqual([false, false, false]);
    expect(rowsOf(other).map(([, value]) => value === kFallback)).toEqual([
      ...[false, true, true, true, true],
      ...[false, false, false],
    ]);
    expect(await besides(boxes[1] as string)).toEqual(['submission.csv']);
  });

  const format = (...names: readonly string[]): string =>
    `filename,relapse\n${names.map((n) => `${n},0.5\n`).join('')}`;
  it.each([
    ['a name that is there twice', 4, 'CSV_INVALID', { 'submission_format.csv': format('a.tif', 'a.tif') }],
    ['a name that leaves the folder', 4, 'CSV_INVALID', { 'submission_format.csv': format('../a.tif') }],
    ['a table that is no table', 4, 'CSV_INVALID', { 'test_metadata.csv': '{}' }],
    ['no table at all', 4, 'FILE_NOT_FOUND', { 'submission_format.csv': null }],
    ['no model', 1, 'FILE_NOT_FOUND', { '../model': null }],
    ['a table that cannot be written', 1, 'INVALID_OPTION', { '../submission.csv': 'folder' }],
  ] as const)('ends without a table on %s: exit code %i', async (_, code, failure, files) => {
    const data = await dataOf(['a.tif']);
    for (const [name, text] of Object.entries(files)) {
      if (name.startsWith('..')) continue;
      if (text === null) await rm(join(data, name));
      else await writeFile(join(data, name), text);
    }
    const box = await unpackedBox({ ...('../model' in files ? {} : { bundle }), data });
    if ('../submission.csv' in files) await mkdir(join(box, 'submission.csv'));
    const run = await runBox(box);
    expect([run.code, withoutTimes(run.lines).at(-1), run.stderr]).toEqual([code, `failed ${failure} T`, '']);
    expect(run.lines.filter((line) => !grammar.test(line))).toEqual([]);
    expect(await besides(box)).toEqual('../submission.csv' in files ? ['submission.csv'] : []);
  });

  it('gives every slide the fallback value where there is no time, also to a table of an earlier run', async () => {
    const box = await unpackedBox({ bundle, data: await dataOf(['a.tif', 'b.tif']) });
    await writeFile(join(box, 'submission.csv'), `filename,relapse\na.tif,0.900000000\nb.tif,0.900000000\n`);
    const { code, lines } = await runBox(box, { MICROTOME_BOX_DEADLINE: '0' });
    expect([code, lines.at(-1)?.startsWith('done ')]).toEqual([0, true]);
    expect(await tableOf(box)).toBe(`filename,relapse\na.tif,${kFallback}\nb.tif,${kFallback}\n`);
  });

  it('where there is no time and the library keeps no deadline, the last call waits for the table of fallback values', async () => {
    const box = await unpackedBox({ bundle: twoGrids, data: await dataOf(['a.tif', 'b.tif']) });
    // Of an earlier run, with a journal that is none.
    await writeFile(join(box, 'submission.csv'), 'filename,relapse\na.tif,0.900000000\n');
    await symlink('nowhere', join(box, 'submission.csv.journal'));
    const cut = await runBox(box, { MICROTOME_BOX_DEADLINE: '0' });
    expect([cut.code, withoutTimes(cut.lines).slice(-3)]).toEqual([0, ['stage score T', 'deadline T', 'done T']]);
    expect(await tableOf(box)).toBe(`filename,relapse\na.tif,${kFallback}\nb.tif,${kFallback}\n`);
    const whole = await runBox(box, { MICROTOME_BOX_DEADLINE: '' });
    expect([whole.code, withoutTimes(whole.lines).slice(-2)]).toEqual([0, ['stage write T', 'done T']]);
    expect(await tableOf(box)).not.toContain(kFallback);
    // The first run did not go on with what was there, and said so; it has as many other lines.
    const restart = ['stage load T', 'stage restart T', 'stage load T'];
    expect(withoutTimes(cut.lines).slice(3, 6)).toEqual(restart);
    expect(cut.lines.length).toBe(whole.lines.length + 2);
  });

  it('tells of a fault of its own nothing but the code', async () => {
    const box = await unpackedBox({ bundle, data: await dataOf(['a.tif']) });
    // The last thing that the program asks the process for before the run begins.
    const fault = "process.constrainedMemory = () => { setImmediate(() => { throw new Error('a.tif'); }); return 0; };";
    const args = ['--import', `data:text/javascript,${encodeURIComponent(fault)}`, program, join(box, 'microtome')];
    const ended = await new Promise<readonly unknown[]>((resolve) => {
      execFile(process.execPath, args, { cwd: box }, (error, stdout, stderr) => resolve([error?.code, stdout, stderr]));
    });
    const [code, stdout, stderr] = ended as [number, string, string];
    expect([code, withoutTimes(stdout.trimEnd().split('\n')).at(-1), stderr]).toEqual([1, 'failed INTERNAL T', '']);
    expect(stdout).not.toContain('a.tif');
  });

  it('is not changed by the environment outside', async () => {
    const box = await unpackedBox({ bundle, data: await dataOf(['a.tif']) });
    const outside = { NODE_OPTIONS: '--require /nowhere.js', MICROTOME_ONNXRUNTIME: '/nowhere.so', LD_PRELOAD: '' };
    expect(await runBox(box, outside)).toMatchObject({ code: 0, stderr: '' });
  });

  it('SIGTERM: ends in order with 130, the table stays complete, and the next run ends with the bytes of any other', async () => {
    const data = await dataOf(many);
    const [whole, box] = [await unpackedBox({ bundle, data }), await unpackedBox({ bundle, data })];
    expect((await runBox(whole)).code).toBe(0);
    const expected = await tableOf(whole);
    const run = startBox(box, {}, (line, child) => void (line.startsWith('progress 25%') && child.kill('SIGTERM')));
    expect(await run.ended).toBe(130);
    // How far it was is not told.
    expect(withoutTimes(run.lines).slice(-3)).toEqual(['progress 100% T', 'stage score T', 'failed INTERRUPTED T']);
    expect(await besides(box)).toEqual(['submission.csv', 'submission.csv.journal']);
    expectComplete(await tableOf(box), expected);
    // Whoever was reported as done has its score.
    expect(rowsOf(await tableOf(box)).filter(([, value]) => value !== kFallback).length).toBeGreaterThanOrEqual(5);
    expect((await runBox(box)).code).toBe(0);
    expect(await tableOf(box)).toBe(expected);
    expect(await besides(box)).toEqual(['submission.csv']);
  });

  it('SIGKILL, again and again: the table is complete each time, and the last run ends with the bytes of any other', async () => {
    const data = await dataOf(many);
    const [whole, box] = [await unpackedBox({ bundle, data }), await unpackedBox({ bundle, data })];
    expect((await runBox(whole)).code).toBe(0);
    const expected = await tableOf(whole);
    for (const moment of ['device', 'progress 5%', 'progress 35%', 'progress 80%']) {
      const run = startBox(box, {}, (line, child) => void (line.startsWith(moment) && child.kill('SIGKILL')));
      expect(await run.ended).toBe('SIGKILL');
      const table = await readFile(join(box, 'submission.csv'), 'utf8').catch(() => null);
      // Only before the first slide may there be none.
      if (table === null) expect(moment).toBe('device');
      else expectComplete(table, expected);
      await nodeEnded(box);
      if (table !== null) expect(await besides(box)).toContain('submission.csv.journal');
    }
    expect((await runBox(box)).code).toBe(0);
    expect(await tableOf(box)).toBe(expected);
    expect(await besides(box)).toEqual(['submission.csv']);
  });
});

/** Resolves when the process that wrote the table has ended; the lock of a killed one stays. */
async function nodeEnded(box: string): Promise<void> {
  const text = await readFile(join(box, 'submission.csv.lock'), 'utf8').catch(() => null);
  if (text === null) return;
  const { pid } = JSON.parse(text) as { pid: number };
  const isAlive = async (): Promise<boolean> => {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') X');
    return !['Z', 'X'].includes(stat.slice(stat.lastIndexOf(')') + 2)[0] as string);
  };
  while (await isAlive()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Every row is there, with the score of the undisturbed run or the fallback value. */
function expectComplete(table: string, expected: string): void {
  const [found, wanted] = [table.split('\n'), expected.split('\n')];
  expect(found.length).toBe(wanted.length);
  const isValid = (line: string, i: number): boolean =>
    line === wanted[i] || line === wanted[i]?.replace(/,.*/, `,${kFallback}`);
  expect(found.filter((line, i) => !isValid(line, i))).toEqual([]);
}

/** microtome score with files, in a process of its own. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { writeSlide } from '../support/slides.js';
import { scratchFolder } from './support.js';

const scratch = scratchFolder();
const at = (name: string): string => join(scratch, name);
const main = resolve(import.meta.dirname, '../../dist/cli/main.js');

beforeAll(async () => {
  mkdirSync(at('slides'));
  await writeSlide(at('slides/a.tif'), { width: 1536, height: 1024, seed: 2, tissueShare: 0.4 });
});

function score(...flags: readonly string[]): Promise<{ readonly code: number; readonly stderr: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [main, 'score', at('slides'), '--model', 'demo', ...flags], (error, _, stderr) =>
      done({ code: error === null ? 0 : Number(error.code), stderr }),
    );
  });
}

it('writes all files with --outputs, and replaces them with --overwrite, with and without a table', async () => {
  const out = at('scores.csv');
  expect(await score('--outputs', at('all'), '--out', out)).toMatchObject({ code: 0 });
  expect(existsSync(out)).toBe(true);
  expect(readdirSync(at('all')).sort()).toEqual(['geojson', 'heatmap', 'mask', 'run-record.json', 'tiles-csv']);
  expect((JSON.parse(readFileSync(join(at('all'), 'run-record.json'), 'utf8')) as { state: string }).state).toBe(
    'finished',
  );
  const again = await score('--outputs', at('all'));
  expect(again.code).not.toBe(0);
  expect(again.stderr).toContain('OUTPUT_EXISTS');
  expect(await score('--outputs', at('all'), '--overwrite')).toMatchObject({ code: 0 });
});

it('has a flag for each kind of file', async () => {
  const flags = ['tiles-csv', 'geojson', 'heatmap', 'mask-png'].flatMap((name) => [`--${name}`, at(name)]);
  expect(await score(...flags, '--run-record', at('record.json'), '--heatmap-downsample', '4')).toMatchObject({
    code: 0,
  });
  expect(readdirSync(at('tiles-csv'))).toEqual(['a.csv']);
  expect(readdirSync(at('geojson'))).toEqual(['a.geojson']);
  expect(readdirSync(at('heatmap')).sort()).toEqual(['a.heatmap.json', 'a.heatmap.png', 'a.heatmap.tif']);
  expect(readdirSync(at('mask-png'))).toEqual(['a.mask.png']);
  const scale = JSON.parse(readFileSync(at('heatmap/a.heatmap.json'), 'utf8')) as { tiff: { level0PerPx: number[] } };
  expect(scale.tiff.level0PerPx).toEqual([4]);
});

it('calls what it refuses by the name of the flag', async () => {
  const { code, stderr } = await score('--attention', at('attention'));
  expect(code).toBe(2);
  expect(stderr).toContain('--attention');
  expect(existsSync(at('attention'))).toBe(false);
  expect((await score('--overwrite')).stderr).toContain('--overwrite needs --out');
});

/** microtome score of lesion images, with a scorer that needs no model. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cellOf, contentOf, folderWith, isicName, storedImages } from '../images/support.js';
import { fileWith, temporaryFolder } from '../runs/support.js';
import { cli } from './support.js';

const names = [0, 1, 2, 3].map(isicName);
const [first = '', second = '', third = ''] = names;

const format = (): Promise<string> =>
  fileWith(`isic_id,target\n${[third, first].map((name) => `${name},0.3\n`).join('')}`, 'sample_submission.csv');

describe('a file of images', () => {
  it('becomes a submission: rows and order of the format, exit code 0', async () => {
    const images = await storedImages(names);
    const out = join(dirname(images), 'submission.csv');
    const flags = ['--model', 'm', '--preset', 'isic2024', '--format', await format(), '--output', out];
    expect((await cli(['score', images, ...flags])).stderr).toContain('did you mean --out?');
    flags.splice(flags.indexOf('--output'), 1, '--out');
    const { code, stdout, stderr } = await cli(['score', images, ...flags]);
    expect(code, stderr).toBe(0);
    expect(stdout).toBe('');
    expect(await readFile(out, 'utf8')).toBe(`isic_id,target\n${third},${cellOf(third)}\n${first},${cellOf(first)}\n`);
    expect(stderr).toContain('2/2 images');
    expect(stderr).toContain(`not scored, for no row names them: 2 images, such as ${second}`);
    expect(stderr).toContain(`${out}: 2 rows, `);
    const again = await cli(['score', images, ...flags, '--resume']);
    expect(again.code).toBe(0);
    expect(again.stderr).toContain('complete already, nothing to do');
  });

  it('goes to stdout without --out, as a table or as JSON lines', async () => {
    const images = await storedImages([first, second]);
    const settings = {
      images: { failingImages: { [contentOf(second)]: 'TRUNCATED' }, notes: { [contentOf(first)]: 'grey' } } as const,
    };
    const table = await cli(['score', images, '--model', 'm'], settings);
    expect(table.stdout).toBe(`${cellOf(first)}\t${first}\nTRUNCATED\t${second}\n`);
    expect(table.code).toBe(1);
    expect(table.stderr).toContain(`failed: ${second}: TRUNCATED: made to fail`);
    expect(table.stderr).toContain(`note: grey: 1 image, such as ${first}`);
    const json = await cli(['score', images, '--model', 'm', '--json'], settings);
    const [one, two] = json.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    const score = Number(cellOf(first));
    expect(one).toMatchObject({ ok: true, name: first, score: expect.closeTo(score, 8), notes: ['grey'] });
    expect(two).toMatchObject({ ok: false, name: second, fallback: 0.25, error: { code: 'TRUNCATED' } });
  });

  it('filters by license, given once, with commas or several times', async () => {
    const images = await storedImages(names);
    const rows = names.map((name, i) => `${name},${['CC-BY', 'CC-0', 'CC-BY-NC', 'CC-BY-NC'][i]}`);
    const metadata = await fileWith(`isic_id,copyright_license\n${rows.join('\n')}\n`, 'metadata.csv');
    const run = (...more: string[]) => cli(['score', images, '--model', 'm', '--metadata', metadata, ...more]);
    expect((await run('--license', 'CC-BY')).stdout).toBe(`${cellOf(first)}\t${first}\n`);
    for (const flags of [
      ['--license', 'CC-BY, CC-0'],
      ['--license', 'CC-BY', '--license=CC-0'],
    ]) {
      const { stdout, stderr, code } = await run(...flags);
      expect(stdout).toBe(`${cellOf(first)}\t${first}\n${cellOf(second)}\t${second}\n`);
      expect(stderr).toContain('not scored for the license "CC-BY-NC": 2 images');
      expect(code).toBe(0);
    }
  });

  it('ends as a run over slides does: 3 with fallbacks, 4 refused, 1 without a fallback', async () => {
    const images = await storedImages(names);
    const out = (): Promise<string> => temporaryFolder().then((folder) => join(folder, 'out.csv'));
    const failing = { failingImages: { [contentOf(second)]: 'TRUNCATED' } } as const;
    const fallback = await cli(['score', images, '--model', 'm', '--out', await out()], { images: failing });
    expect(fallback.code).toBe(3);
    expect(fallback.stderr).toContain('4 rows, 1 failed and carry the fallback');
    const bare = await out();
    const none = await cli(['score', images, '--model', 'm', '--out', bare], {
      images: { ...failing, fallback: null },
    });
    expect(none.code).toBe(1);
    expect(none.stderr).toContain('repair or remove the images that failed');
    expect(await readdir(dirname(bare))).toEqual(['out.csv.journal']);
    const missing = await fileWith('isic_id,target\nnobody,0\n', 'format.csv');
    expect((await cli(['score', images, '--model', 'm', '--format', missing])).code).toBe(4);
    const controller = new AbortController();
    const before = (): void => controller.abort(new Error('interrupted'));
    const stopped = await cli(['score', images, '--model', 'm', '--out', await out()], {
      images: { before },
      signal: controller.signal,
    });
    expect(stopped.code).toBe(130);
  });

  it('tells of a deadline in its last line alone', async () => {
    const images = await storedImages(names);
    const out = join(await temporaryFolder(), 'out.csv');
    // Never ends before the time is up.
    const before = (_: unknown, signal: AbortSignal | undefined): Promise<void> =>
      new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
    const flags = ['--model', 'm', '--out', out, '--deadline', '1s'];
    const { code, stderr } = await cli(['score', images, ...flags], { images: { before } });
    expect(code).toBe(3);
    expect(stderr).not.toContain('failed: ISIC');
    expect(stderr).toContain('4 not scored for lack of time');
    expect(await readFile(out, 'utf8')).toContain(`${first},0.250000000\n`);
  });

  it('takes its options from a file, too', async () => {
    const images = await storedImages([first]);
    const config = await fileWith(JSON.stringify({ model: 'm', threads: 1, batchSize: 8 }), 'run.json');
    expect((await cli(['score', images, '--config', config])).code).toBe(0);
    await writeFile(config, JSON.stringify({ model: 'm', mpp: 0.5 }));
    const { code, stderr } = await cli(['score', images, '--config', config]);
    expect(code).toBe(2);
    expect(stderr).toContain(`"mpp" in ${config} is for slides, and images were given`);
  });
});

describe('what is taken for images', () => {
  it('is a path by its ending, and everything with --images', async () => {
    const folder = await folderWith({ 'a.jpg': 'a', 'b.png': 'b' });
    for (const paths of [
      [folder, '--images'],
      [join(folder, 'a.jpg'), join(folder, 'b.png')],
    ]) {
      const { stdout, code } = await cli(['score', ...paths, '--model', 'm']);
      expect(stdout.split('\n').map((line) => line.split('\t')[1])).toEqual(['a', 'b', undefined]);
      expect(code).toBe(0);
    }
  });

  it('is told where it is not clear: a folder of images, paths of both, options of the other', async () => {
    const folder = await folderWith({ 'a.jpg': 'a' });
    const asSlides = await cli(['score', folder, '--model', 'm']);
    expect(asSlides.code).toBe(4);
    expect(asSlides.stderr).toContain('"a.jpg" is an image: scoreImages scores those (microtome score --images)');
    const both = await cli(['score', join(folder, 'a.jpg'), 'b.tif', '--model', 'm']);
    expect(both.code).toBe(2);
    expect(both.stderr).toContain('score them apart, or pass --images');
    const slideOption = await cli(['score', folder, '--images', '--model', 'm', '--mpp', '0.5']);
    expect(slideOption.stderr).toContain('--mpp is for slides');
    const imageOption = await cli(['score', folder, '--model', 'm', '--license', 'CC-BY']);
    expect(imageOption.code).toBe(2);
    expect(imageOption.stderr).toContain('--license is for images; for a folder of them, pass --images');
    expect((await cli(['help', 'score'])).stdout).toContain('--license CC-BY,…');
  });
});

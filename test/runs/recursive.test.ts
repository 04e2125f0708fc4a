/** Subfolders, lists of slides and folders, and the names that their rows carry. */
import { mkdir, readFile, rmdir, symlink, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { MicrotomeError } from '../../lib/core/errors.js';
import { startRun } from '../../lib/runs/directory-run.js';
import { escapedName } from '../../lib/runs/names.js';
import { type scoreDirectory, sourceOf } from '../../lib/runs/score-directory.js';
import type { DirectorySummary } from '../../lib/runs/types.js';
import { failureOf, fakeScorer, temporaryFolder, type FakeScorer } from './support.js';

async function tree(...files: string[]): Promise<string> {
  const folder = await temporaryFolder();
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), file);
  }
  return folder;
}

type Slides = Parameters<typeof scoreDirectory>[0];

function run(slides: Slides, options: object = {}, scorer: FakeScorer = fakeScorer()): Promise<DirectorySummary> {
  return startRun(sourceOf(slides), { model: 'fake', ...options }, { createScorer: async () => scorer }).done;
}

const namesOf = (summary: DirectorySummary): string[] => summary.rows.map((row) => row.name);

describe('recursive', () => {
  it('reads subfolders; rows carry the path with slashes, in order', async () => {
    const folder = await tree('b.tif', 'sub/a.tif', 'sub/deep/er/x.svs', 'a/b.tif', '.git/no.tif', 'sub/.no.tif');
    const output = join(await temporaryFolder(), 'out.csv');
    const scorer = fakeScorer();
    const summary = await run(folder, { recursive: true, output }, scorer);
    expect(namesOf(summary)).toEqual(['a/b.tif', 'b.tif', 'sub/a.tif', 'sub/deep/er/x.svs']);
    expect(scorer.calls.map((call) => call.path).sort()).toEqual(
      ['a/b.tif', 'b.tif', 'sub/a.tif', 'sub/deep/er/x.svs'].map((name) => join(folder, name)),
    );
    expect((await readFile(output, 'utf8')).split('\n')[1]).toMatch(/^a\/b\.tif,0\.\d{9}$/);
  });

  it('a complete output is known as such', async () => {
    const folder = await tree('b.tif', 'sub/a.tif');
    const output = join(await temporaryFolder(), 'out.csv');
    await run(folder, { recursive: true, output });
    expect((await run(folder, { recursive: true, output, resume: true })).alreadyComplete).toBe(true);
  });

  it('format and metadata name slides by their paths', async () => {
    const folder = await tree('b.tif', 'sub/b.tif');
    await writeFile(join(folder, 'f.csv'), 'filename,relapse\nsub/b.tif,0\nb.tif,0\n');
    await writeFile(join(folder, 'm.csv'), 'filename,resolution\nb.tif,0.25\nsub/b.tif,0.5\n');
    const scorer = fakeScorer();
    const options = { recursive: true, format: join(folder, 'f.csv'), metadata: join(folder, 'm.csv') };
    expect(namesOf(await run(folder, { ...options, slidesInFlight: 1 }, scorer))).toEqual(['sub/b.tif', 'b.tif']);
    expect(scorer.calls.map((call) => call.options.slideMpp)).toEqual([0.5, 0.25]);
    const error = await failureOf(run(folder, { ...options, recursive: false }));
    expect(error.message).toContain('f.csv:2: a name with a path separator');
  });

  it('follows links to folders, each folder once, and ends where they form a ring', async () => {
    const elsewhere = await tree('far.tif');
    const folder = await tree('a.tif', 'sub/b.tif');
    await symlink('..', join(folder, 'sub', 'up'));
    await symlink('sub', join(folder, 'again'));
    await symlink(elsewhere, join(folder, 'far'));
    await symlink('.', join(folder, 'self'));
    const summary = await run(folder, { recursive: true });
    expect(namesOf(summary)).toEqual(['a.tif', 'far/far.tif', 'sub/b.tif']);
    expect(summary.notRead).toEqual([
      { path: join(folder, 'again'), reason: `the same folder as ${join(folder, 'sub')}, which is read` },
      { path: join(folder, 'self'), reason: `the same folder as ${folder}, which is read` },
      { path: join(folder, 'sub', 'up'), reason: `the same folder as ${folder}, which is read` },
    ]);
  });

  it('without links, those to folders are named', async () => {
    const folder = await tree('a.tif', 'sub/b.tif');
    await symlink('sub', join(folder, 'again'));
    const summary = await run(folder, { recursive: true, followLinks: false });
    expect(namesOf(summary)).toEqual(['a.tif', 'sub/b.tif']);
    expect(summary.notRead).toEqual([
      { path: join(folder, 'again'), reason: 'a link to a folder, and this run does not follow links' },
    ]);
  });

  it('ends at a depth and a number of entries, each refused by its name', async () => {
    const folder = await tree('1/2/3/a.tif');
    expect((await run(folder, { recursive: true, maxFolderDepth: 3 })).counts.scored).toBe(1);
    const depth = await failureOf(run(folder, { recursive: true, maxFolderDepth: 2 }));
    expect(depth.code).toBe('LIMIT_EXCEEDED');
    expect(depth.message).toContain('more than 2 levels of subfolders');
    expect(depth.advice).toContain('maxFolderDepth');
    const entries = await failureOf(run(folder, { recursive: true, maxFolderEntries: 3 }));
    expect(entries.message).toContain('more than 3 entries');
  });

  it('two slides of one stem are refused where rows are called by stems', async () => {
    const folder = await tree('x/a.tif', 'x/a.svs');
    const error = await failureOf(run(folder, { recursive: true, preset: 'isic2024' }));
    expect(error.code).toBe('CSV_INVALID');
    expect(error.message).toContain('two slides named "x/a"');
  });
});

describe('names that no row can carry', () => {
  const names = ['line\nfeed.tif', 'tab\t.tif', 'back\\slash.tif', 'escape\u001b[31m.tif', 'next\u0085.tif'];

  it('fail their row, not the folder, with and without a fallback value', async () => {
    const folder = await tree('ok.tif', 'quote".tif', 'comma,.tif', ...names);
    const output = join(await temporaryFolder(), 'out.csv');
    const scorer = fakeScorer();
    const summary = await run(folder, { output }, scorer);
    expect(summary.counts).toMatchObject({ scored: 3, fallback: names.length });
    expect(scorer.calls).toHaveLength(3);
    expect(summary.rows.filter((row) => row.source === 'fallback').map((row) => row.error)).toEqual(
      names.map(() => 'CSV_INVALID'),
    );
    const lines = (await readFile(output, 'utf8')).trimEnd().split('\n');
    expect(lines).toHaveLength(1 + 3 + names.length);
    expect(lines).toContain('line\\u000afeed.tif,0.250000000');
    expect(lines.some((line) => line.startsWith('"quote"".tif",'))).toBe(true);
    const none = await run(folder, {}, fakeScorer({ fallback: null }));
    expect(none.counts).toMatchObject({ scored: 3, failed: names.length });
  });

  it('fail their row where the folder has metadata, and a path is in the error', async () => {
    const folder = await tree('ok.tif', 'line\nfeed.tif');
    await writeFile(join(folder, 'm.csv'), 'filename,resolution\nok.tif,0.5\n');
    const outcomes: unknown[] = [];
    const started = startRun(
      sourceOf(folder),
      { model: 'fake', metadata: join(folder, 'm.csv') },
      { createScorer: async () => fakeScorer() },
    );
    for await (const outcome of started) outcomes.push(outcome);
    expect(outcomes[0]).toMatchObject({ ok: false, path: join(folder, 'line\nfeed.tif') });
    const { error } = outcomes[0] as { error: MicrotomeError };
    expect(error.message).toContain('a name with control characters ("line\\u000afeed.tif")');
    expect(error.message).not.toContain('\n');
    expect(error.advice).toBe('rename the file');
  });

  it('bytes that are not UTF-8', async () => {
    const folder = await tree('ok.tif');
    const bytesOf = (name: string): Buffer => Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')]);
    await writeFile(bytesOf('caf\xe9.tif'), 'x');
    await mkdir(bytesOf('d\xe9p\xf4t'));
    await writeFile(bytesOf('d\xe9p\xf4t/x.tif'), 'x');
    const summary = await run(folder, { recursive: true });
    // What clears the folder knows names that are text.
    for (const name of ['caf\xe9.tif', 'd\xe9p\xf4t/x.tif']) await unlink(bytesOf(name));
    await rmdir(bytesOf('d\xe9p\xf4t'));
    expect(summary.rows.map((row) => [row.name, row.source])).toEqual([
      ['caf\\xe9.tif', 'fallback'],
      ['d\\xe9p\\xf4t/x.tif', 'fallback'],
      ['ok.tif', 'scored'],
    ]);
  });

  it('stand in their rows as one line each, and no two alike', () => {
    const all = ['a\nb', 'a\\u000ab', 'a\\nb', 'a\u2028b', 'a\\b', 'a\\\\b'].map((name) => Buffer.from(name));
    all.push(Buffer.from('a\xffb', 'latin1'), Buffer.from('a\\xffb'), Buffer.from('aÿb'));
    const escaped = all.map(escapedName);
    expect(new Set(escaped).size).toBe(all.length);
    for (const name of escaped) expect(name).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
  });
});

describe('lists', () => {
  it('of slides, folders, URLs, in their order', async () => {
    const folder = await tree('one/b.tif', 'one/a.tif', 'two/c.tif', 'd.svs');
    const list = [join(folder, 'd.svs'), pathToFileURL(join(folder, 'one')), join(folder, 'two', 'c.tif')];
    expect(namesOf(await run(list))).toEqual(['d.svs', 'a.tif', 'b.tif', 'c.tif']);
    expect(namesOf(await run(pathToFileURL(join(folder, 'one'))))).toEqual(['a.tif', 'b.tif']);
    expect(namesOf(await run(`file://${join(folder, 'one')}`))).toEqual(['a.tif', 'b.tif']);
  });

  it('of one folder are that folder', async () => {
    const folder = await tree('a.tif');
    await writeFile(join(folder, 'f.csv'), 'filename,relapse\na.tif,0\n');
    expect(namesOf(await run([folder], { format: join(folder, 'f.csv') }))).toEqual(['a.tif']);
    const two = await failureOf(run([folder, folder], { format: join(folder, 'f.csv') }));
    expect(two.message).toContain('it names the slides of one folder');
  });

  it('slides of one name carry their paths from the folder that all have in common', async () => {
    const folder = await tree('one/x.tif', 'two/x.tif', 'two/y.tif');
    await writeFile(join(folder, 'm.csv'), 'filename,resolution\none/x.tif,0.25\ntwo/x.tif,0.5\ny.tif,1\n');
    const list = ['one/x.tif', 'two/x.tif', 'two/y.tif'].map((name) => join(folder, name));
    expect(namesOf(await run(list))).toEqual(['one/x.tif', 'two/x.tif', 'y.tif']);
    expect(namesOf(await run([join(folder, 'one'), join(folder, 'two')]))).toEqual(['one/x.tif', 'two/x.tif', 'y.tif']);
    const scorer = fakeScorer();
    await run(list, { metadata: join(folder, 'm.csv'), slidesInFlight: 1 }, scorer);
    expect(scorer.calls.map((call) => call.options.slideMpp)).toEqual([0.25, 0.5, 1]);
    expect(namesOf(await run(list.slice(0, 2), { preset: 'isic2024' }))).toEqual(['one/x', 'two/x']);
  });

  it('a slide that is named twice is refused, whatever the spelling', async () => {
    const folder = await tree('a.tif');
    for (const list of [
      [join(folder, 'a.tif'), `${folder}/./a.tif`],
      [folder, join(folder, 'a.tif')],
      [folder, folder],
    ]) {
      const error = await failureOf(run(list));
      expect(error.code).toBe('INVALID_OPTION');
      expect(error.message).toContain('given twice');
    }
  });

  it('that are empty, or hold something else, are refused', async () => {
    expect((await failureOf(run([]))).message).toContain('The list of slides is empty');
    for (const wrong of [[7], [''], ['a\0b'], 7, null]) {
      expect((await failureOf(run(wrong as unknown as Slides))).code).toBe('INVALID_OPTION');
    }
    expect((await failureOf(run(['/nowhere/a.tif']))).stage).toBe('slide');
    expect((await failureOf(run(new URL('https://host/a')))).code).toBe('INVALID_OPTION');
  });

  it('what their folders leave out is told', async () => {
    const folder = await tree('one/a.tif', 'one/b.isyntax', 'two/c.tif', 'two/sub/d.tif');
    const summary = await run([join(folder, 'one'), join(folder, 'two')]);
    expect(summary.notRead.map(({ path }) => path)).toEqual([join(folder, 'one/b.isyntax'), join(folder, 'two/sub')]);
  });
});

/** Which images a run scores, in which order, and what it refuses. */
import { readdir, readFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { failureOf, fileWith, temporaryFolder } from '../runs/support.js';
import { hdf5File } from './hdf5-writer.js';
import { cellOf, contentOf, ended, folderWith, isicName, startFake, storedImages } from './support.js';

const names = Array.from({ length: 5 }, (_, i) => isicName(i * 3));

async function formatOf(rows: readonly string[]): Promise<string> {
  return fileWith(`isic_id,target\n${rows.map((name) => `${name},0.3\n`).join('')}`, 'sample_submission.csv');
}

const metadataOf = (rows: readonly string[]): Promise<string> => fileWith(`${rows.join('\n')}\n`, 'test-metadata.csv');

const newOutput = async (): Promise<string> => join(await temporaryFolder(), 'submission.csv');

const tableOf = (rows: readonly string[]): string =>
  `isic_id,target\n${rows.map((name) => `${name},${cellOf(name)}\n`).join('')}`;

describe('what is scored', () => {
  it('is every image of an HDF5 file, in name order', async () => {
    const output = await newOutput();
    const { summary, outcomes, scorers } = await ended(await storedImages(names), { output });
    expect(await readFile(output, 'utf8')).toBe(tableOf(names));
    expect(summary).toMatchObject({ names, output, notRead: [], clipped: 0, withoutRow: { count: 0 } });
    expect(summary.counts).toMatchObject({ scored: 5, fallback: 0, failed: 0 });
    expect(outcomes.map((one) => one.names)).toEqual([names]);
    expect(outcomes[0]?.scores).toEqual(summary.scores);
    expect(scorers[0]?.batches[0]).toMatchObject({ kind: 'places' });
    expect(scorers[0]?.closed).toBe(true);
    expect(await readdir(join(output, '..'))).toEqual(['submission.csv']);
  });

  it('comes in the order of the format, each exactly once; images without a row are counted', async () => {
    const wanted = [names[3], names[0], names[4]] as string[];
    const output = await newOutput();
    const { summary } = await ended(await storedImages(names), { output, format: await formatOf(wanted) });
    expect(await readFile(output, 'utf8')).toBe(tableOf(wanted));
    expect(summary.withoutRow).toEqual({ count: 2, examples: [names[1], names[2]] });
  });

  it('is what a folder has by name or by content; the rest is listed with its reason', async () => {
    const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xe0]);
    const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    const folder = await folderWith({
      'b.jpg': 'any content',
      'A.PNG': 'named so',
      'c.dat': jpeg,
      bare: png,
      'd.tif': 'a slide',
      'e.csv': 'isic_id\n',
      empty: '',
      'sub/f.jpeg': 'deeper',
      '.hidden.jpg': 'hidden',
      'stored.h5': hdf5File([]),
    });
    const found: string[] = [];
    const onNotRead = (all: readonly { path: string; reason: string }[]): void => {
      for (const { path, reason } of all) found.push(`${path.slice(folder.length + 1)}: ${reason}`);
    };
    const { summary, scorers } = await ended(folder, { onNotRead });
    expect(summary.names).toEqual(['A', 'b', 'bare', 'c']);
    expect(scorers[0]?.batches).toEqual([
      { kind: 'files', paths: ['A.PNG', 'b.jpg', 'bare', 'c.dat'].map((name) => join(folder, name)) },
    ]);
    expect(found).toEqual([
      'd.tif: no JPEG or PNG file',
      'e.csv: no JPEG or PNG file',
      'empty: an empty file',
      'stored.h5: an HDF5 file: name it by its own path',
      'sub: a subfolder, and this run is not recursive',
    ]);
    expect(summary.notRead).toHaveLength(5);
    const deep = await ended(folder, { recursive: true });
    expect(deep.summary.names).toEqual(['A', 'b', 'bare', 'c', 'sub/f']);
  });

  it('may be a list of files and folders, or one file', async () => {
    const folder = await folderWith({ 'b.jpg': 'b', 'a.png': 'a' });
    const other = await folderWith({ 'a.jpg': 'another a' });
    const list = await ended([join(folder, 'b.jpg'), other], {});
    expect(list.summary.names).toEqual(['b', 'a']);
    const shared = await ended([folder, other], {});
    expect(shared.summary.names.map((name) => name.split('/').at(-1))).toEqual(['a', 'b', 'a']);
    expect(new Set(shared.summary.names).size).toBe(3);
    expect((await ended(join(folder, 'b.jpg'), {})).summary.names).toEqual(['b']);
  });

  it('goes to the scorer 1024 at a time, three batches at once', async () => {
    const many = Array.from({ length: 5000 }, (_, i) => isicName(i));
    const output = await newOutput();
    let waiting: (() => void)[] = [];
    const before = async (): Promise<void> => {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        // Three are under way, or the last ones.
        if (waiting.length === 3 || started++ >= 3) for (const go of waiting.splice(0)) go();
      });
    };
    let started = 0;
    const { scorers, outcomes } = await ended(await storedImages(many), { output }, { before });
    waiting = [];
    expect(scorers[0]?.batches.map((batch) => (batch.kind === 'places' ? batch.offsets.length : 0))).toEqual([
      1024, 1024, 1024, 1024, 904,
    ]);
    expect(scorers[0]?.maxInFlight).toBe(3);
    expect(outcomes.flatMap((one) => one.names)).toEqual(many);
    expect(await readFile(output, 'utf8')).toBe(tableOf(many));
  });
});

describe('bad input', () => {
  it('an id without an image: refused with every such id, or the fallback on request', async () => {
    const images = await storedImages(names);
    const format = await formatOf([names[0] ?? '', 'ISIC_9999999', 'ISIC_8888888']);
    const error = await failureOf(startFake(images, { format }).run.done);
    expect(error).toMatchObject({ code: 'ROWS_MISMATCH' });
    expect(error.message).toContain('"ISIC_9999999"');
    expect(error.message).toContain(':4): no such image');
    const output = await newOutput();
    const { summary, outcomes } = await ended(images, { format, output, onMissing: 'fallback' });
    expect(summary.counts).toMatchObject({ scored: 1, missing: 2 });
    expect(outcomes[0]?.failures.map(({ name, fallback }) => [name, fallback])).toEqual([
      ['ISIC_9999999', 0.25],
      ['ISIC_8888888', 0.25],
    ]);
    const rows = (await readFile(output, 'utf8')).trimEnd().split('\n');
    expect(rows.slice(2)).toEqual(['ISIC_9999999,0.250000000', 'ISIC_8888888,0.250000000']);
    const bare = startFake(images, { format, onMissing: 'fallback' }, { fallback: null });
    expect((await failureOf(bare.run.done)).message).toContain('the model declares no fallback');
  });

  it('names a hundred of very many, and counts the others', async () => {
    const format = await formatOf(Array.from({ length: 300 }, (_, i) => `no_${i}`));
    const { message } = await failureOf(startFake(await storedImages(names), { format }).run.done);
    expect(message).toContain('300 rows do not agree');
    expect(message).toContain('and 200 more');
    expect(message).not.toContain('no_100"');
  });

  it('an id twice in the format, or in an HDF5 file', async () => {
    const format = await formatOf([names[0] ?? '', names[0] ?? '']);
    const inFormat = await failureOf(startFake(await storedImages(names), { format }).run.done);
    expect(inFormat).toMatchObject({ code: 'CSV_INVALID' });
    expect(inFormat.message).toContain('a second time, after line 2');
    const content = Buffer.from('x');
    const twice = await fileWith(
      hdf5File([
        { name: 'a', content },
        { name: 'a', content },
      ]),
      'x.hdf5',
    );
    expect(await failureOf(startFake(twice, {}).run.done)).toMatchObject({ code: 'IMAGES_INVALID' });
  });

  it('two files of one id: refused where both would be scored', async () => {
    const folder = await folderWith({ 'a.jpg': '1', 'a.png': '2', 'b.jpg': '3' });
    const error = await failureOf(startFake(folder, {}).run.done);
    expect(error).toMatchObject({ code: 'CSV_INVALID' });
    expect(error.message).toContain('several images named "a": "a.jpg", "a.png"');
    const wanted = await failureOf(startFake(folder, { format: await formatOf(['a', 'b']) }).run.done);
    expect(wanted).toMatchObject({ code: 'ROWS_MISMATCH' });
    expect(wanted.message).toContain('several images: "a.jpg", "a.png"');
    const { summary } = await ended(folder, { format: await formatOf(['b']) });
    expect(summary.withoutRow).toEqual({ count: 1, examples: ['a'] });
    const listed = startFake([join(folder, 'a.jpg'), join(folder, 'a.png')], {});
    expect(await failureOf(listed.run.done)).toMatchObject({ code: 'INVALID_OPTION' });
  });

  it('a name that no table can carry fails alone, and no row of a format reaches it', async () => {
    const odd = 'line\nfeed';
    const images = await storedImages([...names, odd]);
    const output = await newOutput();
    const { summary, scorers } = await ended(images, { output });
    expect(summary.failures['CSV_INVALID']).toEqual({ count: 1, examples: ['line\\u000afeed'] });
    expect(summary.counts).toMatchObject({ scored: 5, fallback: 1 });
    expect(scorers[0]?.scored).toHaveLength(5);
    expect(await readFile(output, 'utf8')).toContain('line\\u000afeed,0.250000000\n');
    const named = await ended(images, { format: await formatOf(names) });
    expect(named.summary.withoutRow.count).toBe(1);
  });

  it('nothing to score: an empty folder, list and file', async () => {
    const empty = await failureOf(startFake(await folderWith({ 'notes.txt': 'x' }), {}).run.done);
    expect(empty).toMatchObject({ code: 'FILE_NOT_FOUND' });
    expect(empty.message).toContain('no JPEG or PNG file');
    expect(await failureOf(startFake([], {}).run.done)).toMatchObject({ code: 'INVALID_OPTION' });
    const file = await failureOf(startFake(await storedImages([]), {}).run.done);
    expect(file).toMatchObject({ code: 'IMAGES_INVALID' });
    expect(file.message).toContain('has no image');
    expect(await failureOf(startFake('/no/such/folder', {}).run.done)).toMatchObject({ code: 'FILE_NOT_FOUND' });
  });

  it('entries of a file that are no images are told, also where a row names one', async () => {
    const content = Buffer.alloc(300, 7);
    const path = await fileWith(
      hdf5File([
        { name: 'a', content },
        { name: 'packed', content, form: 'compressed' },
      ]),
      'x.hdf5',
    );
    const { summary } = await ended(path, {});
    expect(summary.notRead).toEqual([{ path: `${path}: packed`, reason: 'compressed (deflate)' }]);
    const error = await failureOf(startFake(path, { format: await formatOf(['a', 'packed']) }).run.done);
    expect(error.message).toContain('no image but compressed (deflate)');
  });

  it('HDF5 files with others are refused', async () => {
    const error = await failureOf(startFake([await storedImages(names), await storedImages(names)], {}).run.done);
    expect(error).toMatchObject({ code: 'INVALID_OPTION' });
    expect(error.message).toContain('score them apart');
  });

  it('a file that is written to while it is scored: its scores are of neither', async () => {
    const images = await storedImages(names);
    const output = await newOutput();
    const before = (): Promise<void> => utimes(images, 1, 1);
    const error = await failureOf(startFake(images, { output }, { before }).run.done);
    expect(error).toMatchObject({ code: 'IMAGES_INVALID' });
    expect(error.message).toContain('was written to');
    expect(await readdir(join(output, '..'))).toEqual(['submission.csv.journal']);
  });

  it('options that contradict each other', async () => {
    const images = await storedImages(names);
    const of = async (options: object): Promise<string> =>
      (await failureOf(startFake(images, options).run.done)).message;
    expect(await of({ preset: 'visiomel' })).toContain('is for slides');
    expect(await of({ licenses: ['CC-BY'] })).toContain('was given without metadata');
    expect(await of({ licenses: 'CC-BY', metadata: 'm.csv' })).toContain('an array of strings');
    expect(await of({ licenses: [], metadata: 'm.csv' })).toContain('an array of strings');
    expect(await of({ resume: true })).toContain('resume was given without output');
    expect(await of({ mpp: 0.5 })).toContain('Unknown option "mpp"');
    expect(await of({ format: 'f.csv', onError: 'skip' })).toContain('must all be in the output');
  });
});

describe('metadata', () => {
  const header = 'age_approx,isic_id,copyright_license,note';
  const rows = ['62,A,CC-BY,x', 'sixty,B,CC-BY-NC,"1,5"', ',C,,', '[1:2[,D,CC-BY,nan'];

  it('of mixed types is text: any cell will do in columns that nobody reads', async () => {
    const images = await storedImages(['A', 'B', 'C', 'D']);
    const { summary } = await ended(images, { metadata: await metadataOf([header, ...rows]) });
    expect(summary.counts.scored).toBe(4);
  });

  it('is joined by name; what is missing on either side is refused', async () => {
    const images = await storedImages(['A', 'B', 'E']);
    const error = await failureOf(startFake(images, { metadata: await metadataOf([header, ...rows]) }).run.done);
    expect(error).toMatchObject({ code: 'ROWS_MISMATCH' });
    expect(error.message).toContain('"E": no row in');
    expect(error.message).toContain('"C" (');
    const given = { metadata: await metadataOf([header, ...rows]), onMissing: 'fallback' } as const;
    const { summary } = await ended(images, given);
    expect(summary.counts).toMatchObject({ scored: 2, missing: 1 });
    expect(summary.unusedMetadata).toEqual({ count: 2, examples: ['C', 'D'] });
    const twice = await failureOf(
      startFake(images, { metadata: await metadataOf([header, '1,A,x,y', '1,A,x,y']) }).run.done,
    );
    expect(twice.message).toContain(':3: "A" a second time');
  });

  it('without its columns names them', async () => {
    const images = await storedImages(['A']);
    const of = async (lines: readonly string[], more: object = {}): Promise<string> =>
      (await failureOf(startFake(images, { metadata: await metadataOf(lines), ...more }).run.done)).message;
    expect(await of(['image,x', 'A,1'])).toContain('no column "isic_id"; found "image", "x"');
    expect(await of(['isic_id,x', 'A,1'], { licenses: ['CC-BY'] })).toContain('no column "copyright_license"');
  });

  it('filters by license: others have no row, and are counted', async () => {
    const images = await storedImages(['A', 'B', 'C', 'D']);
    const metadata = await metadataOf([header, ...rows]);
    const output = await newOutput();
    const { summary, scorers } = await ended(images, { metadata, output, licenses: ['CC-BY', 'CC-0'] });
    expect(await readFile(output, 'utf8')).toBe(tableOf(['A', 'D']));
    expect({ ...summary.filtered }).toEqual({
      'CC-BY-NC': { count: 1, examples: ['B'] },
      '': { count: 1, examples: ['C'] },
    });
    expect(scorers[0]?.scored).toEqual([contentOf('A'), contentOf('D')]);
    const none = await failureOf(startFake(images, { metadata, licenses: ['CC BY'] }).run.done);
    expect(none).toMatchObject({ code: 'ROWS_MISMATCH' });
    expect(none.message).toContain('found "CC-BY" (2), "CC-BY-NC" (1), "" (1)');
  });

  it('a row of the format with another license is refused, or gets the fallback on request', async () => {
    const images = await storedImages(['A', 'B', 'C', 'D']);
    const given = {
      metadata: await metadataOf([header, ...rows]),
      format: await formatOf(['B', 'A', 'C', 'D']),
      licenses: ['CC-BY'],
    };
    const error = await failureOf(startFake(images, given).run.done);
    expect(error).toMatchObject({ code: 'ROWS_MISMATCH' });
    expect(error.message).toContain('its license is "CC-BY-NC"');
    expect(error.message).toContain('it has no license');
    const output = await newOutput();
    const { summary } = await ended(images, { ...given, output, onMissing: 'fallback' });
    expect(summary.counts).toMatchObject({ scored: 2, missing: 2 });
    expect(await readFile(output, 'utf8')).toBe(
      `isic_id,target\nB,0.250000000\nA,${cellOf('A')}\nC,0.250000000\nD,${cellOf('D')}\n`,
    );
  });
});

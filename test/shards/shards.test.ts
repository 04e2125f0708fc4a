/** What a shard and a merge refuse, and how they name it. With the real model and the real addon, in this process. */
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  mergeShards,
  scoreDirectory,
  scoreImages,
  scoreImageShard,
  scoreShard,
  type ShardOptions,
} from '../../lib/index.js';
import { hdf5File } from '../images/hdf5-writer.js';
import { folderWith, isicName } from '../images/support.js';
import { failureOf, temporaryFolder } from '../runs/support.js';
import { imagesIn, isBuilt, slidesIn, stateOf } from './support.js';

const machine = { model: 'demo', device: 'cpu', threads: 2 } as const;
const kCount = 3;

let area = '';
/** As they were drawn; each test has copies. */
let drawn = '';
let slides = '';
let parts = '';

beforeAll(async () => {
  area = await mkdtemp(join(tmpdir(), 'microtome-shards-'));
  drawn = await slidesIn(area, 7);
});
afterAll(async () => {
  await rm(area, { recursive: true, force: true });
});
beforeEach(async () => {
  const folder = await temporaryFolder();
  slides = join(folder, 'slides');
  parts = join(folder, 'parts');
  await cp(drawn, slides, { recursive: true, preserveTimestamps: true });
});

async function shard(index: number, more: Partial<ShardOptions> = {}) {
  return scoreShard(slides, { ...machine, shard: { index, count: kCount }, output: parts, ...more }).done;
}

async function all(more: Partial<ShardOptions> = {}): Promise<void> {
  for (let index = 0; index < kCount; ++index) await shard(index, more);
}

const csv = (): string => join(parts, '..', 'merged.csv');
const merge = () => mergeShards(parts, { output: csv() });
const part = (index: number): string => join(parts, `part-0000${index}-of-0000${kCount}`);

describe.skipIf(!isBuilt)('shards of one run', () => {
  it('give the bytes of one process, and say what became of the rows', async () => {
    await writeFile(join(slides, 'broken.tif'), 'no slide');
    await all({ fallback: 0.125 });
    const { machines, ...summary } = await merge();
    expect(summary).toMatchObject({ rows: 8, shards: 3, alreadyComplete: false, clipped: 0, sampled: 0 });
    expect(summary.counts).toEqual({ scored: 7, resumed: 0, fallback: 1, missing: 0, skipped: 0, failed: 0 });
    expect(Object.entries(summary.failures).map(([, found]) => found)).toEqual([
      { count: 1, examples: ['broken.tif'] },
    ]);
    expect(machines.map((found) => found.shards)).toEqual([[0, 1, 2]]);
    const output = join(parts, '..', 'whole.csv');
    await scoreDirectory(slides, { ...machine, fallback: 0.125, output }).done;
    expect(await readFile(csv(), 'utf8')).toBe(await readFile(output, 'utf8'));
  });

  it('leave rows out as one process does, and the merge counts them', async () => {
    await writeFile(join(slides, 'broken.tif'), 'no slide');
    await all({ onError: 'skip' });
    expect((await merge()).counts).toMatchObject({ scored: 7, skipped: 1 });
    const output = join(parts, '..', 'whole.csv');
    await scoreDirectory(slides, { ...machine, onError: 'skip', output }).done;
    expect(await readFile(csv(), 'utf8')).toBe(await readFile(output, 'utf8'));
  });

  it('keep the rows of slides that failed, with their status, as one process does', async () => {
    await writeFile(join(slides, 'broken.tif'), 'no slide');
    const options = { onError: 'skip', statusColumn: 'how', valueColumn: 'a "value", quoted' } as const;
    await all(options);
    expect((await merge()).counts).toMatchObject({ scored: 7, failed: 1 });
    const output = join(parts, '..', 'whole.csv');
    await scoreDirectory(slides, { ...machine, ...options, output }).done;
    expect(await readFile(csv(), 'utf8')).toContain('broken.tif,,failed: NOT_A_SLIDE');
    expect(await readFile(csv(), 'utf8')).toBe(await readFile(output, 'utf8'));
  });

  it('may be more than there are slides', async () => {
    for (let index = 0; index < 9; ++index) await shard(index, { shard: { index, count: 9 } });
    expect((await merge()).counts.scored).toBe(7);
  });

  it('of which one has a slide without a score and without a fallback: that part is missing', async () => {
    await writeFile(join(slides, 'broken.tif'), 'no slide');
    const failures: string[] = [];
    for (let index = 0; index < kCount; ++index)
      await shard(index, { onError: 'error' }).catch((e: Error) => failures.push(e.message));
    expect(failures).toHaveLength(1);
    expect(await failureOf(merge())).toMatchObject({ code: 'SHARD_MISSING' });
    // Repaired, only that shard has something to do.
    await cp(join(drawn, 's00.tif'), join(slides, 'broken.tif'));
    await all({ onError: 'error' });
    expect(await merge()).toMatchObject({ repaired: ['broken.tif'], counts: { scored: 8 } });
  });

  it('are told what the record says of them beside the table', async () => {
    await all();
    const record = JSON.parse(await readFile(`${part(1)}.json`, 'utf8')) as Record<string, unknown>;
    expect(record).toMatchObject({ version: 1, index: 1, count: 3, failed: [], skipped: [] });
    const run = JSON.parse(await readFile(`${part(1)}.run.json`, 'utf8')) as Record<string, unknown>;
    expect(run).toMatchObject({ state: 'finished' });
    const manifest = await readFile(join(parts, 'shards.json'), 'utf8');
    // Other hosts see the files under other paths.
    expect(manifest).not.toContain(slides);
  });

  it('write the files of their own slides into one folder', async () => {
    const files = join(parts, '..', 'files');
    await all({ outputFolder: files });
    expect((await readdir(join(files, 'tiles-csv'))).length).toBe(7);
    expect(await readdir(files)).not.toContain('run-record.json');
    await shard(1, { outputFolder: files });
    await rm(join(files, 'tiles-csv'), { recursive: true });
    expect(await failureOf(shard(1, { outputFolder: files }))).toMatchObject({ code: 'OUTPUT_EXISTS' });
  });

  it('are of lesion images in a folder too, some of them broken or not there', async () => {
    const picture = await readFile(new URL('../../docs/pictures/scored-slide.png', import.meta.url));
    const names = Array.from({ length: 9 }, (_, i) => isicName(i));
    const images = await folderWith(
      Object.fromEntries(names.map((name, i) => [`${name}.png`, i === 4 ? picture.subarray(0, 99) : picture])),
    );
    const format = join(parts, '..', 'format.csv');
    const rows = [...names].reverse();
    await writeFile(format, `isic_id,target\n${['ISIC_7777777', ...rows].map((name) => `${name},0.3\n`).join('')}`);
    const given = { format, onMissing: 'fallback', fallback: 0.25, statusColumn: 'how' } as const;
    const options = { model: 'demo-lesion', device: 'cpu', ...given } as const;
    const output = join(parts, '..', 'whole.csv');
    await scoreImages(images, { ...options, output }).done;
    for (let index = 0; index < kCount; ++index)
      await scoreImageShard(images, { ...options, shard: { index, count: kCount }, output: parts }).done;
    expect((await merge()).counts).toMatchObject({ scored: 8, fallback: 1, missing: 1 });
    expect(await readFile(csv(), 'utf8')).toBe(await readFile(output, 'utf8'));
    await writeFile(join(images, `${names[2]}.png`), picture.subarray(0, -1));
    const run = scoreImageShard(images, { ...options, shard: { index: 0, count: kCount }, output: parts });
    expect((await failureOf(run.done)).message).toContain(`"${names[2]}" had ${picture.length} bytes`);
  });

  it('are of lesion images too, in one file', async () => {
    const images = await imagesIn(40);
    const output = join(parts, '..', 'whole.csv');
    const options = { model: 'demo-lesion', device: 'cpu' } as const;
    await scoreImages(images, { ...options, output }).done;
    for (let index = 0; index < kCount; ++index)
      await scoreImageShard(images, { ...options, shard: { index, count: kCount }, output: parts }).done;
    expect((await merge()).kind).toBe('images');
    expect(await readFile(csv(), 'utf8')).toBe(await readFile(output, 'utf8'));
    await writeFile(images, hdf5File([{ name: 'ISIC_0000000', content: Buffer.from('another') }]));
    const run = scoreImageShard(images, { ...options, shard: { index: 0, count: kCount }, output: parts });
    const refused = await failureOf(run.done);
    expect(refused.code).toBe('SHARD_CONFLICT');
    expect(refused.message).toContain('the file of the images was written to, or is another');
  });
});

describe.skipIf(!isBuilt)('a shard is refused that', () => {
  beforeEach(async () => {
    await shard(0);
  });

  const refusal = async (more: Partial<ShardOptions> = {}): Promise<string> => {
    const before = await stateOf(parts);
    const error = await failureOf(shard(1, more));
    expect(error.code).toBe('SHARD_CONFLICT');
    expect(await stateOf(parts)).toEqual(before);
    return error.message;
  };

  it('has other options: of scores, of the table, of what becomes of failures', async () => {
    expect(await refusal({ tile: { size: 128 } })).toContain('the option tile.size was not given and is 128');
    expect(await refusal({ statusColumn: 'status' })).toContain(
      'the option statusColumn was not given and is "status"',
    );
    expect(await refusal({ onError: 'skip' })).toContain('the option onError was not given and is "skip"');
    expect(await refusal({ fallback: 0.5 })).toContain('the option fallback was not given and is 0.5');
    expect(await refusal({ tilesPerSlide: 4 })).toContain('the option tilesPerSlide was not given and is 4');
  });

  it('has another model', async () => {
    const error = await failureOf(shard(1, { model: 'demo-lesion' }));
    expect(error.code).toBe('SHARD_CONFLICT');
    expect(error.message).toMatch(/the model was "[^"]+" \(sha256 [0-9a-f]{12}…\) and is "[^"]+" \(sha256/);
  });

  it('is one of another number of shards', async () => {
    expect(await refusal({ shard: { index: 1, count: 4 } })).toContain('the number of shards was 3 and is 4');
  });

  it('finds a slide that has changed, another one, and one less', async () => {
    await appendFile(join(slides, 's02.tif'), 'x');
    await rename(join(slides, 's03.tif'), join(slides, 's33.tif'));
    const now = new Date();
    await utimes(join(slides, 's04.tif'), now, now);
    const message = await refusal();
    expect(message).toContain('the list of slides is another (7 rows, now 7)');
    expect(message).toMatch(
      /"s02\.tif" had \d+ bytes and has \d+ bytes; "s04\.tif" was modified since; "s33\.tif" is new/,
    );
    expect(message).toContain('"s03.tif" is not there any more');
  });

  it('has its rows in another order', async () => {
    const format = join(parts, '..', 'format.csv');
    const names = (await readdir(slides)).sort().reverse();
    await writeFile(format, `filename,relapse\n${names.map((name) => `${name},0.5\n`).join('')}`);
    expect(await refusal({ format })).toContain('the rows are in another order');
  });

  it('takes what decides nothing as it comes: threads, memory, where files are', async () => {
    const elsewhere = join(parts, '..', 'elsewhere');
    await rename(slides, elsewhere);
    slides = elsewhere;
    await shard(1, { threads: 1, slidesInFlight: 1 });
    await shard(2, { onError: 'fallback', tissue: {} });
    expect((await merge()).rows).toBe(7);
  });

  it('finds a manifest that is none', async () => {
    await writeFile(join(parts, 'shards.json'), '{"version": 7}');
    expect((await failureOf(shard(1))).message).toContain('does not describe a run of this version');
    await writeFile(join(parts, 'shards.json'), 'no json');
    expect((await failureOf(shard(1))).code).toBe('SHARD_CONFLICT');
  });
});

describe.skipIf(!isBuilt)('a shard', () => {
  it('leaves nothing of a run that its model or its options do not allow', async () => {
    expect(await failureOf(shard(0, { tile: { size: 0 } }))).toMatchObject({ code: 'INVALID_OPTION' });
    expect(await failureOf(shard(0, { device: 'cuda:7' }))).toMatchObject({ code: 'DEVICE_UNAVAILABLE' });
    expect((await readdir(parts).catch(() => [])).filter((name) => !name.endsWith('.lock'))).toEqual([]);
    await all();
  });

  it('refuses an index that is none, and options of whole runs', async () => {
    const bad = (more: object) =>
      failureOf(scoreShard(slides, { ...machine, output: parts, ...more } as ShardOptions).done);
    expect((await bad({ shard: { index: 3, count: 3 } })).message).toContain('shard.index is 3, and shard.count 3');
    expect((await bad({ shard: { index: -1, count: 3 } })).code).toBe('INVALID_OPTION');
    expect((await bad({ shard: { index: 0.5, count: 3 } })).code).toBe('INVALID_OPTION');
    expect((await bad({ shard: { index: 0 } })).message).toContain('shard.count is missing');
    expect((await bad({})).message).toContain('shard');
    expect((await bad({ shard: { index: 0, count: 3 }, provisional: true })).message).toContain(
      'provisional was given',
    );
    expect((await bad({ shard: { index: 0, count: 3 }, runRecord: 'r.json' })).message).toContain(
      'runRecord was given',
    );
  });

  it('does not take a table for its own that is not: it was changed, or has no record', async () => {
    await all();
    const table = await readFile(`${part(1)}.csv`, 'utf8');
    await writeFile(`${part(1)}.csv`, table.replace(/0\.\d{9}/, '0.999999999'));
    expect(await failureOf(shard(1))).toMatchObject({ code: 'OUTPUT_EXISTS' });
    await shard(1, { overwrite: true });
    expect(await readFile(`${part(1)}.csv`, 'utf8')).toBe(table);
    await rm(`${part(1)}.json`);
    expect((await failureOf(shard(1))).message).toContain('is there without its record');
  });
});

describe.skipIf(!isBuilt)('a merge refuses', () => {
  beforeEach(all.bind(null, {}));

  const refusal = async (code: string): Promise<string> => {
    const error = await failureOf(merge());
    expect(error.code).toBe(code);
    expect(await readdir(join(parts, '..'))).not.toContain('merged.csv');
    return error.message;
  };

  it('parts that are missing, all of them by their numbers', async () => {
    for (const index of [0, 2]) await rm(`${part(index)}.csv`);
    expect(await refusal('SHARD_MISSING')).toContain('2 of 3 parts are missing: 0, 2; run the shards');
    await shard(0);
    await shard(2);
    expect((await merge()).rows).toBe(7);
  });

  it('a part that is not finished', async () => {
    await writeFile(`${part(1)}.csv.journal`, '');
    expect(await refusal('SHARD_MISSING')).toContain('1 of 3 are not finished: 1');
  });

  it('a folder in which nothing has begun', async () => {
    const error = await failureOf(mergeShards(slides, { output: csv() }));
    expect(error).toMatchObject({ code: 'SHARD_MISSING' });
    expect(await failureOf(mergeShards(join(slides, 'nowhere'), { output: csv() }))).toMatchObject({
      code: 'FILE_NOT_FOUND',
    });
  });

  it('a part of another run', async () => {
    const own = parts;
    parts = join(own, '..', 'others');
    await all({ fallback: 0.5 });
    for (const ending of ['.csv', '.json']) await cp(`${part(1)}${ending}`, join(own, `part-00001-of-00003${ending}`));
    parts = own;
    expect(await refusal('SHARD_CONFLICT')).toContain(
      'is of another run: its record has the digest of another shards.json',
    );
  });

  it('a part of another number of shards', async () => {
    await cp(`${part(1)}.csv`, join(parts, 'part-00001-of-00004.csv'));
    expect(await refusal('SHARD_CONFLICT')).toContain(
      'part-00001-of-00004.csv, of a run of 4 shards, and shards.json says 3',
    );
  });

  it('a part under the name of another one', async () => {
    for (const ending of ['.csv', '.json']) await cp(`${part(0)}${ending}`, `${part(1)}${ending}`);
    expect(await refusal('SHARD_CONFLICT')).toContain('its record is of shard 0 of 3');
  });

  it('a damaged part, and one without a record', async () => {
    const table = await readFile(`${part(2)}.csv`, 'utf8');
    await writeFile(`${part(2)}.csv`, table.slice(0, -9));
    expect(await refusal('SHARD_CONFLICT')).toMatch(/part-00002-of-00003\.csv is damaged/);
    await writeFile(`${part(2)}.csv`, table);
    await rm(`${part(2)}.json`);
    expect(await refusal('SHARD_CONFLICT')).toContain('is not there');
    await writeFile(`${part(2)}.json`, '{}');
    expect(await refusal('SHARD_CONFLICT')).toContain('it is no record of a part');
  });

  /** A table with its record, as a shard of the run would not write it. */
  async function forge(index: number, change: (text: string) => string): Promise<void> {
    const { createHash } = await import('node:crypto');
    const text = change(await readFile(`${part(index)}.csv`, 'utf8'));
    await writeFile(`${part(index)}.csv`, text);
    const record = JSON.parse(await readFile(`${part(index)}.json`, 'utf8')) as object;
    const table = { bytes: Buffer.byteLength(text), sha256: createHash('sha256').update(text).digest('hex') };
    await writeFile(`${part(index)}.json`, JSON.stringify({ ...record, table }));
  }

  it('rows that are missing, there twice, unknown, or of another shard', async () => {
    const lines = async (index: number): Promise<string[]> =>
      (await readFile(`${part(index)}.csv`, 'utf8')).trimEnd().split('\n').slice(1);
    const [first = '', second = ''] = await lines(0);
    await forge(0, (text) => `${text.replace(`${first}\n`, '')}${second}\nstranger.tif,0.500000000\n`);
    await forge(1, (text) => `${text}${first}\n`);
    const message = await refusal('ROWS_MISMATCH');
    const name = (line: string): string => JSON.stringify(line.split(',')[0]);
    expect(message).toContain(`${name(second)} is there twice (part-00000-of-00003)`);
    expect(message).toContain('"stranger.tif" is unknown (part-00000-of-00003)');
    expect(message).toContain(`${name(first)} is a row of shard 0 (part-00001-of-00003)`);
    expect(message).toContain(`${name(first)} is missing`);
  });

  it('a list of rows that was changed, or names a file elsewhere', async () => {
    const list = (await readdir(parts)).find((name) => name.startsWith('rows-')) ?? '';
    const text = await readFile(join(parts, list), 'utf8');
    await writeFile(join(parts, list), text.replace('s00', 's99'));
    expect(await refusal('SHARD_CONFLICT')).toContain('is damaged: its digest is not that of shards.json');
    await writeFile(join(parts, list), text.slice(0, -5));
    expect(await refusal('SHARD_CONFLICT')).toContain('it is cut short');
    const manifest = await readFile(join(parts, 'shards.json'), 'utf8');
    await writeFile(join(parts, 'shards.json'), manifest.replace(list, '../../etc/passwd'));
    expect(await refusal('SHARD_CONFLICT')).toContain('its members are not those that are expected');
  });

  it('to write over a part, or over something else', async () => {
    expect(await failureOf(mergeShards(parts, { output: `${part(1)}.csv`, overwrite: true }))).toMatchObject({
      code: 'INVALID_OPTION',
    });
    await writeFile(csv(), 'mine');
    expect(await failureOf(merge())).toMatchObject({ code: 'OUTPUT_EXISTS' });
    expect((await mergeShards(parts, { output: csv(), overwrite: true })).alreadyComplete).toBe(false);
    expect((await merge()).alreadyComplete).toBe(true);
    await mkdir(join(parts, '..', 'folder'));
    expect(await failureOf(mergeShards(parts, { output: join(parts, '..', 'folder') }))).toMatchObject({});
  });
});

/** Slides in a real object store, with signed requests: scored by ranged reads, listed, and the table put back. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createScorer,
  openSlide,
  planSlide,
  s3Source,
  scoreDirectory,
  scoreImages,
  scoreSlide,
  type DirectoryOptions,
} from '../../../lib/index.js';
import { encodePng } from '../../../lib/core/png.js';
import { hdf5File } from '../../images/hdf5-writer.js';
import { meanColourModel } from '../../support/models/small-graphs.js';
import { writeSlide } from '../../support/slides.js';
import { allOf, failureOf } from '../support.js';
import { Gateway, keys } from './gateway.js';

const main = join(import.meta.dirname, '../../../dist/cli/main.js');
const program = process.env['MICROTOME_STORE_PROGRAM'] ?? '';
const scratch = mkdtempSync(join(tmpdir(), 'microtome-real-store-'));
const slides = ['case-1.tif', 'case-2.tif', 'case-3.tif'];
const model = join(scratch, 'mean.onnx');
const bucket = 'slides';
let store: Gateway;
let storage: NonNullable<DirectoryOptions['storage']>;

const file = (name: string): string => join(scratch, name);
const options = { model, input: { level: 0 }, activation: 'sigmoid', threads: 1 } as const;
const work = (): string => mkdtempSync(join(scratch, 'work-'));

beforeAll(async () => {
  store = await Gateway.start(program);
  storage = { endpoint: store.endpoint, region: 'us-east-1', retries: 1 };
  process.env['AWS_ACCESS_KEY_ID'] = keys.accessKeyId;
  process.env['AWS_SECRET_ACCESS_KEY'] = keys.secretAccessKey;
  writeFileSync(model, meanColourModel());
  await store.makeBucket(bucket);
  for (const [i, name] of slides.entries()) {
    await writeSlide(file(name), { width: 3000, height: 2000, seed: 40 + i, tissueShare: 0.4 });
    await store.put(bucket, `run/${name}`, readFileSync(file(name)));
  }
  await store.put(bucket, 'run/inner/case-4.tif', readFileSync(file('case-1.tif')));
  await store.put(bucket, 'run/notes.txt', Buffer.from('no slide'));
  await store.put(bucket, 'run/scan.ndpi', Buffer.from('no slide'));
  await store.put(bucket, 'odd/with space + plus & ünï.tif', readFileSync(file('case-2.tif')));
});
afterAll(async () => {
  await store?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

describe('one slide', () => {
  it('has the score of the file, in few requests', async () => {
    const local = await scoreSlide(file('case-1.tif'), options);
    const source = await s3Source(`s3://${bucket}/run/case-1.tif`, { ...storage, credentials: keys });
    const slide = await openSlide(source);
    await slide.close();
    expect(source.traffic.requests).toBeLessThanOrEqual(3);
    expect(source.traffic.bytes).toBeLessThanOrEqual(1_000_000);
    const remote = await scoreSlide(`s3://${bucket}/run/case-1.tif`, { ...options, storage });
    expect(remote.score).toBe(local.score);
    expect(remote.tileCount).toBe(local.tileCount);
    expect(remote.path).toBe(`s3://${bucket}/run/case-1.tif`);
    expect(JSON.stringify(remote)).not.toContain(keys.secretAccessKey);
  });

  it('is opened and planned by its address', async () => {
    await using slide = await openSlide(`s3://${bucket}/run/case-1.tif`, { storage });
    expect([slide.width, slide.height]).toEqual([3000, 2000]);
    const plan = await planSlide(`s3://${bucket}/run/case-1.tif`, { ...options, storage });
    expect(plan.tiles).toBe((await planSlide(file('case-1.tif'), options)).tiles);
  });

  it('a key with spaces, a plus and letters beyond ASCII', async () => {
    const key = 'odd/with space + plus & ünï.tif';
    const remote = await scoreSlide(`s3://${bucket}/${key}`, { ...options, storage });
    expect(remote.score).toBe((await scoreSlide(file('case-2.tif'), options)).score);
    const run = await scoreDirectory(`s3://${bucket}/odd/`, { ...options, storage }).done;
    expect(run.rows.map(({ name }) => name)).toEqual(['with space + plus & ünï.tif']);
  });

  it('that is not there, a bucket that is not there', async () => {
    for (const address of [`s3://${bucket}/run/none.tif`, 's3://no-such-bucket/a.tif']) {
      const error = await failureOf(scoreSlide(address, { ...options, storage }));
      expect(error).toMatchObject({ code: 'FILE_NOT_FOUND', path: address });
    }
  });

  it('that is replaced between two reads is an error by name', async () => {
    await store.put(bucket, 'changing.tif', readFileSync(file('case-1.tif')));
    await using scorer = await createScorer(options);
    const source = await s3Source(`s3://${bucket}/changing.tif`, { ...storage, credentials: keys });
    await store.put(bucket, 'changing.tif', readFileSync(file('case-2.tif')));
    const error = await failureOf(scorer.score(source));
    expect(error).toMatchObject({ code: 'FILE_UNREADABLE', path: `s3://${bucket}/changing.tif` });
    expect(error.message).toContain('was replaced while it was read');
  });
});

describe('credentials', () => {
  const source = (credentials: () => Promise<typeof keys>) =>
    s3Source(`s3://${bucket}/run/case-1.tif`, { ...storage, credentials });

  it('that are refused are looked for once more', async () => {
    let asked = 0;
    const found = await source(async () => (++asked === 1 ? { ...keys, secretAccessKey: 'expired-secret' } : keys));
    expect(found.size).toBe(readFileSync(file('case-1.tif')).length);
    expect(asked).toBe(2);
  });

  it('that are refused again are an error by name, without a secret', async () => {
    const wrong = { ...keys, secretAccessKey: 'planted-wrong-secret' };
    const error = await failureOf(source(async () => wrong));
    expect(error).toMatchObject({ code: 'NETWORK', path: `s3://${bucket}/run/case-1.tif` });
    expect(error.message).toContain('403 (SignatureDoesNotMatch)');
    expect(allOf(error)).not.toMatch(/planted|wrong-secret/);
    const unknown = await failureOf(source(async () => ({ ...keys, accessKeyId: 'planted-id' })));
    // This store calls it 404 (XAdminUserNotFound), Amazon's 403 (InvalidAccessKeyId).
    expect(unknown.message).toMatch(/: the server answered 40[34] \(/);
    expect(allOf(unknown)).not.toContain('planted');
  });

  it('that cannot be had', async () => {
    const error = await failureOf(
      source(async () => {
        throw new Error('planted-secret in a message');
      }),
    );
    expect(error.code).toBe('NETWORK');
    expect(allOf(error)).not.toContain('planted');
  });
});

describe('a folder of a bucket', () => {
  const folder = `s3://${bucket}/run/`;

  it('is listed, scored and put, and the table is that of a local folder', async () => {
    const localFolder = mkdtempSync(join(scratch, 'local-'));
    for (const name of slides) writeFileSync(join(localFolder, name), readFileSync(file(name)));
    await scoreDirectory(localFolder, { ...options, output: file('local.csv') }).done;
    const workFolder = work();
    const output = `s3://${bucket}/out/table.csv`;
    const summary = await scoreDirectory(folder, { ...options, output, storage: { ...storage, workFolder } }).done;
    expect(summary.output).toBe(output);
    expect(await store.text(bucket, 'out/table.csv')).toBe(readFileSync(file('local.csv'), 'utf8'));
    expect(summary.notRead.map(({ path }) => path)).toEqual([`${folder}inner/`, `${folder}scan.ndpi`]);
    expect(readdirSync(workFolder)).toEqual([]);
  });

  it('with its subfolders', async () => {
    const { rows } = await scoreDirectory(folder, { ...options, recursive: true, storage }).done;
    expect(rows.map(({ name }) => name)).toEqual([...slides, 'inner/case-4.tif']);
    expect(rows[3]?.score).toBe(rows[0]?.score);
  });

  it('more pages than one, and a limit on entries', async () => {
    const small = Buffer.from('no slide');
    for (let i = 0; i < 1100; i += 100)
      await Promise.all(Array.from({ length: 100 }, (_, j) => store.put(bucket, `many/${i + j}.txt`, small)));
    await store.put(bucket, 'many/z.tif', readFileSync(file('case-1.tif')));
    const { rows } = await scoreDirectory(`s3://${bucket}/many/`, { ...options, storage }).done;
    expect(rows.map(({ name }) => name)).toEqual(['z.tif']);
    const error = await failureOf(
      scoreDirectory(`s3://${bucket}/many/`, { ...options, storage, maxFolderEntries: 1000 }).done,
    );
    expect(error.code).toBe('LIMIT_EXCEEDED');
  });

  it('a list of addresses and files, one of which is not there', async () => {
    const list = [`${folder}case-1.tif`, file('case-2.tif'), `${folder}none.tif`];
    const { rows } = await scoreDirectory(list, { ...options, storage, onError: 'skip' }).done;
    expect(rows.map(({ name, source, error }) => [name, source, error])).toEqual([
      ['case-1.tif', 'scored', null],
      ['case-2.tif', 'scored', null],
      ['none.tif', 'skipped', 'FILE_NOT_FOUND'],
    ]);
  });

  it('with a format file, which names the slides', async () => {
    writeFileSync(file('format.csv'), 'filename,score\ncase-3.tif,0\ncase-1.tif,0\n');
    const given = { ...options, storage, format: file('format.csv'), idColumn: 'filename', valueColumn: 'score' };
    const { rows } = await scoreDirectory(folder, given).done;
    expect(rows.map(({ name }) => name)).toEqual(['case-3.tif', 'case-1.tif']);
  });
});

describe('a table in a bucket', () => {
  const folder = `s3://${bucket}/run/`;
  const output = `s3://${bucket}/out/kept.csv`;

  it('that is there stays, unless it may be replaced', async () => {
    await store.put(bucket, 'out/kept.csv', Buffer.from('keep me'));
    const given = { ...options, output, storage: { ...storage, workFolder: work() } };
    expect(await failureOf(scoreDirectory(folder, given).done)).toMatchObject({ code: 'OUTPUT_EXISTS', path: output });
    expect(await store.text(bucket, 'out/kept.csv')).toBe('keep me');
    // Nor is it taken for the output of this run.
    const resumed = await failureOf(scoreDirectory(folder, { ...given, resume: true }).done);
    expect(resumed.code).toBe('OUTPUT_EXISTS');
    expect(readdirSync(given.storage.workFolder)).toEqual([]);
    await scoreDirectory(folder, { ...given, overwrite: true }).done;
    expect(await store.text(bucket, 'out/kept.csv')).toContain('case-1.tif');
  });

  it('that somebody puts while the run lasts stays; the run can be resumed to another place', async () => {
    const late = `s3://${bucket}/out/late.csv`;
    const workFolder = work();
    const run = scoreDirectory(folder, { ...options, output: late, storage: { ...storage, workFolder } });
    for await (const _ of run) {
      await store.put(bucket, 'out/late.csv', Buffer.from('another'));
      break;
    }
    await run.done.catch(() => undefined);
    const again = { ...options, output: late, resume: true, storage: { ...storage, workFolder } };
    expect((await failureOf(scoreDirectory(folder, again).done)).code).toBe('OUTPUT_EXISTS');
    expect(await store.text(bucket, 'out/late.csv')).toBe('another');
    expect(readdirSync(workFolder).some((name) => name.endsWith('.journal'))).toBe(true);
  });

  it('a run that was stopped leaves nothing in the bucket, and is resumed', async () => {
    const stopped = `s3://${bucket}/out/stopped.csv`;
    const workFolder = work();
    const given = { ...options, output: stopped, slidesInFlight: 1, storage: { ...storage, workFolder } };
    const run = scoreDirectory(folder, given);
    for await (const _ of run) break;
    await run.done.catch(() => undefined);
    expect(await store.isThere(bucket, 'out/stopped.csv')).toBe(false);
    const summary = await scoreDirectory(folder, { ...given, resume: true }).done;
    expect(summary.counts.resumed).toBeGreaterThan(0);
    expect(await store.text(bucket, 'out/stopped.csv')).toBe(await store.text(bucket, 'out/table.csv'));
    const complete = await scoreDirectory(folder, { ...given, resume: true }).done;
    expect(complete).toMatchObject({ alreadyComplete: true, output: stopped });
    expect(readdirSync(workFolder)).toEqual([]);
  });

  it('a slide that was replaced since it was scored: the run is not resumed', async () => {
    const workFolder = work();
    for (const name of slides) await store.put(bucket, `change/${name}`, readFileSync(file(name)));
    const given = { ...options, output: `s3://${bucket}/out/change.csv`, slidesInFlight: 1 };
    const run = scoreDirectory(`s3://${bucket}/change/`, { ...given, storage: { ...storage, workFolder } });
    for await (const _ of run) break;
    await run.done.catch(() => undefined);
    await store.put(bucket, 'change/case-1.tif', readFileSync(file('case-3.tif')));
    const again = { ...given, resume: true, storage: { ...storage, workFolder } };
    const error = await failureOf(scoreDirectory(`s3://${bucket}/change/`, again).done);
    expect(error.code).toBe('RESUME_REFUSED');
  });

  it('what cannot be written to', async () => {
    const given = { ...options, storage: { ...storage, workFolder: work() } };
    for (const [where, code] of [
      ['https://host/out.csv', 'INVALID_OPTION'],
      ['gs://bucket/out.csv', 'INVALID_OPTION'],
      [`s3://${bucket}/out/`, 'INVALID_OPTION'],
    ] as const)
      expect((await failureOf(scoreDirectory(folder, { ...given, output: where }).done)).code).toBe(code);
    const provisional = { ...given, output: `s3://${bucket}/p.csv`, provisional: true, fallback: 0.5 };
    expect((await failureOf(scoreDirectory(folder, provisional).done)).code).toBe('INVALID_OPTION');
  });
});

describe('lesion images', () => {
  it('in an HDF5 file of a bucket give the table of the local file', async () => {
    const images = await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        const [width, height] = [20 + i, 60 - i];
        const data = Uint8Array.from({ length: 3 * width * height }, (_, k) => (k * (i + 3)) % 251);
        return { name: `ISIC_${1000000 + i}`, content: await encodePng({ data, width, height, channels: 3 }) };
      }),
    );
    const bytes = hdf5File(images);
    writeFileSync(file('images.hdf5'), bytes);
    await store.put(bucket, 'images.hdf5', bytes);
    const machine = { model: 'demo', device: 'cpu', threads: 1 } as const;
    await scoreImages(file('images.hdf5'), { ...machine, output: file('images.csv') }).done;
    const workFolder = work();
    const output = `s3://${bucket}/out/images.csv`;
    const given = { ...machine, output, storage: { ...storage, workFolder } };
    const summary = await scoreImages(`s3://${bucket}/images.hdf5`, given).done;
    expect(summary.output).toBe(output);
    expect(await store.text(bucket, 'out/images.csv')).toBe(readFileSync(file('images.csv'), 'utf8'));
    expect(readdirSync(workFolder)).toEqual([]);
  });

  it('single ones at addresses, and folders of them, are refused', async () => {
    for (const given of [`s3://${bucket}/run/`, [`s3://${bucket}/a.jpg`, `s3://${bucket}/b.jpg`]])
      expect((await failureOf(scoreImages(given, { model: 'demo', storage }).done)).code).toBe('INVALID_OPTION');
  });
});

describe('the command line', () => {
  const cli = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
    new Promise((resolve) => {
      const env = {
        PATH: process.env['PATH'],
        HOME: scratch,
        AWS_ACCESS_KEY_ID: keys.accessKeyId,
        AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
        AWS_REGION: 'us-east-1',
        AWS_ENDPOINT_URL: store.endpoint,
      };
      execFile(process.execPath, [main, ...args], { env, cwd: scratch }, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
      );
    });

  it('scores a folder of a bucket into a table of it, and shows a slide, as the environment says', async () => {
    const output = `s3://${bucket}/out/cli.csv`;
    const how = ['--model', model, '--input-level', '0', '--activation', 'sigmoid'];
    const scored = await cli('score', `s3://${bucket}/run/`, ...how, '--out', output);
    expect(scored).toMatchObject({ code: 0 });
    expect(await store.text(bucket, 'out/cli.csv')).toBe(await store.text(bucket, 'out/table.csv'));
    const shown = await cli('info', `s3://${bucket}/run/case-1.tif`);
    expect(shown).toMatchObject({ code: 0 });
    expect(shown.stdout).toContain('3000 x 2000 px');
    const wrong = await cli('info', `s3://${bucket}/run/none.tif`);
    expect(wrong.stderr).toContain('FILE_NOT_FOUND');
    for (const { stdout, stderr } of [scored, shown, wrong])
      expect(stdout + stderr).not.toContain(keys.secretAccessKey);
  });
});

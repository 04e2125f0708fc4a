/** The parts of a remote source alone: addresses, merging, the limit of requests, and the disk cache. */
import { BodyBuffers } from '../../lib/storage/body-buffers.js';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isReadable, shownAddress } from '../../lib/core/remote-address.js';
import { filePath } from '../../lib/options/check.js';
import { identityOfAddress, nameOfAddress, parseAddress } from '../../lib/storage/address.js';
import { DiskCache } from '../../lib/storage/disk-cache.js';
import { Limiter } from '../../lib/storage/limiter.js';
import { mergeRanges } from '../../lib/storage/merge.js';
import { retryAfterMs } from '../../lib/storage/retry.js';
import { cli } from '../cli/support.js';
import { allOf, failureOf, numbered } from './support.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-storage-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('addresses', () => {
  it.each([
    ['https://ann:secret@host:8443/a/b.tif?sig=secret#secret', 'https://host:8443/a/b.tif', 'b.tif'],
    ['HTTP://host/a%20b.tif', 'http://host/a%20b.tif', 'a b.tif'],
    ['https://host/%E0%A4%A.tif', 'https://host/%E0%A4%A.tif', '%E0%A4%A.tif'],
    ['s3://bucket/a b?c#d.tif', 's3://bucket/a b?c#d.tif', 'a b?c#d.tif'],
  ])('%s is shown as %s and named %s', (given, shown, name) => {
    const address = parseAddress(given);
    expect([address.shown, nameOfAddress(address)]).toEqual([shown, name]);
  });

  it('what cannot be parsed is shown without its secret too', () => {
    for (const text of ['https://ann:secret@', 'https://h/x?secret', 'http://[?secret', 'https://ann:sec@ret@h/x'])
      expect(shownAddress(text)).not.toMatch(/sec|ret/);
    expect(shownAddress('https://h/a\nb')).toBe('https://h/a\\u000ab');
  });

  it.each([
    ['https://user:pa/s-secret@host/x.tif', 'https://…@host/x.tif'],
    ['https://user:pa?s-secret@host/x.tif', 'https://…'],
    ['https://user:12#s-secret@host/x.tif?s-secret', 'https://…'],
    ['HTTPS://user:s-secret@host/x.tif?s-secret', 'https://host/x.tif'],
    ['https://user:s-secret/x.tif', 'https://…'],
    ['s3://AKIAKEY:s-secret@bucket/x.tif', 's3://bucket/x.tif'],
    ['s3://AKIAKEY:s/s-secret@bucket/x.tif', 's3://…@bucket/x.tif'],
    ['s3://bucket/level@2x.tif', 's3://bucket/level@2x.tif'],
    [' https://user:s-secret@host/x.tif?s-secret', 'https://host/x.tif'],
    ['https:/host/x.tif?s-secret', 'https:/host/x.tif'],
    ['\ts3://bucket/x.tif', 's3://bucket/x.tif'],
  ])('%j is taken for an address and shown as %s', async (given, shown) => {
    expect(isReadable(given)).toBe(true);
    expect(shownAddress(given)).toBe(shown);
    const said = await failureOf(Promise.resolve().then(() => filePath('model', given)));
    expect(allOf(said)).not.toContain('s-secret');
    const parsed = await Promise.resolve()
      .then(() => parseAddress(given).shown)
      .catch(allOf);
    expect(parsed).not.toContain('s-secret');
  });

  it('usage errors repeat no secret of an address', async () => {
    for (const argv of [
      ['info', 'a.tif', 'https://h/m?s-secret'],
      ['doctor', ' https://n:s-secret@h/m'],
      ['help', 'score', 'https://h/m?s-secret'],
      ['https://h/m?s-secret'],
      ['score', 'a.tif', '--config', 'https://h/m?s-secret'],
      ['evaluate', 'https://h/m?s-secret', '--labels', 'https://h/m?s-secret'],
      ['score', 'a.tif', '--model', 'demo', '--format', 'https://h/m?s-secret'],
      ['pack', 'https://h/m?s-secret'],
      ['region', 'https://h/m?s-secret', '--out', 'https://h/m?s-secret'],
      ['score', 'a.tif', '--threads', 'https://h/m?s-secret'],
    ]) {
      const { code, stdout, stderr } = await cli(argv);
      expect(code, argv.join(' ')).not.toBe(0);
      expect(stdout + stderr).not.toContain('s-secret');
    }
  });

  it('objects are told apart by all but the parameters of a signature', () => {
    const identity = (text: string): string => identityOfAddress(parseAddress(text));
    expect(identity('https://h/get?id=1')).not.toBe(identity('https://h/get?id=2'));
    expect(identity('https://h/a?X-Amz-Date=1&X-Amz-Signature=2&v=3')).toBe(identity('https://h/a?v=3&X-Amz-Date=9'));
  });
});

describe('merging', () => {
  it('keeps every range whole, wastes little, and makes no request too long', () => {
    const bytes = numbered(4000, 3);
    const ranges = Array.from({ length: 500 }, (_, i) => ({
      offset: (bytes.readUInt32LE(8 * i) % 4_000_000) * 16,
      length: 1 + (bytes.readUInt32LE(8 * i + 4) % 60_000),
    }));
    const merged = mergeRanges(ranges);
    expect(merged.length).toBeLessThan(ranges.length);
    expect(merged.flatMap(({ parts }) => parts).sort((a, b) => a - b)).toEqual([...ranges.keys()]);
    let [read, covered] = [0, 0];
    for (const { offset, length, parts } of merged) {
      expect(length).toBeLessThanOrEqual(4 * 1024 * 1024);
      read += length;
      let end = offset;
      for (const part of parts.map((i) => ranges[i] as (typeof ranges)[0]).sort((a, b) => a.offset - b.offset)) {
        expect(part.offset).toBeGreaterThanOrEqual(offset);
        expect(part.offset + part.length).toBeLessThanOrEqual(offset + length);
        covered += Math.max(0, part.offset + part.length - Math.max(end, part.offset));
        end = Math.max(end, part.offset + part.length);
      }
    }
    expect(read - covered).toBeLessThanOrEqual(0.04 * read);
  });

  it('reads over the smallest gaps, wherever they are', () => {
    const ranges = [0, 100_004, 200_008, 303_000, 403_001].map((offset) => ({ offset, length: 100_000 }));
    const merged = (wasteShare: number, mostBytes: number) =>
      mergeRanges(ranges, { gapBytes: 10_000, wasteShare, mostBytes }).map(({ parts }) => parts);
    expect(merged(0.00002, 1_000_000)).toEqual([
      [0, 1, 2],
      [3, 4],
    ]);
    expect(merged(0.00002, 250_000)).toEqual([[0, 1], [2], [3, 4]]);
    // One gap of four bytes would do: but which?
    expect(merged(0.00001, 1_000_000)).toEqual([[0], [1], [2], [3, 4]]);
  });
});

describe('memory of bodies', () => {
  it('is used again when it was given back, and not before', () => {
    const buffers = new BodyBuffers();
    const first = buffers.take(100_000);
    const second = buffers.take(100_000);
    expect(second.buffer).not.toBe(first.buffer);
    buffers.give(first);
    const third = buffers.take(90_000);
    expect(third.buffer).toBe(first.buffer);
    expect(third).toHaveLength(90_000);
  });

  it('given back twice, or by somebody else, it is not lent twice', () => {
    const buffers = new BodyBuffers();
    const one = buffers.take(1000);
    buffers.give(one);
    buffers.give(one);
    buffers.give(new Uint8Array(64 * 1024));
    expect(buffers.take(1000).buffer).toBe(one.buffer);
    const [a, b] = [buffers.take(1000), buffers.take(1000)];
    expect(new Set([one.buffer, a.buffer, b.buffer]).size).toBe(3);
  });

  it('is not kept without end, nor a large piece for a small body', () => {
    const buffers = new BodyBuffers();
    const large = Array.from({ length: 8 }, () => buffers.take(4 * 1024 * 1024));
    for (const one of large) buffers.give(one);
    expect(large.map(({ buffer }) => buffer)).not.toContain(buffers.take(1000).buffer);
    const again = Array.from({ length: 8 }, () => buffers.take(4 * 1024 * 1024).buffer);
    expect(again.filter((buffer) => large.some((one) => one.buffer === buffer))).toHaveLength(2);
  });
});

describe('the limit of requests', () => {
  it('holds; who waits comes in order; who gives up leaves no place behind', async () => {
    const limiter = new Limiter(1);
    const order: number[] = [];
    let release = (): void => undefined;
    const held = limiter.run(null, () => new Promise<void>((resolve) => (release = resolve)));
    const stop = new AbortController();
    const gone = limiter.run(stop.signal, async () => order.push(0));
    const rest = [1, 2].map((i) => limiter.run(null, async () => order.push(i)));
    stop.abort(new Error('gave up'));
    await expect(gone).rejects.toThrow('gave up');
    expect(order).toEqual([]);
    release();
    await Promise.all([held, ...rest]);
    expect(order).toEqual([1, 2]);
    await expect(limiter.run(stop.signal, async () => 0)).rejects.toThrow('gave up');
    await expect(limiter.run(null, async () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(await limiter.run(null, async () => 7)).toBe(7);
  });
});

it('Retry-After', () => {
  expect([retryAfterMs('3', 0), retryAfterMs('Thu, 01 Jan 1970 00:00:05 GMT', 1000), retryAfterMs('soon', 0)]).toEqual([
    3000,
    4000,
    null,
  ]);
});

describe('the disk cache', () => {
  const open = async (name: string, maxBytes = 2 ** 20): Promise<DiskCache> => {
    const cache = new DiskCache({ folder: join(scratch, name), maxBytes });
    await cache.open();
    return cache;
  };
  const files = (name: string): string[] =>
    readdirSync(join(scratch, name), { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map(({ parentPath, name: file }) => join(parentPath, file));

  it('gives back what was put, to another process too; another object, block or length is not there', async () => {
    const [one, two] = [await open('shared'), await open('shared')];
    const bytes = numbered(5000);
    await one.write('object', 3, bytes);
    expect(await two.read('object', 3, 5000)).toEqual(bytes);
    expect(await two.read('object', 2, 5000)).toBeNull();
    expect(await two.read('other', 3, 5000)).toBeNull();
    expect(two.counts).toMatchObject({ hits: 1, misses: 2, damaged: 0 });
    expect(files('shared').join()).not.toContain('object');
  });

  it.each<[string, (path: string) => void]>([
    ['a changed byte', (path) => writeFileSync(path, readFileSync(path).fill(1, 60, 61))],
    ['a block that was cut short', (path) => writeFileSync(path, readFileSync(path).subarray(0, 100))],
    ['a block that is too long', (path) => writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(9)]))],
    ['an empty file', (path) => writeFileSync(path, '')],
  ])('%s is noticed and removed', async (what, damage) => {
    const name = what.replaceAll(' ', '-');
    const cache = await open(name);
    await cache.write('object', 0, numbered(5000));
    const [path = ''] = files(name);
    damage(path);
    expect(await cache.read('object', 0, 5000)).toBeNull();
    expect(cache.counts.damaged).toBe(1);
    expect(files(name)).toEqual([]);
  });

  it('a block under the name of another one is not taken for it', async () => {
    const cache = await open('renamed');
    await cache.write('object', 0, numbered(5000, 1));
    const [first = ''] = files('renamed');
    await cache.write('object', 1, numbered(5000, 2));
    renameSync(files('renamed').find((path) => path !== first) ?? '', first);
    expect(await cache.read('object', 0, 5000)).toBeNull();
  });

  it('what was not used for longest goes; files of others and links stay and are not followed', async () => {
    const cache = await open('lru');
    const folder = join(scratch, 'lru');
    mkdirSync(join(folder, '00'), { recursive: true });
    writeFileSync(join(folder, '00', 'mine.txt'), 'keep');
    writeFileSync(join(folder, '00', 'mine.tmp'), 'keep');
    const left = join(folder, '00', `${'1'.repeat(64)}.block.01234567-89ab-cdef-0123-456789abcdef.tmp`);
    writeFileSync(left, 'left');
    writeFileSync(join(scratch, 'outside.block'), 'keep');
    symlinkSync(join(scratch, 'outside.block'), join(folder, '00', `${'0'.repeat(64)}.block`));
    const bytes = numbered(65_536);
    await cache.write('object', 0, bytes);
    const [old = ''] = files('lru').filter((path) => path.endsWith('.block') && !path.includes('/0000'));
    for (let block = 1; block < 10; ++block) await cache.write('object', block, bytes);
    for (const path of files('lru')) await utimes(path, 1000, 1000).catch(() => undefined);
    await utimes(old, 1, 1);
    // Read, and so used a moment ago.
    expect(await cache.read('object', 0, 65_536)).toEqual(bytes);
    for (let block = 10; block < 40; ++block) await cache.write('object', block, bytes);
    expect(await cache.read('object', 1, 65_536)).toBeNull();
    expect(await cache.read('object', 39, 65_536)).toEqual(bytes);
    const total = files('lru').filter((path) => path.endsWith('.block')).length * 65_536;
    expect(total).toBeLessThanOrEqual(2 ** 20);
    for (const name of ['mine.txt', 'mine.tmp']) expect(readFileSync(join(folder, '00', name), 'utf8')).toBe('keep');
    expect(existsSync(left)).toBe(false);
    expect(readFileSync(join(scratch, 'outside.block'), 'utf8')).toBe('keep');
  });

  it('a folder that cannot be used is an error; a block that cannot be written is none', async () => {
    writeFileSync(join(scratch, 'file'), '');
    expect((await failureOf(open('file'))).code).toBe('INVALID_OPTION');
    const cache = await open('gone');
    rmSync(join(scratch, 'gone'), { recursive: true });
    writeFileSync(join(scratch, 'gone'), '');
    await cache.write('object', 0, numbered(10));
    expect(cache.counts.unwritten).toBe(1);
    expect(await cache.read('object', 0, 10)).toBeNull();
  });
});

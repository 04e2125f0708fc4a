import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import type { ByteSource, Input } from '../../lib/slide/byte-source.js';
import { fileSource, placeOf } from '../../lib/slide/byte-source.js';
import { bridgeTo } from '../../lib/slide/source-bridge.js';
import { failure, temporaryFolder } from './support/bundle.js';
import { RemoteSlide } from '../../lib/storage/remote-slide.js';

describe('inputs', () => {
  const path = join(temporaryFolder(), 'a slide.tif');
  writeFileSync(path, Buffer.from('0123456789'));

  it('are paths, file: URLs and file sources', async () => {
    expect(placeOf(path)).toEqual({ name: path, at: path });
    expect(placeOf(pathToFileURL(path)).at).toBe(path);
    expect(placeOf(pathToFileURL(path).href).at).toBe(path);
    const source = await fileSource(path);
    expect(source.size).toBe(10);
    expect(placeOf(source).at).toBe(path);
  });
  it.each([
    ['http://host/a.tif', 'http://host/a.tif'],
    ['https://ann:secret@host/a%20b.tif?sig=secret#secret', 'https://host/a%20b.tif'],
    ['S3://bucket/a b?.tif', 's3://bucket/a b?.tif'],
    [new URL('s3://bucket/a%20b.tif'), 's3://bucket/a b.tif'],
  ])('%s is an address, named %s', (address, name) => {
    const place = placeOf(address);
    expect(place.name).toBe(name);
    expect(place.at).toBeInstanceOf(RemoteSlide);
  });
  it.each(['gs://bucket/a.tif', 'az://box/a.tif', 'ftp://host/a.tif', 'abfss://box@host/a.tif'])(
    '%s is refused with NETWORK',
    async (address) => {
      const { message, advice } = await failure(() => placeOf(address), 'NETWORK');
      expect(message).toContain('s3:// addresses, not from');
      expect(advice).toContain('download it');
    },
  );
  it('other URLs, sources and types are refused by name', async () => {
    await failure(() => placeOf(new URL('ftp://host/a.tif')), 'NETWORK');
    await failure(() => placeOf(new URL('file://host/a.tif')), 'INVALID_OPTION');
    const own: ByteSource = { size: 1, read: async () => [] };
    expect(placeOf(own)).toEqual({ name: 'byte source', at: own });
    expect(placeOf({ ...own, name: 'slide 7' }).name).toBe('slide 7');
    for (const wrong of [{ size: -1 }, { size: 0.5 }, { read: 5 }, { name: '' }, { timeoutMs: 0 }])
      await failure(() => placeOf({ ...own, ...wrong } as unknown as Input), 'INVALID_OPTION');
    for (const odd of ['', 'a\0b', 5, null, undefined])
      await failure(() => placeOf(odd as unknown as Input), 'INVALID_OPTION');
  });
  it('bytes in memory are refused, with the byte source that reads them', async () => {
    for (const bytes of [new Uint8Array(9), Buffer.from('II*'), new ArrayBuffer(9), new Blob(['II*'])]) {
      const error = await failure(() => placeOf(bytes as unknown as Input), 'INVALID_OPTION');
      expect(error.message).toContain('Expected a path, an address, a file: URL or a byte source for slide');
      expect(error.advice).toContain('pass bytes in memory as a byte source: { size: bytes.length, read:');
    }
  });
  it('a time limit beyond what a timer can wait for is not over at once', async () => {
    // Later than a timer that was asked for too much.
    const read = (ranges: readonly { length: number }[]) =>
      new Promise<Uint8Array[]>((settle) => {
        setTimeout(() => settle(ranges.map(({ length }) => new Uint8Array(length))), 20);
      });
    const answers = { answer: vi.fn(), fail: vi.fn() };
    const settled = new Promise<void>((done) => {
      answers.answer.mockImplementation(() => done());
      answers.fail.mockImplementation(() => done());
    });
    const source = bridgeTo({ size: 8, timeoutMs: 2 ** 40, read }, 'slow');
    source.read(1, Float64Array.of(0), Float64Array.of(8), answers);
    await settled;
    expect(answers.fail).not.toHaveBeenCalled();
    expect(answers.answer).toHaveBeenCalledOnce();
  });
  it('a file source reads ranges', async () => {
    const source = await fileSource(path);
    const parts = await source.read([
      { offset: 2, length: 3 },
      { offset: 9, length: 1 },
    ]);
    expect(parts.map((p) => Buffer.from(p).toString())).toEqual(['234', '9']);
    await failure(() => source.read([{ offset: 8, length: 3 }]), 'TRUNCATED');
    const reason = new Error('enough');
    await expect(source.read([], AbortSignal.abort(reason))).rejects.toBe(reason);
  });
  it('a file source is a regular file', async () => {
    await failure(() => fileSource(join(path, 'none')), 'FILE_NOT_FOUND');
    const folder = join(temporaryFolder(), 'folder.tif');
    mkdirSync(folder);
    await failure(() => fileSource(folder), 'NOT_A_SLIDE');
  });
});

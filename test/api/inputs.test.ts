import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ByteSource, Input } from '../../lib/slide/byte-source.js';
import { fileSource, inputPath } from '../../lib/slide/byte-source.js';
import { failure, temporaryFolder } from './support/bundle.js';

describe('inputs', () => {
  const path = join(temporaryFolder(), 'a slide.tif');
  writeFileSync(path, Buffer.from('0123456789'));

  it('are paths, file: URLs and file sources', async () => {
    expect(inputPath(path)).toBe(path);
    expect(inputPath(pathToFileURL(path))).toBe(path);
    expect(inputPath(pathToFileURL(path).href)).toBe(path);
    const source = await fileSource(path);
    expect(source.size).toBe(10);
    expect(inputPath(source)).toBe(path);
  });
  it.each(['http://host/a.tif', 'https://host/a.tif', 'S3://bucket/a.tif'])(
    '%s is refused with NETWORK',
    async (address) => {
      expect((await failure(() => inputPath(address), 'NETWORK')).message).toContain('files only');
    },
  );
  it('other URLs, sources and types are refused by name', async () => {
    await failure(() => inputPath(new URL('https://host/a.tif')), 'NETWORK');
    await failure(() => inputPath(new URL('file://host/a.tif')), 'INVALID_OPTION');
    const own: ByteSource = { size: 1, read: async () => [] };
    expect((await failure(() => inputPath(own), 'INVALID_OPTION')).message).toContain('fileSource()');
    for (const odd of ['', 'a\0b', 5, null, undefined])
      await failure(() => inputPath(odd as unknown as Input), 'INVALID_OPTION');
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

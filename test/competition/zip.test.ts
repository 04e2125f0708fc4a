// The zip as Python's zipfile and unzip read it, and its bytes: the same in every zone, whatever the modes and times on disk.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, readlink, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { fileAt, filesBelow, hashed } from '../../lib/competition/pack/files.js';
import { byName, type HashedFile } from '../../lib/competition/pack/packed-file.js';
import { writeZip } from '../../lib/competition/pack/zip.js';
import { elfFile } from './support/elf-file.js';
import { folderOf } from './support/folder.js';

const contents: Readonly<Record<string, Uint8Array | string>> = {
  'main.py': 'print("x")\n',
  'microtome/a.json': '{}',
  'microtome/b/empty': '',
  'microtome/b/random.bin': Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i * 7919) >> 5)),
  'microtome/bin/program': elfFile(),
  'microtome/bin/script': '#!/bin/sh\n',
  'microtome/modèle.onnx': 'weights',
};

async function listed(folder: string): Promise<readonly HashedFile[]> {
  const names = await filesBelow(folder);
  return [
    ...(await hashed(
      names.map((name) => fileAt('package', name, join(folder, name))),
      null,
    )),
  ].sort(byName);
}

async function zipped(folder: string, name = 'out.zip'): Promise<Buffer> {
  const place = await folderOf();
  const written = await writeZip(join(place, name), await listed(folder), false, null);
  const bytes = await readFile(join(place, name));
  expect(written).toEqual({ bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
  expect(await readdir(place)).toEqual([name]);
  return bytes;
}

const zone = process.env['TZ'];
afterEach(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

describe('the zip', () => {
  it('is read back by Python: names in order, bytes, modes, one time', async () => {
    const place = await folderOf({ 'out.zip': await zipped(await folderOf(contents)) });
    const script = `import json, sys, zipfile, hashlib
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
print(json.dumps([[i.filename, i.file_size, hashlib.sha256(z.read(i)).hexdigest(), oct(i.external_attr >> 16), i.date_time, len(i.extra)] for i in z.infolist()]))`;
    const read = JSON.parse(
      execFileSync('python3', ['-I', '-c', script, join(place, 'out.zip')], { encoding: 'utf8' }),
    );
    const programs = ['main.py', 'microtome/bin/program', 'microtome/bin/script'];
    const wanted = Object.entries(contents).map(([name, content]) => {
      const bytes = Buffer.from(content);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const mode = programs.includes(name) ? '0o100755' : '0o100644';
      return [name, bytes.length, sha256, mode, [2000, 1, 1, 12, 0, 0], 0];
    });
    expect(read).toEqual(wanted);
  });

  it('has the same bytes in every time zone, whatever is on disk beside the bytes of the files', async () => {
    const folder = await folderOf(contents);
    process.env['TZ'] = 'UTC';
    const first = await zipped(folder);
    process.env['TZ'] = 'Pacific/Kiritimati';
    await utimes(join(folder, 'main.py'), 1, 1);
    await chmod(join(folder, 'main.py'), 0o600);
    await chmod(join(folder, 'microtome/a.json'), 0o777);
    expect((await zipped(folder, 'other.zip')).equals(first)).toBe(true);
    process.env['TZ'] = 'America/Los_Angeles';
    expect((await zipped(folder)).equals(first)).toBe(true);
    await writeFile(join(folder, 'microtome/a.json'), '[]');
    expect((await zipped(folder)).equals(first)).toBe(false);
  });

  it('replaces only what it may', async () => {
    const files = await listed(await folderOf(contents));
    const place = await folderOf({ 'out.zip': 'older' });
    const path = join(place, 'out.zip');
    await expect(writeZip(path, files, false, null)).rejects.toMatchObject({ code: 'OUTPUT_EXISTS', path });
    expect(await readFile(path, 'utf8')).toBe('older');
    await writeZip(path, files, true, null);
    expect((await stat(path)).size).toBeGreaterThan(1000);
    await mkdir(join(place, 'folder.zip'));
    await expect(writeZip(join(place, 'folder.zip'), files, true, null)).rejects.toMatchObject({
      code: 'OUTPUT_EXISTS',
    });
    expect(await readdir(place)).toEqual(['folder.zip', 'out.zip']);
  });

  it('is not there when a file changes meanwhile, when the work is ended, and when it has no folder', async () => {
    const folder = await folderOf(contents);
    const files = await listed(folder);
    const place = await folderOf();
    const path = join(place, 'out.zip');
    const reason = new Error('enough');
    await expect(writeZip(path, files, false, AbortSignal.abort(reason))).rejects.toBe(reason);
    await writeFile(join(folder, 'microtome/a.json'), '[]');
    await expect(writeZip(path, files, false, null)).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringContaining('microtome/a.json was written to while the zip was made'),
    });
    await writeFile(join(folder, 'microtome/a.json'), '[1, 2, 3]');
    await expect(writeZip(path, files, false, null)).rejects.toThrow();
    expect(await readdir(place)).toEqual([]);
    await expect(writeZip(join(place, 'no/out.zip'), files, false, null)).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
    });
  });
});

/** Files of the folder that this process has open. */
async function openIn(folder: string): Promise<readonly string[]> {
  const handles = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
  return (await Promise.all(handles)).filter((path) => path.startsWith(folder));
}

describe('a zip that cannot be written to its end', () => {
  it('leaves no file open', async () => {
    const big = Buffer.from(Array.from({ length: 2_000_000 }, (_, i) => (i * i * 7919) >> 7));
    const folder = await folderOf({ 'a.bin': big, 'b.bin': big });
    const files = await listed(folder);
    // Asked before each piece of a file: this one ends the work in the midst of the first file.
    const reason = new Error('enough');
    let asked = 0;
    const signal = {
      reason,
      get aborted() {
        return ++asked > 5;
      },
    } as unknown as AbortSignal;
    const place = await folderOf();
    await expect(writeZip(join(place, 'out.zip'), files, false, signal)).rejects.toBe(reason);
    expect(asked).toBeLessThan(10);
    await vi.waitFor(async () => expect(await openIn(folder)).toEqual([]), 10_000);
    expect(await readdir(place)).toEqual([]);
  });
});

describe('names in the zip', () => {
  it.each(['../x', 'a//b', '/x', 'a/./b', 'a\\b', 'C:x', 'a\nb', 'x'.repeat(1001)])('%j is refused', (name) => {
    expect(() => fileAt('model', name, '/x')).toThrow(/is no name for a file of a zip/);
  });

  it('are in the order of their bytes', () => {
    const names = ['ä', 'a', 'Z', 'a/b', 'a.b', '\u{1f600}', '\ufffd'];
    const sorted = names.map((name) => fileAt('model', name, '/x')).sort(byName);
    expect(sorted.map(({ name }) => name)).toEqual(['Z', 'a', 'a.b', 'a/b', 'ä', '\ufffd', '\u{1f600}']);
  });
});

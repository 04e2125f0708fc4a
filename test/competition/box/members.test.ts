/** What is in the zip: the layout that the organisers unpack, and binaries that run on an old system. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { byVersion, elfFiles, highest, type ElfNeeds } from './support/elf.js';
import { bundleOf, submissionOf } from './support/submission.js';
import { microtome, tools } from './support/tools.js';

let zip = '';
let names: readonly string[] = [];
let elves: readonly ElfNeeds[] = [];

beforeAll(async () => {
  zip = await submissionOf('second');
  names = execFileSync('unzip', ['-Z1', zip], { encoding: 'utf8' }).trimEnd().split('\n');
  const folder = await mkdtemp(join(tools.scratch, 'members-'));
  execFileSync('unzip', ['-q', zip, '-d', folder]);
  elves = elfFiles(folder);
});

describe('the members of the zip', () => {
  it('are main.py at the root and one folder', () => {
    expect(names).toContain('main.py');
    expect(names.filter((name) => !name.startsWith('microtome/'))).toEqual(['main.py']);
    for (const name of ['node/bin/node', 'manifest.json', 'model/microtome.json'])
      expect(names).toContain(`microtome/${name}`);
  });

  it('are the bytes of the bundle', async () => {
    const folder = await bundleOf('second');
    const packed = execFileSync('unzip', ['-p', zip, 'microtome/model/trunk.onnx'], { maxBuffer: 64 << 20 });
    expect(packed.equals(await readFile(join(folder, 'trunk.onnx')))).toBe(true);
  });

  it('are the same bytes when they are packed again, in another time zone', async () => {
    const again = join(await mkdtemp(join(tools.scratch, 'again-')), 'submission.zip');
    await microtome(['pack', '--model', await bundleOf('second'), '--out', again], { TZ: 'Asia/Tokyo' });
    const hash = async (path: string): Promise<string> =>
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex');
    expect(await hash(again)).toBe(await hash(zip));
  });
});

describe('the binaries', () => {
  it('are there: Node.js, the addon, libjpeg-turbo, ONNX Runtime, libvips', () => {
    const paths = elves.map(({ path }) => path);
    for (const name of ['/node', '/microtome.glibc.node', 'libturbojpeg.so.0', 'libonnxruntime.so.1', 'libvips-cpp.so'])
      expect(
        paths.some((path) => path.includes(name)),
        name,
      ).toBe(true);
  });

  it('need glibc 2.28 at most', () => {
    for (const elf of elves) {
      const needed = highest('GLIBC', elf);
      expect(needed === null || byVersion(needed, [2, 28]) <= 0, `${elf.path} ${needed?.join('.')}`).toBe(true);
    }
    // The reading is no empty one.
    expect(elves.filter((elf) => highest('GLIBC', elf) !== null).length).toBeGreaterThanOrEqual(5);
  });

  it('need no newer libstdc++ than that of Ubuntu 20.04, or bring their own', () => {
    const own = elves.map(({ path }) => path.slice(path.lastIndexOf('/') + 1));
    const foreign = elves.filter(({ libraries }) => libraries.some((name) => name.startsWith('libstdc++')));
    if (own.includes('libstdc++.so.6')) return;
    for (const elf of foreign) {
      const needed = highest('GLIBCXX', elf) ?? [0];
      expect(byVersion(needed, [3, 4, 28]), `${elf.path} ${needed.join('.')}`).toBeLessThanOrEqual(0);
    }
  });

  it('need nothing else of the system than the C and C++ libraries', () => {
    const system = /^(?:lib(?:c|m|dl|rt|pthread|resolv|stdc\+\+|gcc_s)\.so\.\d+|ld-linux-x86-64\.so\.2)$/;
    const own = elves.map(({ path }) => path.slice(path.lastIndexOf('/') + 1));
    for (const { path, libraries } of elves) {
      const unknown = libraries.filter((name) => !system.test(name) && !own.includes(name));
      expect([path, ...unknown]).toEqual([path]);
    }
  });
});

// What the check of binaries says of a zip whose libraries are missing, too new, or in the wrong part.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkBinaries } from '../../lib/competition/pack/check-binaries.js';
import { fileAt, hashed } from '../../lib/competition/pack/files.js';
import type { PartName } from '../../lib/competition/pack/packed-file.js';
import { boxHas, highest } from '../../lib/competition/pack/versions.js';
import { elfFile, type ElfParts } from './support/elf-file.js';
import { folderOf } from './support/folder.js';

interface Given {
  readonly part?: PartName;
  readonly elf?: ElfParts;
}

/** Files by their names in the zip. */
async function check(files: Readonly<Record<string, Given>>) {
  const contents = Object.fromEntries(Object.entries(files).map(([name, { elf }]) => [name, elfFile(elf)]));
  const folder = await folderOf(contents);
  const listed = Object.entries(files).map(([name, { part = 'package' }]) => fileAt(part, name, join(folder, name)));
  return checkBinaries(await hashed(listed, null));
}

describe('the check of binaries', () => {
  it('says the newest versions that are needed', async () => {
    const needs = { 'libc.so.6': ['GLIBC_2.9', 'GLIBC_2.28'], 'libstdc++.so.6': ['GLIBCXX_3.4.21', 'CXXABI_1.3.9'] };
    expect(await check({ 'a/x.node': { elf: { needed: ['libc.so.6', 'libstdc++.so.6'], needs } }, 'a/y': {} })).toEqual(
      {
        glibc: '2.28',
        libstdcxx: '3.4.21',
      },
    );
    expect(await check({ 'a/y': {} })).toEqual({ glibc: null, libstdcxx: null });
  });

  it.each([
    ['GLIBC_2.29', 'libc.so.6', 'at most 2.28 is allowed'],
    ['GLIBC_2.34', 'libc.so.6', 'at most 2.28 is allowed'],
    ['GLIBC_3', 'libc.so.6', 'at most 2.28 is allowed'],
    ['GLIBC_PRIVATE', 'libc.so.6', 'the machine of the challenge does not have it'],
    ['GLIBC_ABI_DT_RELR', 'libc.so.6', 'the machine of the challenge does not have it'],
    ['GLIBCXX_3.4.29', 'libstdc++.so.6', 'at most 3.4.28 is allowed'],
    ['CXXABI_1.3.13', 'libstdc++.so.6', 'at most 1.3.12 is allowed'],
    ['GCC_12.0.0', 'libgcc_s.so.1', 'at most 7.0.0 is allowed'],
    ['STRANGE_1', 'libc.so.6', 'the machine of the challenge does not have it'],
  ])('refuses a need of %s by the name of the file', async (version, library, allowed) => {
    const elf = { needed: [library], needs: { [library]: [version] } };
    await expect(check({ 'a/prebuilds/x.node': { elf } })).rejects.toMatchObject({
      code: 'UNSUPPORTED_PLATFORM',
      message: expect.stringMatching(
        new RegExp(
          `^a/prebuilds/x\\.node needs ${version} of ${library.replaceAll('+', '\\+')}; ${allowed}; .*npm run prebuilds`,
        ),
      ),
    });
  });

  it('names the highest version of each family, once', async () => {
    const needs = {
      'libc.so.6': ['GLIBC_2.9', 'GLIBC_2.34', 'GLIBC_2.36', 'GLIBC_2.32'],
      'libstdc++.so.6': ['GLIBCXX_3.4.30', 'GLIBCXX_3.4.9'],
    };
    await expect(check({ 'a/x': { elf: { needed: Object.keys(needs), needs } } })).rejects.toThrow(
      /^a\/x needs GLIBC_2\.36 of libc\.so\.6; at most 2\.28 is allowed; a\/x needs GLIBCXX_3\.4\.30 of [^;]*; at most 3\.4\.28 is allowed; take/,
    );
  });

  it('lets a weak need of a newer version pass', async () => {
    await check({ 'a/x': { elf: { needed: ['libc.so.6'], needs: { 'libc.so.6': ['?GLIBC_2.34'] } } } });
  });

  it('reports needs of the machine only, and only those without which the program does not run', async () => {
    const needs = { 'libc.so.6': ['GLIBC_2.14', '?GLIBC_2.34'], 'libown.so': ['GLIBC_2.99', 'GLIBCXX_3.4.99'] };
    const own = { elf: { versions: ['GLIBC_2.99', 'GLIBCXX_3.4.99'] } };
    expect(await check({ 'a/x': { elf: { needed: Object.keys(needs), needs } }, 'a/libown.so': own })).toEqual({
      glibc: '2.14',
      libstdcxx: null,
    });
  });

  it('refuses a library that is nowhere, with all that miss one', async () => {
    const files = { 'a/x.so': { elf: { needed: ['libnode.so.108'] } }, 'a/y.so': { elf: { needed: ['libz.so.1'] } } };
    await expect(check(files)).rejects.toMatchObject({
      code: 'RUNTIME_MISSING',
      message: expect.stringMatching(/a\/x\.so needs libnode\.so\.108, which is nowhere; a\/y\.so needs libz\.so\.1/),
    });
  });

  it('shows ten problems and counts the others', async () => {
    const needed = Array.from({ length: 13 }, (_, i) => `lib${i}.so`);
    await expect(check({ 'a/x.so': { elf: { needed } } })).rejects.toThrow(/lib9\.so, which is nowhere; and 3 more; /);
  });

  it('refuses a program whose loader the machine does not have, by name', async () => {
    await check({ 'a/node': { elf: { interpreter: '/lib64/ld-linux-x86-64.so.2' } } });
    for (const interpreter of ['/lib/ld-musl-x86_64.so.1', '/opt/glibc/ld-linux-x86-64.so.2', ''])
      await expect(check({ 'a/node': { elf: { interpreter } } })).rejects.toMatchObject({
        code: 'UNSUPPORTED_PLATFORM',
        message: expect.stringContaining(`a/node is started by the loader ${interpreter}; the machine`),
      });
  });

  it('does not check code for a GPU (.cubin) as a program of the machine', async () => {
    const files = { 'r/x.cubin': { part: 'runtime', elf: { machine: 190, needed: ['libnowhere.so'] } } } as const;
    expect(await check(files)).toEqual({ glibc: null, libstdcxx: null });
  });

  it('refuses a binary for another processor', async () => {
    await expect(check({ 'a/x.so': { elf: { machine: 183 } } })).rejects.toMatchObject({
      code: 'UNSUPPORTED_PLATFORM',
      message: expect.stringContaining('a/x.so is built for another kind of machine than x86-64'),
    });
  });

  describe('of a GPU stack', () => {
    const stack = (elf: ElfParts): Given => ({ part: 'runtime', elf });

    it('takes libraries of the stack, of the zip and of the driver', async () => {
      await check({
        'r/libort.so': stack({
          needed: ['libcudart.so.11.0', 'libonnx.so.1', 'libcuda.so.1', 'libc.so.6'],
          needs: { 'libcudart.so.11.0': ['libcudart.so.11.0'] },
        }),
        'r/libcudart.so.11.0': stack({ versions: ['libcudart.so.11.0'] }),
        'a/libonnx.so.1': {},
      });
    });

    it('does not let the rest of the zip depend on the stack or on the driver', async () => {
      for (const library of ['libcudart.so.11.0', 'libcuda.so.1']) {
        const files = { 'r/libcudart.so.11.0': stack({}), 'a/x.node': { elf: { needed: [library] } } };
        await expect(check(files)).rejects.toMatchObject({ code: 'RUNTIME_MISSING' });
      }
    });

    it('refuses a version that the library of the stack does not have', async () => {
      const user = stack({ needed: ['libcudnn.so.8'], needs: { 'libcudnn.so.8': ['libcudnn.so.8.5'] } });
      const files = { 'r/libort.so': user, 'r/libcudnn.so.8': stack({ versions: ['libcudnn.so.8'] }) };
      await expect(check(files)).rejects.toThrow(
        'r/libort.so needs libcudnn.so.8.5 of libcudnn.so.8, but r/libcudnn.so.8 does not have it',
      );
      await check({ ...files, 'r/libcudnn.so.8': stack({}) });
    });

    it('refuses a need of a newer C++ library also where the stack brings one: Node.js opens that of the machine', async () => {
      const needs = { 'libstdc++.so.6': ['GLIBCXX_3.4.30'], 'libgcc_s.so.1': ['GCC_12.0.0'] };
      const files = {
        'r/libort.so': stack({ needed: Object.keys(needs), needs }),
        'r/libstdc++.so.6': stack({ versions: ['GLIBCXX_3.4', 'GLIBCXX_3.4.30'] }),
        'r/libgcc_s.so.1': stack({ versions: ['GCC_12.0.0'] }),
      };
      await expect(check(files)).rejects.toMatchObject({
        code: 'UNSUPPORTED_PLATFORM',
        message: expect.stringMatching(
          /^r\/libort\.so needs GLIBCXX_3\.4\.30 of [^;]*; at most 3\.4\.28 is allowed; r\/libort\.so needs GCC_12\.0\.0 of .*Node\.js opens the libraries of the machine/,
        ),
      });
    });
  });
});

describe('versions', () => {
  it('are compared as numbers', () => {
    expect(highest(['GLIBC_2.9', 'GLIBC_2.17', 'GLIBC_2.2.5', 'GLIBCXX_3.4'], 'GLIBC')).toBe('2.17');
    expect(['GLIBC_2.28', 'GLIBC_2.2.5', 'CXXABI_FLOAT128'].every(boxHas)).toBe(true);
    expect(['GLIBC_2.28.1', 'GLIBC_', 'GLIBC_2.', 'GLIBC_2.x', 'GLIBC'].some(boxHas)).toBe(false);
  });
});

// Which GPUs a library has code for, and what is refused where it has none for the named one.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDeviceCode, runsOn } from '../../lib/core/elf/device-code.js';
import { checkDeviceCode } from '../../lib/competition/pack/check-device-code.js';
import { hashed } from '../../lib/competition/pack/files.js';
import { collectRuntime } from '../../lib/competition/pack/collect-runtime.js';
import { deviceCode, deviceModule, elfFile, type Code } from './support/elf-file.js';
import { folderOf } from './support/folder.js';

const withCode = (code: Uint8Array, section = '.nv_fatbin'): Buffer => elfFile({ sections: { [section]: code } });

async function codeOf(file: Uint8Array) {
  const folder = await folderOf({ 'lib.so': file });
  return readDeviceCode(join(folder, 'lib.so'), 'lib.so');
}

async function check(files: Readonly<Record<string, Uint8Array>>, name: string, asked = true) {
  const folder = await folderOf(files);
  return checkDeviceCode(await hashed((await collectRuntime(folder)).files, null), { name, asked });
}

describe('device code', () => {
  const modules: readonly (readonly Code[])[] = [
    [
      { kind: 'cubin', sm: 35 },
      { kind: 'cubin', sm: 90, bytes: 8 },
      { kind: 'ptx', sm: 90 },
    ],
    [{ kind: 'ptx', sm: 50 }],
    [{ kind: 'other', sm: 35 }],
  ];
  const found = [
    [
      { kind: 'machine', architecture: 35 },
      { kind: 'machine', architecture: 90 },
      { kind: 'assembly', architecture: 90 },
    ],
    [{ kind: 'assembly', architecture: 50 }],
    [],
  ];

  it.each(['.nv_fatbin', '__nv_relfatbin'])('is listed from the section %s', async (section) => {
    expect(await codeOf(withCode(deviceCode(modules), section))).toEqual(found);
  });

  it('is listed whatever zeros lie between the modules', async () => {
    for (const padding of [0, 8, 4000, 200_000])
      expect(await codeOf(withCode(deviceCode(modules, padding)))).toEqual(found);
  });

  it.each([
    ['no such section', elfFile({ sections: { '.text': Buffer.alloc(16) } })],
    ['no ELF file at all', Buffer.from('text')],
  ])('is not there: %s', async (_, file) => {
    expect(await codeOf(file)).toBe('none');
  });

  it.each([
    ['no table of sections', (bytes: Buffer) => bytes.writeBigUInt64LE(0n, 40)],
    ['no names of sections', (bytes: Buffer) => bytes.writeUInt16LE(0, 62)],
  ])('is not known with %s', async (_, strip) => {
    const bytes = withCode(deviceCode(modules));
    strip(bytes);
    expect(await codeOf(bytes)).toBe('unknown');
  });

  const one = deviceModule([{ kind: 'cubin', sm: 37 }]);
  const patched = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.from(one);
    change(bytes);
    return bytes;
  };
  it.each([
    ['another magic number', patched((bytes) => bytes.writeUInt32LE(0xba55ed51, 0))],
    ['a module that is longer than its section', patched((bytes) => bytes.writeBigUInt64LE(1000n, 8))],
    ['a module of 2^63 bytes', patched((bytes) => bytes.writeBigUInt64LE(1n << 63n, 8))],
    ['a head of no bytes', patched((bytes) => bytes.writeUInt16LE(0, 6))],
    ['an entry that is longer than its module', patched((bytes) => bytes.writeBigUInt64LE(1000n, 24))],
    ['an entry with a head of no bytes', patched((bytes) => bytes.writeUInt32LE(0, 20))],
    ['half a module', one.subarray(0, 40)],
  ])('is refused with %s', async (_, code) => {
    await expect(codeOf(withCode(code))).rejects.toMatchObject({
      code: 'RUNTIME_MISSING',
      message: expect.stringContaining('lib.so is a damaged binary'),
    });
  });

  it.each([
    ['machine', 37, 37, true],
    ['machine', 35, 37, true],
    ['machine', 50, 37, false],
    ['machine', 35, 50, false],
    ['machine', 80, 86, true],
    ['machine', 90, 100, false],
    ['assembly', 35, 37, true],
    ['assembly', 35, 90, true],
    ['assembly', 50, 37, false],
  ] as const)('%s code for sm_%i on sm_%i: %s', (kind, made, architecture, runs) => {
    expect(runsOn({ kind, architecture: made }, architecture)).toBe(runs);
  });
});

describe('the check of a GPU stack', () => {
  const kepler = withCode(
    deviceCode([[{ kind: 'cubin', sm: 37 }], [{ kind: 'ptx', sm: 35 }], [{ kind: 'cubin', sm: 90 }]]),
  );
  const hopper = withCode(
    deviceCode([
      [
        { kind: 'cubin', sm: 90 },
        { kind: 'ptx', sm: 90 },
      ],
    ]),
  );

  it('counts the modules that the GPU can run', async () => {
    expect(
      await check({ 'libk.so': kepler, 'libplain.so': elfFile(), 'notes.txt': Buffer.from('x') }, 'sm_37'),
    ).toEqual({
      libraries: [
        {
          name: 'microtome/runtime/libk.so',
          modules: 3,
          machineCode: 1,
          assemblyOnly: 1,
          architectures: ['sm_35', 'sm_37', 'sm_90'],
        },
      ],
      warnings: [],
    });
  });

  it('refuses a library that has code for other GPUs only, by name', async () => {
    const files = { 'libk.so': kepler, 'libh.so': hopper };
    await expect(check(files, 'sm_37')).rejects.toMatchObject({
      code: 'DEVICE_UNAVAILABLE',
      message: expect.stringMatching(/no code for sm_37.*microtome\/runtime\/libh\.so \(sm_90\); take/),
    });
    expect((await check(files, 'sm_90')).libraries).toHaveLength(2);
  });

  it('warns by name of a library whose sections were stripped', async () => {
    const stripped = Buffer.from(hopper);
    stripped.writeBigUInt64LE(0n, 40);
    const { libraries, warnings } = await check({ 'libk.so': kepler, 'libh.so': stripped }, 'sm_37');
    expect(libraries.map(({ name }) => name)).toEqual(['microtome/runtime/libk.so']);
    expect(warnings).toEqual([
      expect.stringMatching(/^microtome\/runtime\/libh\.so has no table of sections: whether/),
    ]);
  });

  it('refuses a stack without device code where an architecture was asked for, and else warns', async () => {
    const files = { 'libplain.so': elfFile() };
    await expect(check(files, 'sm_37')).rejects.toMatchObject({
      code: 'DEVICE_UNAVAILABLE',
      message: expect.stringMatching(/^no library of runtime carries code for a GPU .* for sm_37; take builds/),
    });
    expect(await check(files, 'sm_37', false)).toEqual({
      libraries: [],
      warnings: [expect.stringContaining('no library of [[runtime]] carries code for a GPU')],
    });
  });
});

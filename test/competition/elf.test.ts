// What the reader of ELF files says of files that we make, of the running Node.js, and of damaged and hostile ones.
import { execFileSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readElfFacts } from '../../lib/core/elf/elf-facts.js';
import { withBinary } from '../../lib/core/elf/binary-file.js';
import { ElfLayout } from '../../lib/core/elf/layout.js';
import { MicrotomeError } from '../../lib/index.js';
import { elfFile, printingProgram } from './support/elf-file.js';
import { folderOf } from './support/folder.js';

const rich = elfFile({
  soname: 'libown.so.1',
  needed: ['libc.so.6', 'libm.so.6'],
  needs: { 'libc.so.6': ['GLIBC_2.14', '?GLIBC_2.34'], 'libm.so.6': ['GLIBC_2.29'] },
  versions: ['libown.so.1', 'OWN_1.0', 'OWN_1.1'],
  sections: { '.text': Buffer.alloc(64), '.nv_fatbin': Buffer.alloc(32) },
});

describe('the reader of ELF files', () => {
  it('says what a library needs and has', async () => {
    const folder = await folderOf({ 'lib.so': rich });
    expect(await readElfFacts(join(folder, 'lib.so'), 'lib.so')).toEqual({
      machine: 62,
      interpreter: null,
      soname: 'libown.so.1',
      needed: ['libc.so.6', 'libm.so.6'],
      versionNeeds: [
        { library: 'libc.so.6', version: 'GLIBC_2.14', weak: false },
        { library: 'libc.so.6', version: 'GLIBC_2.34', weak: true },
        { library: 'libm.so.6', version: 'GLIBC_2.29', weak: false },
      ],
      versions: ['libown.so.1', 'OWN_1.0', 'OWN_1.1'],
    });
  });

  it('finds sections by their names', async () => {
    const folder = await folderOf({ 'lib.so': rich });
    const sections = await withBinary(join(folder, 'lib.so'), 'lib.so', async (file) =>
      (await ElfLayout.read(file))?.sections(),
    );
    expect(sections?.map(({ name, bytes }) => [name, bytes])).toEqual([
      ['', 0],
      ['.text', 64],
      ['.nv_fatbin', 32],
      ['.shstrtab', expect.any(Number)],
    ]);
  });

  it('reads the Node.js that runs this test', async () => {
    const facts = await readElfFacts('/proc/self/exe', 'node');
    expect(facts?.machine).toBe(62);
    expect(facts?.interpreter).toBe('/lib64/ld-linux-x86-64.so.2');
    expect(facts?.needed).toContain('libc.so.6');
    const versions = facts?.versionNeeds.filter(({ library }) => library === 'libc.so.6').map(({ version }) => version);
    expect(versions).toContain('GLIBC_2.2.5');
    // An independent reader: the dynamic loader lists the libraries that it needs in the same order.
    const listed = execFileSync('ldd', [realpathSync('/proc/self/exe')], { encoding: 'utf8' });
    for (const name of facts?.needed ?? []) expect(listed).toContain(name);
  });

  it('reads a program that is linked statically', async () => {
    const folder = await folderOf({ program: printingProgram('hello') });
    expect(await readElfFacts(join(folder, 'program'), 'program')).toMatchObject({ needed: [], versionNeeds: [] });
  });

  it.each([
    ['an empty file', Buffer.alloc(0)],
    ['a text', Buffer.from('#!/bin/sh\n')],
  ])('takes %s for no ELF file', async (_, content) => {
    const folder = await folderOf({ file: content });
    expect(await readElfFacts(join(folder, 'file'), 'file')).toBeNull();
  });

  it.each([
    ['a header of an unknown form', (bytes: Buffer) => bytes.writeUInt8(3, 4)],
    ['segments behind the end', (bytes: Buffer) => bytes.writeBigUInt64LE(1n << 62n, 32)],
    ['segments of another size', (bytes: Buffer) => bytes.writeUInt16LE(32, 54)],
    ['too many segments', (bytes: Buffer) => bytes.writeUInt16LE(0xffff, 56)],
    ['a dynamic table of 2^63 bytes', (bytes: Buffer) => bytes.writeBigUInt64LE(1n << 63n, 64 + 56 + 32)],
    ['a dynamic table at 2^60', (bytes: Buffer) => bytes.writeBigUInt64LE(1n << 60n, 64 + 56 + 8)],
    ['no segment that is loaded', (bytes: Buffer) => bytes.writeUInt32LE(6, 64)],
  ])('refuses a file with %s', async (_, damage) => {
    const bytes = Buffer.from(rich);
    damage(bytes);
    const folder = await folderOf({ 'lib.so': bytes });
    const failure = await readElfFacts(join(folder, 'lib.so'), 'lib.so').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(MicrotomeError);
    expect(failure).toMatchObject({ code: 'RUNTIME_MISSING', stage: 'options' });
    expect((failure as Error).message).toContain('lib.so is a damaged binary');
  });

  it.each([
    ['32 bits', (bytes: Buffer) => bytes.writeUInt8(1, 4)],
    ['big-endian numbers', (bytes: Buffer) => bytes.writeUInt8(2, 5)],
  ])('says of a file for a machine with %s that it is for another kind of machine', async (what, change) => {
    const bytes = Buffer.from(rich);
    change(bytes);
    const folder = await folderOf({ 'lib.so': bytes });
    await expect(readElfFacts(join(folder, 'lib.so'), 'lib.so')).rejects.toMatchObject({
      code: 'UNSUPPORTED_PLATFORM',
      message: expect.stringContaining(`lib.so is built for another kind of machine than x86-64: one with ${what}`),
    });
  });

  it('reads lists of versions to their ends, as the loader does, whatever numbers stand beside them', async () => {
    const [none, more] = [Buffer.from(rich), Buffer.from(rich)];
    const facts = async (bytes: Buffer) => {
      const folder = await folderOf({ 'lib.so': bytes });
      const { versionNeeds, versions } = (await readElfFacts(join(folder, 'lib.so'), 'lib.so')) ?? {};
      return { versionNeeds, versions };
    };
    for (const tag of [0x6fffffff, 0x6ffffffd]) {
      const entry = Buffer.alloc(8);
      entry.writeUInt32LE(tag);
      const at = rich.indexOf(entry);
      expect(at).toBeGreaterThan(0);
      none.writeBigUInt64LE(0n, at + 8);
      more.writeBigUInt64LE(9n, at + 8);
    }
    const whole = await facts(rich);
    expect(whole.versionNeeds).toHaveLength(3);
    expect(await facts(none)).toEqual(whole);
    expect(await facts(more)).toEqual(whole);
  });

  it('ends where a list of versions is very long', async () => {
    const needs = { 'libc.so.6': Array.from({ length: 4097 }, () => 'V') };
    const folder = await folderOf({ 'lib.so': elfFile({ needs }) });
    await expect(readElfFacts(join(folder, 'lib.so'), 'lib.so')).rejects.toThrow('it needs too many versions');
  });

  it('ends with an answer or an error of ours, wherever a file is cut or a byte is wrong', async () => {
    const folder = await folderOf();
    const path = join(folder, 'lib.so');
    const outcome = async (bytes: Uint8Array): Promise<void> => {
      await writeFile(path, bytes);
      const ownErrors = (error: unknown): unknown => error;
      const results = [
        await readElfFacts(path, 'lib.so').catch(ownErrors),
        await withBinary(path, 'lib.so', async (file) => (await ElfLayout.read(file))?.sections()).catch(ownErrors),
      ];
      for (const result of results) if (result instanceof Error) expect(result).toBeInstanceOf(MicrotomeError);
    };
    for (let length = 0; length < rich.length; length += 7) await outcome(rich.subarray(0, length));
    for (let at = 0; at < rich.length; at += 3) {
      const bytes = Buffer.from(rich);
      bytes.writeUInt8(0xff, at);
      await outcome(bytes);
    }
  });

  it('refuses a pipe without waiting for its other end', async () => {
    const folder = await folderOf();
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    await expect(readElfFacts(join(folder, 'pipe'), 'pipe')).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });
});

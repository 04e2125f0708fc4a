// What is taken for the parts of a zip, and what is refused with what to do: bundles, Node.js, GPU stacks, options.
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { collectModel } from '../../lib/competition/pack/collect-model.js';
import { collectNode } from '../../lib/competition/pack/collect-node.js';
import { collectRuntime } from '../../lib/competition/pack/collect-runtime.js';
import { contentOf, hashed } from '../../lib/competition/pack/files.js';
import { inOrder } from '../../lib/competition/pack/names.js';
import { parsePackOptions } from '../../lib/competition/pack/options.js';
import { graphBytes, sha256, writeBundle, type Json } from '../api/support/bundle.js';
import { elfFile, printingProgram } from './support/elf-file.js';
import { folderOf } from './support/folder.js';

describe('the bundle', () => {
  it('is taken with every file that it names, and with their hashes', async () => {
    const weights = Buffer.from('further weights');
    const folder = writeBundle({ files: { 'model.onnx': graphBytes, 'more/weights.bin': weights } });
    const { files, licence, warnings } = await collectModel(folder, null);
    expect(files.map(({ name, part, sha256: hash }) => [name, part, hash])).toEqual([
      ['microtome/model/microtome.json', 'model', expect.stringMatching(/^[0-9a-f]{64}$/)],
      ['microtome/model/model.onnx', 'model', sha256(graphBytes)],
      ['microtome/model/more/weights.bin', 'model', sha256(weights)],
    ]);
    expect(licence).toMatch(/^model: test-model\nsha256: [0-9a-f]{64}\nlicence: Apache-2\.0\nintended use: /);
    expect(warnings).toEqual([]);
  });

  it('is refused where a file has changed since the bundle was read', async () => {
    const folder = writeBundle();
    const { files } = await collectModel(folder, null);
    await writeFile(join(folder, 'model.onnx'), 'other weights');
    await expect(hashed(files, null)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringContaining(`microtome/model/model.onnx has the SHA-256 ${sha256('other weights')}`),
    });
  });

  it('is refused without a fallback', async () => {
    const folder = writeBundle({ edit: (json) => delete (json['outputs'] as { fallback?: number }[])[0]?.fallback });
    await expect(collectModel(folder, null)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(/declares no fallback.*add "fallback" to the first of "outputs"/),
    });
  });

  it.each([
    [
      'a head is chosen by',
      (json: Json) => {
        const choose = {
          name: 'pick',
          method: 'choose',
          column: 'weather',
          cases: [{ equals: ['fine'], head: 'top' }],
        };
        (json['heads'] as object[]).push(choose);
        Object.assign((json['outputs'] as object[])[0] as object, { of: 'pick' });
      },
    ],
    [
      'the fallback depends on',
      (json: Json) => {
        const fallback = { column: 'weather', cases: [{ equals: ['fine'], value: 0.1 }], default: 0.2 };
        Object.assign((json['outputs'] as object[])[0] as object, { fallback });
      },
    ],
  ])('is refused where the challenge does not have the column that %s', async (_, edit) => {
    await expect(collectModel(writeBundle({ edit }), null)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(
        /columns that the metadata of the challenge do not have: weather .*the columns are filename, age/,
      ),
    });
  });

  it('is refused where it is a graph without a bundle', async () => {
    const folder = await folderOf({ 'model.onnx': graphBytes });
    await expect(collectModel(join(folder, 'model.onnx'), null)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(/only a bundle can be packed.*microtome model init/),
    });
  });

  it('is refused where it cannot be read', async () => {
    await expect(collectModel(join(await folderOf(), 'no'), null)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    const folder = writeBundle({ edit: (json) => Object.assign(json, { files: { 'model.onnx': '0'.repeat(64) } }) });
    await expect(collectModel(folder, null)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });
});

describe('Node.js', () => {
  const collect = async (files: Readonly<Record<string, Uint8Array | string>>) => {
    const folder = await folderOf(files);
    await chmod(join(folder, 'bin/node'), 0o755);
    return collectNode(join(folder, 'bin/node'), folder, null);
  };

  it('is a binary that says its version, with the licence beside it', async () => {
    const { version, files, licence, warnings } = await collect({
      'bin/node': printingProgram('v20.19.1\n'),
      LICENSE: 'free',
    });
    expect([version, warnings]).toEqual(['20.19.1', []]);
    expect(files.map(({ name }) => name)).toEqual(['microtome/node/bin/node', 'microtome/node/LICENSE']);
    expect(licence).toMatch(/LICENSE$/);
  });

  it('is taken without its licence, with a warning', async () => {
    const { files, warnings } = await collect({ 'bin/node': printingProgram('v22.1.0\n') });
    expect(files.map(({ name }) => name)).toEqual(['microtome/node/bin/node']);
    expect(warnings).toEqual([expect.stringContaining('no LICENSE lies beside')]);
  });

  it.each([
    ['is Node.js v20.18.3', printingProgram('v20.18.3\n')],
    ['is Node.js v18.20.0', printingProgram('v18.20.0\n')],
    ['prints "Python 3.9", not a version', printingProgram('Python 3.9\n')],
    ['is no program, but a file of another kind', '#!/bin/sh\necho v20.20.2\n'],
    ['--version does not run here', elfFile({ code: Buffer.from([0x0f, 0x0b]) })],
  ])('is refused where it %s', async (found, program) => {
    await expect(collect({ 'bin/node': program })).rejects.toMatchObject({
      code: 'RUNTIME_MISSING',
      message: expect.stringContaining(found),
    });
  });

  it('is refused where it is not there', async () => {
    const folder = await folderOf();
    await expect(collectNode(join(folder, 'node'), folder, null)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });
});

describe('a GPU stack', () => {
  it('has each library once, under the name that programs ask for', async () => {
    const folder = await folderOf({
      'lib/libx.so.1.2.3': elfFile({ soname: 'libx.so.1' }),
      'lib/libplain.so': elfFile(),
      'lib/libodd.so': elfFile({ soname: '../../odd' }),
      'notes.txt': 'text',
    });
    await symlink('libx.so.1.2.3', join(folder, 'lib/libx.so.1'));
    await symlink('libx.so.1', join(folder, 'lib/libx.so'));
    const { files, warnings } = await collectRuntime(folder);
    expect(warnings).toEqual([]);
    expect(files.map(({ name }) => name).sort()).toEqual([
      'microtome/runtime/lib/libodd.so',
      'microtome/runtime/lib/libplain.so',
      'microtome/runtime/lib/libx.so.1',
      'microtome/runtime/notes.txt',
    ]);
    const library = files.find(({ name }) => name.endsWith('libx.so.1'));
    const pieces: Uint8Array[] = [];
    if (library !== undefined) for await (const piece of contentOf(library, null)) pieces.push(piece);
    expect(Buffer.concat(pieces).equals(elfFile({ soname: 'libx.so.1' }))).toBe(true);
  });

  const namesIn = async (contents: Readonly<Record<string, Uint8Array>>): Promise<readonly string[]> =>
    (await collectRuntime(await folderOf(contents))).files.map(({ name }) => name.replace('microtome/runtime/', ''));

  it('has a library under the SONAME only where the folder or a binary of the stack calls it so', async () => {
    const library = elfFile({ soname: 'libx.so.1' });
    expect(await namesIn({ 'libx.so': library })).toEqual(['libx.so']);
    expect(await namesIn({ 'libx.so': library, 'liby.so': elfFile({ needed: ['libx.so.1'] }) })).toEqual([
      'libx.so.1',
      'liby.so',
    ]);
    const folder = await folderOf({ 'targets/libx.so.1.2': library });
    await symlink('targets/libx.so.1.2', join(folder, 'libx.so'));
    await mkdir(join(folder, 'lib'));
    await symlink('../targets/libx.so.1.2', join(folder, 'lib/libx.so.1'));
    expect((await collectRuntime(folder)).files.map(({ name }) => name)).toEqual(['microtome/runtime/lib/libx.so.1']);
  });

  it('is taken without the libraries of the driver, by their names or their SONAMEs, with a warning', async () => {
    const stubs = { 'stubs/libcuda.so': elfFile({ soname: 'libcuda.so.1' }), 'stubs/libnvidia-ml.so.1': elfFile() };
    const { files, warnings } = await collectRuntime(await folderOf({ ...stubs, 'libx.so': elfFile() }));
    expect(files.map(({ name }) => name)).toEqual(['microtome/runtime/libx.so']);
    expect(warnings).toEqual([
      'stubs/libcuda.so of [[runtime]] is left out: the driver of the GPU brings this library',
      'stubs/libnvidia-ml.so.1 of [[runtime]] is left out: the driver of the GPU brings this library',
    ]);
    await expect(collectRuntime(await folderOf(stubs))).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });

  it.each(['.', '..'])('is refused where the SONAME of a library is %s', async (soname) => {
    await expect(namesIn({ 'a/b/libx.so': elfFile({ soname }) })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining(`the SONAME of a/b/libx.so is ${soname}, which names a folder`),
    });
  });

  it('is refused where a library would get the name of a folder', async () => {
    const folder = await folderOf({
      'data/weights': 'x',
      'data.txt': 'x',
      'libx.so': elfFile({ soname: 'data' }),
      'liby.so': elfFile({ needed: ['data'] }),
    });
    const { files } = await collectRuntime(folder);
    expect(() => inOrder(files)).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        message: expect.stringContaining('microtome/runtime/data would be a file and a folder in the zip'),
      }),
    );
  });

  it('is refused where the folder is empty or not there', async () => {
    const folder = await folderOf();
    await expect(collectRuntime(folder)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    await expect(collectRuntime(join(folder, 'no'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });

  it.each([
    ['a link leads nowhere', 'FILE_NOT_FOUND', ' is a link that leads nowhere; remove it', 'ln -s nowhere libx.so'],
    ['a link leads to itself', 'FILE_NOT_FOUND', ' is a link that leads nowhere; remove it', 'ln -s libx.so libx.so'],
    ['there is a pipe', 'INVALID_OPTION', ' is neither a file nor a folder; remove it', 'mkfifo libx.so'],
  ])('is refused by the name of the entry where %s', async (_, code, found, make) => {
    const folder = await folderOf({ 'lib/x': '' });
    execFileSync('sh', ['-c', make], { cwd: join(folder, 'lib') });
    const message = expect.stringContaining(`${join(folder, 'lib/libx.so')}${found}`);
    await expect(collectRuntime(folder)).rejects.toMatchObject({ code, message });
  });

  it('is refused by the name of the entry where a name is not UTF-8', async () => {
    const folder = await folderOf();
    await writeFile(Buffer.concat([Buffer.from(join(folder, 'lib')), Buffer.from([0xff]), Buffer.from('.so')]), '');
    await expect(collectRuntime(folder)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(/has a file whose name is not UTF-8: lib[^;]*\.so; rename the file/),
    });
  });

  it('is refused where a link leads to a folder, which may have no end', async () => {
    const folder = await folderOf({ x: '' });
    await symlink('.', join(folder, 'self'));
    await expect(collectRuntime(folder)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });
});

describe('options', () => {
  const good = { model: 'm', output: 'o.zip' };

  it('have defaults', () => {
    expect(parsePackOptions({ ...good, output: new URL('file:///tmp/o.zip') })).toEqual({
      model: 'm',
      output: '/tmp/o.zip',
      overwrite: false,
      node: null,
      runtime: null,
      architecture: { name: 'sm_37', asked: false },
      signal: null,
    });
    expect(parsePackOptions({ ...good, runtime: 'r', architecture: 'sm_60' })).toMatchObject({
      architecture: { name: 'sm_60', asked: true },
    });
  });

  it.each([
    [undefined, 'Expected an object of options'],
    [{ output: 'o.zip' }, 'model is missing'],
    [{ model: 'm' }, 'output is missing'],
    [{ ...good, output: 'o.tar' }, 'Expected a name that ends in .zip for output'],
    [{ ...good, model: '' }, 'Expected a path for model'],
    [{ ...good, runtme: 'x' }, 'Unknown option "runtme"; did you mean "runtime"?'],
    [{ ...good, overwrite: 1 }, 'Expected true or false for overwrite'],
    [{ ...good, runtime: 'r', architecture: '37' }, 'such as sm_37'],
    [{ ...good, architecture: 'sm_37' }, 'architecture is for the libraries of runtime, and there is none'],
    [{ ...good, signal: {} }, 'Expected an AbortSignal for signal'],
  ])('%j: %s', (options, message) => {
    expect(() => parsePackOptions(options)).toThrow(message);
    expect(() => parsePackOptions(options)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  });
});

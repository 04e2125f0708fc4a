// packSubmission as a whole, from a copy of the package with made-up binaries: what is in the zip, the manifest, the report,
// and that nothing is written where something is wrong.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PackOptions, PackResult } from '../../lib/competition/index.js';
import { toolVersion } from '../../lib/core/version.js';
import { writeBundle } from '../api/support/bundle.js';
import { deviceCode, elfFile, printingProgram } from './support/elf-file.js';
import { folderOf } from './support/folder.js';
import { fakePackage, type FakePackage } from './support/package.js';

let fake: FakePackage;
beforeAll(async () => {
  fake = await fakePackage();
});
afterAll(() => fake.remove());

/** A place for the zip, with a Node.js to pack. */
async function place(): Promise<{ folder: string; options: PackOptions }> {
  const folder = await folderOf({ 'node/bin/node': printingProgram('v20.19.0\n'), 'node/LICENSE': 'of Node.js' });
  const node = join(folder, 'node/bin/node');
  await chmod(node, 0o755);
  return { folder, options: { model: 'demo', output: join(folder, 'submission.zip'), node } };
}

async function packed(options: PackOptions): Promise<PackResult> {
  const answer = await fake.pack(options);
  if ('error' in answer) throw new Error(answer.error.message);
  return answer;
}

async function refusal(options: PackOptions): Promise<{ code: string; message: string }> {
  const answer = await fake.pack(options);
  return 'error' in answer ? answer.error : { code: 'none', message: 'it was packed' };
}

/** Name to SHA-256, as Python reads the zip. */
function membersOf(zip: string): Readonly<Record<string, string>> {
  const script = `import hashlib, json, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
print(json.dumps({n: hashlib.sha256(z.read(n)).hexdigest() for n in z.namelist()}))`;
  return JSON.parse(execFileSync('python3', ['-I', '-c', script, zip], { encoding: 'utf8' })) as Record<string, string>;
}

const textIn = (zip: string, name: string): string =>
  execFileSync(
    'python3',
    [
      '-I',
      '-c',
      'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))',
      zip,
      name,
    ],
    { encoding: 'utf8' },
  );

describe('packSubmission', () => {
  it('makes a zip with everything that the box needs, and nothing that it does not', async () => {
    const { options } = await place();
    const result = await packed(options);
    const names = Object.keys(membersOf(result.path));
    const own = 'microtome/package/node_modules/';
    expect(names[0]).toBe('main.py');
    expect(names).toEqual([...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
    expect(names).toEqual(
      expect.arrayContaining([
        'microtome/manifest.json',
        'microtome/node/bin/node',
        'microtome/node/LICENSE',
        'microtome/model/microtome.json',
        'microtome/licences/microtome.txt',
        'microtome/licences/node.txt',
        'microtome/licences/onnxruntime.txt',
        'microtome/licences/libvips.md',
        'microtome/licences/model.txt',
        `${own}microtome/package.json`,
        `${own}microtome/dist/index.js`,
        `${own}microtome/dist/competition/box/main.js`,
        `${own}microtome/prebuilds/linux-x64/microtome.glibc.node`,
        `${own}microtome/schema/microtome.schema.json`,
        `${own}node-gyp-build/index.js`,
        `${own}microtome-libvips-linux-x64/package.json`,
      ]),
    );
    expect(names.filter((name) => /\.(?:ts|map|h|md)$|\/build\/|\/models\//.test(name)).sort()).toEqual([
      'microtome/licences/libvips.md',
      'microtome/licences/microtome-third-party.md',
      `${own}microtome-libvips-linux-x64/README.md`,
      `${own}microtome/THIRD-PARTY-NOTICES.md`,
    ]);
  });

  it('lists each file with its size and hash in the manifest, and reports what each part takes', async () => {
    const { folder, options } = await place();
    const result = await packed(options);
    const members = membersOf(result.path);
    const text = textIn(result.path, 'microtome/manifest.json');
    const manifest = JSON.parse(text) as { files: { name: string; bytes: number; sha256: string }[] };
    const { 'microtome/manifest.json': _, ...others } = members;
    expect(Object.fromEntries(manifest.files.map(({ name, sha256 }) => [name, sha256]))).toEqual(others);
    const facts = {
      microtome: toolVersion,
      model: { name: 'demo', sha256: members['microtome/model/microtome.json'] },
      node: '20.19.0',
      runtime: null,
    };
    expect(manifest).toMatchObject({ formatVersion: 1, ...facts, needs: result.needs });
    expect(result).toMatchObject({ ...facts, path: options.output, warnings: [] });
    // The binary of libvips is the real one.
    expect(result.needs.glibc).toMatch(/^2\.(?:1\d|2[0-8])$/);
    const zip = await readFile(result.path);
    expect([result.bytes, result.sha256]).toEqual([zip.length, createHash('sha256').update(zip).digest('hex')]);
    const total = manifest.files.reduce((sum, { bytes }) => sum + bytes, 0) + Buffer.byteLength(text);
    expect(result.parts.map(({ name }) => name)).toEqual(['main', 'node', 'package', 'libvips', 'model', 'licences']);
    expect(result.parts.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(total);
    for (const machine of [folder, fake.folder, process.cwd()]) expect(text).not.toContain(machine);
  });

  it('makes the same bytes again', async () => {
    const [first, second] = [await place(), await place()];
    const results = [await packed(first.options), await packed(second.options)];
    expect(results[0]?.sha256).toBe(results[1]?.sha256);
  });

  it('adds a GPU stack, and says that nothing uses it yet', async () => {
    const { folder, options } = await place();
    const code = elfFile({
      needed: ['libcuda.so.1'],
      sections: { '.nv_fatbin': deviceCode([[{ kind: 'cubin', sm: 37 }]]) },
    });
    await rename(join(await folderOf({ 'r/libort.so': code }), 'r'), join(folder, 'stack'));
    const result = await packed({ ...options, runtime: join(folder, 'stack') });
    const libraries = [
      { name: 'microtome/runtime/libort.so', modules: 1, machineCode: 1, assemblyOnly: 0, architectures: ['sm_37'] },
    ];
    expect(result.runtime).toEqual({ architecture: 'sm_37', libraries });
    expect(result.warnings).toEqual([
      expect.stringContaining('nobody has run this version on the GPU of the challenge'),
    ]);
    expect(result.parts.at(-1)).toEqual({ name: 'runtime', files: 1, bytes: code.length });
    const other = await place();
    const wrong = { ...other.options, runtime: join(folder, 'stack'), architecture: 'sm_90' };
    expect(await refusal(wrong)).toMatchObject({ code: 'DEVICE_UNAVAILABLE' });
    expect(await readdir(other.folder)).toEqual(['node']);
  });

  it('keeps a zip that is there, unless it may replace it', async () => {
    const { options } = await place();
    await writeFile(options.output, 'older');
    expect(await refusal(options)).toMatchObject({ code: 'OUTPUT_EXISTS' });
    expect(await readFile(options.output, 'utf8')).toBe('older');
    expect((await packed({ ...options, overwrite: true })).bytes).toBeGreaterThan(10_000);
  });

  it('refuses an addon that was built for this machine, by name', async () => {
    const { folder, options } = await place();
    const addon = fake.path('prebuilds/linux-x64/microtome.glibc.node');
    const good = await readFile(addon);
    await writeFile(addon, elfFile({ needed: ['libc.so.6'], needs: { 'libc.so.6': ['GLIBC_2.34'] } }));
    const error = await refusal(options);
    await writeFile(addon, good);
    expect(error.code).toBe('UNSUPPORTED_PLATFORM');
    expect(error.message).toMatch(/prebuilds\/linux-x64\/microtome\.glibc\.node needs GLIBC_2\.34.*npm run prebuilds/);
    expect(await readdir(folder)).toEqual(['node']);
  });

  it.each([
    'prebuilds/linux-x64/microtome.glibc.node',
    'prebuilds/linux-x64/libonnxruntime.so.1',
    'competition/main.py',
  ])('refuses a package without %s', async (name) => {
    const { folder, options } = await place();
    await rename(fake.path(name), fake.path('aside'));
    const error = await refusal(options);
    await rename(fake.path('aside'), fake.path(name));
    expect(error).toMatchObject({ code: 'RUNTIME_MISSING', path: fake.path(name) });
    expect(error.message).toContain('install the package again');
    expect(await readdir(folder)).toEqual(['node']);
  });

  it('packs without libvips, and says what the box then cannot do', async () => {
    const { options } = await place();
    const vips = join(fake.folder, 'node_modules/microtome-libvips-linux-x64');
    await rename(vips, `${vips}-aside`);
    const result = await packed(options).finally(() => rename(`${vips}-aside`, vips));
    expect(result.parts.map(({ name }) => name)).not.toContain('libvips');
    expect(result.warnings).toEqual([expect.stringMatching(/libvips-linux-x64 is not installed/)]);
  });

  it('refuses two files that would have one name', async () => {
    const { folder, options } = await place();
    const stack = await folderOf({
      'libx.so.1.1': elfFile({ soname: 'libx.so.1' }),
      'libx.so.1.2': elfFile({ soname: 'libx.so.1' }),
      'liby.so': elfFile({ needed: ['libx.so.1'] }),
    });
    const error = await refusal({ ...options, runtime: stack });
    expect(error.message).toContain('two files would be microtome/runtime/libx.so.1 in the zip');
    await rm(stack, { recursive: true });
    expect(await readdir(folder)).toEqual(['node']);
  });

  it('refuses to write the zip where it would pack itself', async () => {
    const { folder, options } = await place();
    const stack = await folderOf({ 'lib/libx.so': elfFile() });
    await symlink(join(stack, 'lib'), join(folder, 'link'));
    for (const output of [join(stack, 'lib/submission.zip'), join(folder, 'link/submission.zip')]) {
      const error = await refusal({ ...options, runtime: stack, output });
      expect(error).toMatchObject({ code: 'INVALID_OPTION' });
      expect(error.message).toMatch(/submission\.zip lies in the folder runtime: the zip would pack itself; choose a/);
    }
    expect(await readdir(join(stack, 'lib'))).toEqual(['libx.so']);
    await writeFile(options.output, 'older');
    await symlink(options.output, join(stack, 'older.zip'));
    const error = await refusal({ ...options, runtime: stack, overwrite: true });
    expect(error.message).toContain('submission.zip would be packed as microtome/runtime/older.zip');
    expect(await readFile(options.output, 'utf8')).toBe('older');
  });

  it('may write the zip into the folder of the bundle, of which only named files are packed', async () => {
    const { options } = await place();
    const bundle = writeBundle();
    const output = join(bundle, 'submission.zip');
    const first = await packed({ ...options, model: bundle, output });
    expect((await packed({ ...options, model: bundle, output, overwrite: true })).sha256).toBe(first.sha256);
  });
});

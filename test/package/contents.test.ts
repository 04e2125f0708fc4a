// What is in the tarball, and what the packed binary needs of the machine.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Consumer, tarball } from './support/consumer.js';

const maxPackedBytes = 18_000_000;

/** Highest version of `symbolSet` among the symbols that the library needs, as numbers. */
function highestVersion(symbols: string, symbolSet: string): number[] {
  const versions = [...symbols.matchAll(new RegExp(`\\b${symbolSet}_([0-9.]+)`, 'g'))].map((match) =>
    (match[1] as string).split('.').map(Number),
  );
  const difference = (a: number[], b: number[]): number =>
    [0, 1, 2].map((i) => (a[i] ?? 0) - (b[i] ?? 0)).find((d) => d !== 0) ?? 0;
  return versions.sort(difference).at(-1) ?? [0, 0];
}

const objdump = (...args: string[]): string => execFileSync('objdump', args, { encoding: 'utf8', maxBuffer: 1 << 26 });
const hasObjdump = existsSync('/usr/bin/objdump');
/** The compiler of the packed binary; only zig's is made for an old glibc. */
const toolchain = process.env['MICROTOME_PREBUILD_TOOLCHAIN'] ?? 'zig';

describe('tarball', () => {
  let files: string[];
  let consumer: Consumer;
  let addon: string;
  let runtime: string;

  beforeAll(async () => {
    const names = execFileSync('tar', ['-tzf', tarball()], { encoding: 'utf8' }).trim().split('\n');
    files = names.map((name) => name.replace(/^package\//, ''));
    consumer = await Consumer.create();
    execFileSync('tar', ['-xzf', tarball(), '-C', consumer.dir]);
    addon = consumer.path('package', 'prebuilds', 'linux-x64', 'microtome.glibc.node');
    runtime = consumer.path('package', 'prebuilds', 'linux-x64', 'libonnxruntime.so.1');
  });
  afterAll(() => consumer.remove());

  it.each([
    'dist/index.js',
    'dist/index.d.ts',
    'dist/cli/main.js',
    'dist/competition/index.d.ts',
    'dist/competition/box/main.js',
    'competition/main.py',
    'prebuilds/linux-x64/microtome.glibc.node',
    'prebuilds/linux-x64/libturbojpeg.so.0',
    'prebuilds/linux-x64/libonnxruntime.so.1',
    'prebuilds/linux-x64/onnxruntime-LICENSE.txt',
    'prebuilds/linux-x64/onnxruntime-ThirdPartyNotices.txt',
    'schema/microtome.schema.json',
    'schema/run.schema.json',
    'docs/options.md',
    'examples/score-folder.ts',
    'docs/errors.md',
    'ARCHITECTURE.md',
    'models/demo/microtome.json',
    'models/demo-lesion/microtome.json',
    'models/demo-lesion/model.onnx',
    'CMakeLists.txt',
    'native/core/error_codes.def',
    'README.md',
    'LICENSE',
    'THIRD-PARTY-NOTICES.md',
  ])('has %s', (name) => {
    expect(files).toContain(name);
  });

  it('has nothing that only developers need', () => {
    const typeScript = (name: string) => /\.ts$/.test(name) && !/\.d\.ts$/.test(name);
    const unwanted =
      /(?:^|\/)(?:test|tests|bench|demo|train|shared|\.ci|node_modules|build[^/]*)\/|\.tsbuildinfo$|^dist\/.*\.map$|^tsconfig/;
    const excused = (name: string) =>
      /^(?:models\/demo|dist\/cli\/bench\/|dist\/kube\/builders\/|examples\/)/.test(name);
    expect(files.filter((name) => (typeScript(name) || unwanted.test(name)) && !excused(name))).toEqual([]);
  });

  it('refers to no source map, since the sources are not packed', () => {
    const compiled = files.filter((name) => /^dist\/.*\.(?:js|d\.ts)$/.test(name));
    expect(compiled.length).toBeGreaterThan(10);
    const text = (name: string) => readFileSync(consumer.path('package', name), 'utf8');
    expect(compiled.filter((name) => text(name).includes('sourceMappingURL'))).toEqual([]);
  });

  it(`is at most ${maxPackedBytes / 1e6} MB`, () => {
    expect(readFileSync(tarball()).length).toBeLessThan(maxPackedBytes);
  });

  it('has nothing that a package manager would run at install', () => {
    // yarn and pnpm build whatever has a binding.gyp, in spite of "gypfile": false.
    expect(files.filter((name) => name.endsWith('.gyp'))).toEqual([]);

    const manifest = JSON.parse(readFileSync(consumer.path('package', 'package.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    const scripts = Object.keys((manifest['scripts'] ?? {}) as object);
    expect(manifest['gypfile']).toBe(false);
    expect(Object.keys(manifest['dependencies'] as object)).toEqual(['node-gyp-build']);
    expect(Object.keys(manifest['optionalDependencies'] as object)).toEqual(['microtome-libvips-linux-x64']);
    expect(
      scripts.filter((name) =>
        /^(?:pre|post)?(?:install|prepare|publish|build|test|pack)$|^prepublishOnly$/.test(name),
      ),
    ).toEqual(['build', 'test']);
  });

  it('says where it comes from', () => {
    const manifest = JSON.parse(readFileSync(consumer.path('package', 'package.json'), 'utf8')) as {
      homepage: string;
      repository: { url: string };
    };
    expect(manifest.homepage).toMatch(/^https:\/\//);
    expect(manifest.repository.url).toMatch(/^git\+https:\/\//);
  });

  it('has every file that its documents link to', () => {
    const documents = files.filter((name) => name.endsWith('.md') && !name.startsWith('models/'));
    const links = documents.flatMap((name) => {
      const text = readFileSync(consumer.path('package', name), 'utf8');
      const targets = [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)].map((match) => match[1] as string);
      return targets.map((target) => posix.join(posix.dirname(name), target));
    });
    expect(links.length).toBeGreaterThan(10);
    const isPacked = (link: string) =>
      files.some((name) => name === link || name.startsWith(`${link.replace(/\/$/, '')}/`));
    // What only a checkout has: benchmarks, training.
    const elsewhere = (link: string) => /^(?:bench|train|test|demo)\b/.test(link);
    expect(links.filter((link) => !isPacked(link) && !elsewhere(link))).toEqual([]);
  });

  it.skipIf(!hasObjdump || toolchain === 'host')('needs glibc 2.28 at most', () => {
    for (const library of [addon, runtime]) {
      const [major = 0, minor = 0] = highestVersion(objdump('-T', library), 'GLIBC');
      expect(major).toBe(2);
      expect(minor).toBeGreaterThan(0);
      expect(minor).toBeLessThanOrEqual(28);
    }
  });

  it.skipIf(!hasObjdump)('carries an ONNX Runtime that needs no newer C++ library than glibc 2.28 came with', () => {
    const versions = highestVersion(objdump('-T', runtime), 'GLIBCXX');
    expect(versions.slice(0, 2)).toEqual([3, 4]);
    expect(versions[2] ?? 0).toBeGreaterThan(0);
    expect(versions[2]).toBeLessThanOrEqual(25);
  });

  it.skipIf(!hasObjdump)('links to glibc alone', () => {
    const needed = [...objdump('-p', addon).matchAll(/NEEDED\s+(\S+)/g)].map((match) => match[1]);
    const glibc = /^(?:libc|libm|libdl|libpthread|librt|ld-linux-x86-64)\.so\.\d+$/;
    expect(needed.length).toBeGreaterThan(0);
    expect(needed.filter((name) => !glibc.test(name ?? ''))).toEqual([]);
  });

  it.skipIf(!hasObjdump)('shows nothing but the entry points of Node-API', () => {
    const defined = objdump('-T', addon)
      .split('\n')
      .filter((line) => /^[0-9a-f]{16} /.test(line) && !line.includes('*UND*'))
      .map((line) => line.trim().split(/\s+/).at(-1));
    expect(defined.sort()).toEqual(['napi_register_module_v1', 'node_api_module_get_api_version_v1']);
  });
});

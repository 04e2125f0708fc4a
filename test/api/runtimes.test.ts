import { cpSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { nameOnnxRuntime } from '../../lib/native/addon.js';
import { platform, platformFault, requirePlatform } from '../../lib/native/platform.js';
import { findJpeg, findOnnxRuntime, findVips, onnxRuntimeVariable } from '../../lib/native/runtimes.js';
import { failure, temporaryFolder } from './support/bundle.js';
import { FakeAddon } from './support/fake-addon.js';

// The package is taken to be installed somewhere else, so that this checkout's own packages are out of sight.
let packageFolder = '';
vi.mock('../../lib/core/package-root.js', async (original) => ({
  ...(await original<object>()),
  packageFile: (relative: string) => join(packageFolder, relative),
}));

function put(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, 'x');
  return path;
}

/** onnxruntime-node as it is installed below `folder`. */
function putOnnxRuntime(folder: string, version = 'napi-v6', file = 'libonnxruntime.so.1'): string {
  const root = join(folder, 'node_modules/onnxruntime-node');
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, 'package.json'), '{"name":"onnxruntime-node","version":"1.30.0","main":"x.js"}');
  return put(join(root, 'bin', version, 'linux/x64', file));
}

let project = '';
beforeEach(() => {
  project = realpathSync(temporaryFolder());
  packageFolder = join(project, 'node_modules/microtome');
  mkdirSync(packageFolder, { recursive: true });
  vi.spyOn(process, 'cwd').mockReturnValue(realpathSync(temporaryFolder()));
  vi.stubEnv(onnxRuntimeVariable, '');
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

describe('ONNX Runtime is found', () => {
  it('beside the addon, before any installed package', () => {
    putOnnxRuntime(project);
    const inPrebuilds = put(join(packageFolder, 'prebuilds/linux-x64/libonnxruntime.so.1'));
    expect(findOnnxRuntime(null, '')).toMatchObject({ path: inPrebuilds, origin: 'bundled' });
    const beside = put(join(project, 'addon/libonnxruntime.so.1'));
    expect(findOnnxRuntime(null, dirname(beside))).toMatchObject({ path: beside, origin: 'bundled' });
  });
  it('in an installed package where the addon stands alone, as in a checkout', () => {
    const file = putOnnxRuntime(project);
    put(join(packageFolder, 'prebuilds/linux-x64/libonnxruntime.so.1'));
    const built = dirname(put(join(packageFolder, 'build/Release/microtome.node')));
    expect(findOnnxRuntime(null, built)).toMatchObject({ path: file, origin: 'installed' });
  });
  it('beside the package (flat)', () => {
    const file = putOnnxRuntime(project);
    expect(findOnnxRuntime(null, '').path).toBe(file);
  });
  it('below the package (nested), before one beside it', () => {
    putOnnxRuntime(project);
    const nested = putOnnxRuntime(packageFolder);
    expect(findOnnxRuntime(null, '').path).toBe(nested);
  });
  it('in a store with links (pnpm)', () => {
    const store = join(project, 'node_modules/.pnpm/onnxruntime-node@1.30.0');
    const file = putOnnxRuntime(store);
    const own = join(project, 'node_modules/.pnpm/microtome@0.1.0/node_modules');
    mkdirSync(join(own, 'microtome'), { recursive: true });
    symlinkSync(join(store, 'node_modules/onnxruntime-node'), join(own, 'onnxruntime-node'));
    packageFolder = join(own, 'microtome');
    expect(realpathSync(findOnnxRuntime(null, '').path)).toBe(file);
  });
  it('in the working directory, where the package has none', () => {
    const file = putOnnxRuntime(process.cwd());
    expect(findOnnxRuntime(null, '').path).toBe(file);
  });
  it('in the newest interface folder, under a full version', () => {
    putOnnxRuntime(project, 'napi-v3', 'libonnxruntime.so.1.17.3');
    const newer = putOnnxRuntime(project, 'napi-v10', 'libonnxruntime.so.1.30.0');
    expect(findOnnxRuntime(null, '').path).toBe(newer);
  });
  it('in a platform package that exports nothing', () => {
    const root = join(project, 'node_modules/onnxruntime-node-linux-x64');
    const file = put(join(root, 'lib/libonnxruntime.so.1'));
    writeFileSync(join(root, 'package.json'), '{"name":"onnxruntime-node-linux-x64","exports":{"./nothing":"./x.js"}}');
    expect(findOnnxRuntime(null, '').path).toBe(file);
  });
  it('where the option says, then where the environment says, and nowhere else', () => {
    put(join(packageFolder, 'prebuilds/linux-x64/libonnxruntime.so.1'));
    const [a, b] = [put(join(project, 'a/libonnxruntime.so')), put(join(project, 'b/libonnxruntime.so.1'))];
    vi.stubEnv(onnxRuntimeVariable, join(project, 'b'));
    expect(findOnnxRuntime(a, '')).toMatchObject({ path: a, origin: 'option' });
    expect(findOnnxRuntime(null, '')).toMatchObject({ path: b, origin: 'environment' });
    expect(findOnnxRuntime(join(project, 'none'), '').path).toBe('');
    vi.stubEnv(onnxRuntimeVariable, join(project, 'none'));
    expect(findOnnxRuntime(null, '')).toMatchObject({ path: '', tried: [`${project}/none`], origin: 'environment' });
  });
});

describe('a missing ONNX Runtime', () => {
  it('is RUNTIME_MISSING: what to do in the first line, what was tried in a few after it', async () => {
    const error = await failure(() => nameOnnxRuntime(new FakeAddon(), null), 'RUNTIME_MISSING');
    const repair = `install the package again: remove ${packageFolder}, then run npm install`;
    expect(error.advice).toBe(repair);
    expect(error.message.split('\n')).toEqual([
      `ONNX Runtime, which runs the models, is not there; ${repair}`,
      `  looked in: ${packageFolder}/prebuilds/linux-x64/libonnxruntime.so.1`,
      `  looked in: ${packageFolder}/node_modules/onnxruntime-node, and so in every folder above`,
      `  looked in: ${process.cwd()}/node_modules/onnxruntime-node, and so in every folder above`,
    ]);
  });
  it('names the working directory only where the way up from the package does not pass it', async () => {
    vi.spyOn(process, 'cwd').mockReturnValue(project);
    const error = await failure(() => nameOnnxRuntime(new FakeAddon(), null), 'RUNTIME_MISSING');
    expect(error.message.split('\n').length).toBe(3);
  });
  it('in a checkout is mended by npm ci', async () => {
    packageFolder = join(project, 'checkout');
    mkdirSync(packageFolder);
    const error = await failure(() => nameOnnxRuntime(new FakeAddon(), null), 'RUNTIME_MISSING');
    expect(error.advice).toBe('this is a checkout of the source: run npm ci');
  });
  it('at a path that was given names the path and who gave it', async () => {
    const none = join(project, 'none');
    const byOption = await failure(() => nameOnnxRuntime(new FakeAddon(), none), 'RUNTIME_MISSING');
    expect(byOption.message).toMatch(`onnxRuntimePath is ${none}, and no ONNX Runtime is there; give the path of`);
    vi.stubEnv(onnxRuntimeVariable, none);
    const byEnvironment = await failure(() => nameOnnxRuntime(new FakeAddon(), null), 'RUNTIME_MISSING');
    expect(byEnvironment.message).toContain(`the environment variable ${onnxRuntimeVariable} is ${none}`);
  });
  it('and a second one in the same process is refused by name', async () => {
    const [a, b] = [put(join(project, 'a/libonnxruntime.so')), put(join(project, 'b/libonnxruntime.so'))];
    const addon = new FakeAddon();
    const setPaths = vi.spyOn(addon, 'setPaths');
    nameOnnxRuntime(addon, a);
    nameOnnxRuntime(addon, a);
    nameOnnxRuntime(addon, null);
    expect(setPaths).toHaveBeenCalledWith({ jpeg: '', vips: '', onnxRuntime: a });
    expect((await failure(() => nameOnnxRuntime(addon, b), 'INVALID_OPTION')).message).toContain(
      `this process uses ${a}`,
    );
  });
});

describe('the codec libraries are found', () => {
  it('libvips in its package', () => {
    const file = put(join(project, 'node_modules/microtome-libvips-linux-x64/lib/libvips-cpp.so.8.18.7'));
    expect(findVips().path).toBe(file);
  });
  it('libvips in the package as it is installed here', () => {
    const installed = new URL('../../node_modules/microtome-libvips-linux-x64', import.meta.url).pathname;
    const copy = join(project, 'node_modules/microtome-libvips-linux-x64');
    cpSync(join(installed, 'package.json'), join(copy, 'package.json'));
    const file = put(join(copy, 'lib/libvips-cpp.so.8.18.7'));
    expect(findVips().path).toBe(file);
    expect(realpathSync(installed)).toBeTruthy();
  });
  it('libjpeg-turbo beside the addon, then in the prebuilds, then in its package', () => {
    const inPackage = put(
      join(project, 'node_modules/@julusian/jpeg-turbo/prebuilds/jpeg-turbo-linux-x64/libturbojpeg.so.0'),
    );
    expect(findJpeg('').path).toBe(inPackage);
    const prebuilt = put(join(packageFolder, 'prebuilds/linux-x64/libturbojpeg.so.0'));
    expect(findJpeg('').path).toBe(prebuilt);
    const beside = put(join(project, 'addon/libturbojpeg.so.0'));
    expect(findJpeg(dirname(beside)).path).toBe(beside);
  });
  it('or not: then what was tried is known', () => {
    expect(findVips()).toMatchObject({ path: '' });
    expect(findVips().tried.length).toBeGreaterThan(1);
    expect(findJpeg('')).toMatchObject({ path: '' });
  });
});

describe('the platform', () => {
  it.each([
    [{ os: 'linux', arch: 'x64', libc: 'glibc 2.28' }, null],
    [{ os: 'linux', arch: 'x64', libc: 'glibc 3.0' }, null],
    [{ os: 'linux', arch: 'x64', libc: 'unknown' }, null],
    [{ os: 'linux', arch: 'x64', libc: 'glibc 2.17' }, 'this is linux x64 (glibc 2.17)'],
    [{ os: 'linux', arch: 'x64', libc: 'musl' }, 'this is linux x64 (musl)'],
    [{ os: 'linux', arch: 'arm64', libc: 'glibc 2.36' }, 'this is linux arm64 (glibc 2.36)'],
    [{ os: 'darwin', arch: 'arm64', libc: 'none' }, 'this is darwin arm64'],
    [{ os: 'win32', arch: 'x64', libc: 'none' }, 'this is win32 x64'],
  ])('%j', async (found, fault) => {
    expect(platformFault(found)).toBe(fault);
    if (fault === null) expect(() => requirePlatform(found)).not.toThrow();
    else expect((await failure(() => requirePlatform(found), 'UNSUPPORTED_PLATFORM')).message).toContain(fault);
  });
  it('of this process is known', () => {
    const found = platform();
    expect([found.os, found.arch]).toEqual([process.platform, process.arch]);
    if (found.os === 'linux') expect(found.libc).toMatch(/^(glibc \d+\.\d+|musl)$/);
  });
});

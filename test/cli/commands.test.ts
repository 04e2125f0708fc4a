import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { MicrotomeError } from '../../lib/core/errors.js';
import { fakeModel, temporaryFolder } from '../runs/support.js';
import { cli, fakeSlide, healthy } from './support.js';

describe('info', () => {
  it('prints size, resolution with its source, levels, associated images and warnings; nothing forged', async () => {
    const slide = fakeSlide();
    const { code, stdout, stderr } = await cli(['info', 'a.svs'], { library: { openSlide: async () => slide } });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('2220 x 2967 px');
    expect(stdout).toContain('0.499 x 0.499 um/px (from aperio)');
    expect(stdout).toContain('tiles of 240 x 240  jpeg, rgb');
    expect(stdout).toContain('thumb\\u001b[31mnail');
    expect(stdout).toContain('warning  a\\u000aforged line');
    expect(stdout).not.toContain('\u001b');
    expect(slide.closed).toBe(true);
  });

  it('--json is one line', async () => {
    const { stdout } = await cli(['info', 'a.svs', '--json']);
    expect(stdout.split('\n')).toHaveLength(2);
    expect(JSON.parse(stdout)).toMatchObject({
      path: 'a.svs',
      width: 2220,
      mpp: { source: 'aperio' },
      levels: [{ tileWidth: 240 }],
    });
  });

  it('an unknown or doubtful resolution says so', async () => {
    const without = await cli(['info', 'a'], { library: { openSlide: async () => fakeSlide({ mpp: null }) } });
    expect(without.stdout).toMatch(/mpp +unknown/);
    const mpp = { x: 1000, y: 1000, source: 'tiff' as const, trusted: false };
    const doubtful = await cli(['info', 'a'], { library: { openSlide: async () => fakeSlide({ mpp }) } });
    expect(doubtful.stdout).toContain('from tiff, not trusted');
  });

  it.each([
    ['FILE_NOT_FOUND', 4],
    ['NOT_A_SLIDE', 4],
    ['TRUNCATED', 4],
    ['UNSUPPORTED_PLATFORM', 2],
    ['RUNTIME_MISSING', 2],
    ['OUT_OF_MEMORY', 1],
  ] as const)('%s ends with %d and one line with code, stage, path and advice', async (code, exit) => {
    const openSlide = () =>
      Promise.reject(new MicrotomeError(code, 'slide', 'what was found', { path: '/x/a.svs', advice: 'what to do' }));
    const result = await cli(['info', 'a.svs'], { library: { openSlide } });
    expect(result).toMatchObject({ code: exit, stdout: '' });
    expect(result.stderr).toBe(`microtome: ${code} (slide): what was found; what to do (/x/a.svs)\n`);
    const verbose = await cli(['info', 'a.svs', '--verbose'], { library: { openSlide } });
    expect(verbose.stderr).toContain('commands.test.ts');
  });

  it('a bug is INTERNAL, exit 1', async () => {
    const openSlide = () => Promise.reject(new TypeError('oh'));
    const result = await cli(['info', 'a.svs'], { library: { openSlide } });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('INTERNAL: oh');
  });
});

/** Undoes the filter of the rows; fails on anything but what a PNG must have. */
function decodePng(png: Buffer): { width: number; height: number; data: Uint8Array } {
  expect(png.subarray(0, 8)).toEqual(Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]));
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const length = png.readUInt32BE(33);
  expect(png.toString('latin1', 37, 41)).toBe('IDAT');
  const rows = inflateSync(png.subarray(41, 41 + length));
  const stride = width * 3;
  const data = new Uint8Array(stride * height);
  for (let y = 0; y < height; ++y) {
    expect(rows[y * (stride + 1)]).toBe(2);
    for (let i = 0; i < stride; ++i) {
      const above = y === 0 ? 0 : (data[(y - 1) * stride + i] ?? 0);
      data[y * stride + i] = ((rows[y * (stride + 1) + 1 + i] ?? 0) + above) & 255;
    }
  }
  expect(png.subarray(-12)).toEqual(Buffer.from([0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82]));
  return { width, height, data };
}

describe('region', () => {
  const size = ['--width', '7', '--height', '5'];

  it('writes a PNG with exactly the pixels, or the pixels themselves', async () => {
    const folder = await temporaryFolder();
    const [png, raw] = [join(folder, 'f.png'), join(folder, 'f.RAW')];
    expect(await cli(['region', 'a', ...size, '--x', '-5', '--y=-6', '--out', png])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '',
    });
    await cli(['region', 'a', ...size, '--out', raw]);
    const pixels = await readFile(raw);
    expect(pixels).toHaveLength(7 * 5 * 3);
    const decoded = decodePng(await readFile(png));
    expect(decoded).toMatchObject({ width: 7, height: 5 });
    expect(Buffer.from(decoded.data)).toEqual(pixels);
    expect((await readdir(folder)).sort()).toEqual(['f.RAW', 'f.png']);
  });

  it('does not replace a file unless told', async () => {
    const out = join(await temporaryFolder(), 'f.raw');
    await cli(['region', 'a', ...size, '--out', out]);
    const again = await cli(['region', 'a', ...size, '--out', out]);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('OUTPUT_EXISTS');
    expect((await cli(['region', 'a', ...size, '--out', out, '--overwrite', '--json'])).stdout).toContain(
      '"badTiles":0',
    );
  });

  it('a bad tile is an error, or white and told', async () => {
    const out = join(await temporaryFolder(), 'f.raw');
    const bad = ['region', 'a', '--width', '13', '--height', '1', '--out', out];
    expect((await cli(bad)).code).toBe(4);
    expect(await readdir(join(out, '..'))).toEqual([]);
    const filled = await cli([...bad, '--on-bad-tile', 'fill']);
    expect(filled.code).toBe(0);
    expect(filled.stderr).toMatch(/f\.raw: 1 tiles .* white\n$/);
  });

  it('pixels outside the level are white and told', async () => {
    const out = join(await temporaryFolder(), 'f.raw');
    const outside = ['region', 'a', '--width', '11', '--height', '2', '--out', out];
    const told = await cli(outside);
    expect(told.code).toBe(0);
    expect(told.stderr).toMatch(/f\.raw: 4 of 22 pixels lie outside level 0 \(\d+ x \d+ pixels\) and are white\n$/);
    expect((await cli([...outside, '--overwrite', '--json'])).stdout).toContain('"outsidePx":4');
  });

  it('passes the level and the place on', async () => {
    const seen: unknown[] = [];
    const slide = fakeSlide();
    const readRegion = slide.readRegion.bind(slide);
    slide.readRegion = (r) => {
      seen.push(r);
      return readRegion(r);
    };
    const out = join(await temporaryFolder(), 'f.raw');
    await cli(['region', 'a', '--level', '3', '--x', '-10', '--y', '20', ...size, '--out', out], {
      library: { openSlide: async () => slide },
    });
    expect(seen).toEqual([{ level: 3, x: -10, y: 20, width: 7, height: 5 }]);
    expect(slide.closed).toBe(true);
  });
});

describe('model', () => {
  it('shows hash, inputs, outputs, and that it is not for clinical use', async () => {
    const card = {
      licence: 'Apache-2.0',
      intendedUse: 'tests',
      clinicalUse: false,
      authors: ['someone'],
      trainingData: null,
      evaluation: null,
      limitations: 'all of them',
      citation: null,
    };
    const { code, stdout } = await cli(['model', 'demo'], {
      library: { loadModel: async () => ({ ...fakeModel(), card }) },
    });
    expect(code).toBe(0);
    expect(stdout).toContain('NOT FOR CLINICAL USE');
    expect(stdout).toContain('a'.repeat(64));
    expect(stdout).toContain('relapse: clipped to [0.000001, 0.999999], fallback 0.25');
    expect(stdout).toContain('8 px, stride 8 px, 1 um/px');
    expect(stdout).toContain('all of them');
    expect(stdout).not.toContain('citation');
  });

  it('a model without a card is not for clinical use either', async () => {
    expect((await cli(['model', 'x.onnx'])).stdout).toContain('NO CARD');
  });

  it('--json is one line', async () => {
    const { stdout } = await cli(['model', 'demo', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ name: 'fake', sha256: 'a'.repeat(64), outputs: [{ name: 'relapse' }] });
  });

  it('a bad one ends with 2', async () => {
    const loadModel = () => Promise.reject(new MicrotomeError('MODEL_INVALID', 'infer', 'not a model'));
    expect((await cli(['model', 'x'], { library: { loadModel } })).code).toBe(2);
  });
});

describe('doctor', () => {
  it('says what works', async () => {
    const { code, stdout } = await cli(['doctor']);
    expect(code).toBe(0);
    for (const text of [
      process.version,
      'glibc 2.36',
      '/package/microtome.node',
      '3.1.2',
      '8.18.7',
      '1.30.0',
      'the one that comes with microtome, under the MIT License',
      '/package/THIRD-PARTY-NOTICES.md',
      'API 30',
      'none: microtome, built in',
      'deflate: libdeflate 1.14, built in',
      'lzw: libvips 8.18.7',
      'zstd: missing: neither this binary nor a library here has it; such slides are refused',
      'avx2',
      'A processor',
      'slides can be scored on this machine',
    ]) {
      expect(stdout).toContain(text);
    }
    expect(JSON.parse((await cli(['doctor', '--json'])).stdout)).toMatchObject({
      works: true,
      libraries: { simd: 'avx2' },
      devices: [{ id: 'cpu' }],
    });
  });

  it('says what is missing, what to install, what was tried; exit 2', async () => {
    const libraries = healthy.libraries as NonNullable<typeof healthy.libraries>;
    const missing = { ...libraries.onnxRuntime, loaded: false, path: '', error: '' };
    const report = {
      ...healthy,
      searches: {
        ...healthy.searches,
        onnxRuntime: { path: '', tried: ['/here', '/there'], origin: 'bundled' as const },
      },
      libraries: { ...libraries, onnxRuntime: missing },
    };
    const { code, stdout } = await cli(['doctor'], { library: { doctor: async () => report } });
    expect(code).toBe(2);
    for (const text of [
      'ONNX Runtime   not installed',
      'to repair it: install microtome again: its libonnxruntime.so.1 belongs beside the addon',
      'looked in /here',
      'looked in /there',
      'cannot be scored on this machine',
    ]) {
      expect(stdout).toContain(text);
    }
    expect(stdout.indexOf('to repair it')).toBeLessThan(stdout.indexOf('looked in /here'));
  });

  it.each([
    ['option', 'to repair it: correct --onnx-runtime-path, or leave it out'],
    ['environment', 'to repair it: correct MICROTOME_ONNXRUNTIME, or unset it'],
  ] as const)('says whose path of ONNX Runtime is wrong: %s', async (origin, text) => {
    const searches = { ...healthy.searches, onnxRuntime: { path: '', tried: ['/wrong'], origin } };
    const libraries = healthy.libraries as NonNullable<typeof healthy.libraries>;
    const missing = { ...libraries, onnxRuntime: { ...libraries.onnxRuntime, loaded: false, path: '', error: '' } };
    const report = { ...healthy, searches, libraries: missing };
    expect((await cli(['doctor'], { library: { doctor: async () => report } })).stdout).toContain(text);
  });

  it('without addon and on another platform it still reports', async () => {
    const report = {
      ...healthy,
      platformFault: 'this is darwin arm64',
      addon: { path: '', error: 'the native addon was not found\n  looked in: /x' },
      libraries: null,
    };
    const { code, stdout } = await cli(['doctor'], { library: { doctor: async () => report } });
    expect(code).toBe(2);
    for (const text of ['this is darwin arm64', 'looked in: /x', 'found but not loaded: /vips/libvips-cpp.so'])
      expect(stdout).toContain(text);
  });

  it('a library that loads but cannot be used is told with its reason', async () => {
    const libraries = healthy.libraries as NonNullable<typeof healthy.libraries>;
    const jpeg = { ...libraries.jpeg, loaded: false, error: 'wrong ELF class' };
    const { stdout } = await cli(['doctor'], {
      library: { doctor: async () => ({ ...healthy, libraries: { ...libraries, jpeg } }) },
    });
    expect(stdout).toContain('wrong ELF class');
  });
});

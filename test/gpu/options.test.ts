/** Options of a GPU: which of them go with which device. */
import { describe, expect, it } from 'vitest';
import { MicrotomeError } from '../../lib/core/errors.js';
import { keyOptions } from '../../lib/runs/run-key.js';
import { parseScorerOptions } from '../../lib/options/score-options.js';
import type { ScorerOptions } from '../../lib/options/types.js';

const parsed = (options: Partial<ScorerOptions>) => parseScorerOptions({ model: 'demo', ...options }).runtime;
function refused(options: Partial<ScorerOptions>): string {
  try {
    parsed(options);
  } catch (error) {
    if (error instanceof MicrotomeError && error.code === 'INVALID_OPTION') return error.message;
    throw error;
  }
  return 'taken';
}

describe('options of a GPU', () => {
  it('have defaults', () => {
    expect(parsed({})).toMatchObject({
      device: 'auto',
      gpu: {
        tf32: false,
        fp16: false,
        graphs: false,
        decode: 'auto',
        memoryLimitBytes: 0,
        cache: null,
        libraries: null,
        plugin: null,
      },
    });
  });
  it('are parsed: folders by colons, URLs of files', () => {
    const gpu = { libraries: '/a:/b c:', cache: new URL('file:///engines'), fp16: true } as const;
    expect(parsed({ device: 'tensorrt:1', gpu }).gpu).toMatchObject({
      libraries: ['/a', '/b c'],
      cache: '/engines',
      fp16: true,
    });
    expect(parsed({ device: 'plugin:openvino', gpu: { plugin: '/ep.so' } }).gpu.plugin).toBe('/ep.so');
    expect(parsed({ reproducible: false, gpu: { decode: 'nvjpeg' } }).gpu.decode).toBe('nvjpeg');
  });
  it.each([
    [{ device: 'plugin:openvino' }, "device is 'plugin:openvino', which needs gpu.plugin"],
    [{ device: 'cuda', gpu: { plugin: '/ep.so' } }, "gpu.plugin was given, which is for a device 'plugin:<name>'"],
    [{ device: 'cuda', gpu: { fp16: true } }, "gpu.fp16 is for 'tensorrt', but device is 'cuda'"],
    [{ gpu: { cache: '/engines' } }, "gpu.cache is for 'tensorrt', but device is 'auto'"],
    [{ device: 'cpu', gpu: { tf32: true } }, "gpu.tf32 is for a GPU, but device is 'cpu'"],
    [{ device: 'cpu', gpu: { graphs: true } }, 'gpu.graphs is for a GPU'],
    [{ device: 'cpu', gpu: { memoryLimit: 2 ** 30 } }, 'gpu.memoryLimit is for a GPU'],
    [{ device: 'cpu', reproducible: false, gpu: { decode: 'nvjpeg' } }, 'gpu.decode is for a GPU'],
    [{ gpu: { decode: 'nvjpeg' } }, "gpu.decode: 'nvjpeg' needs reproducible: false"],
    [{ device: 'cuda', gpu: { memoryLimit: 1 } }, 'gpu.memoryLimit'],
    [{ device: 'cuda', gpu: { decod: 'cpu' } as object }, 'decode'],
    [{ device: 'plugin:a b' as 'cpu' }, "or 'plugin:<name>' for device"],
  ] as const)('%j is refused', (options, message) => {
    expect(refused(options)).toContain(message);
  });
  it('are no part of the key of a journal: what was in use is', async () => {
    const gpu = { tf32: true, decode: 'cpu', libraries: '/a', memoryLimit: 2 ** 30 };
    expect(await keyOptions({ device: 'cuda', gpu })).toEqual({});
  });
});

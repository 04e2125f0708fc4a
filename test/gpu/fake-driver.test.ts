/** The addon's own look at a driver: the fake one that the native tests are built with stands for the machine's. */
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageFile } from '../../lib/core/package-root.js';
import { loadAddon } from '../../lib/native/addon.js';

const fake = ['build/libfake_cuda.so', 'build/Release/libfake_cuda.so']
  .map(packageFile)
  .find((path) => existsSync(path));

async function reportOf(driver: string, freeMemory = false) {
  return (await loadAddon()).gpuReport({ driver, freeMemory });
}

describe('the driver', () => {
  it('that is not there is a reason, without an advice of its own', async () => {
    const report = await reportOf('/nowhere/libcuda.so.1', true);
    expect(report).toMatchObject({ path: '/nowhere/libcuda.so.1', cudaVersion: 0, gpus: [] });
    expect(report.reason).toContain('/nowhere/libcuda.so.1');
    expect(report.reason).not.toContain('[[');
  });
  it('that is no library is a reason, too', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'microtome-driver-'));
    writeFileSync(join(folder, 'libcuda.so.1'), 'text');
    expect((await reportOf(join(folder, 'libcuda.so.1'))).reason).not.toBe('');
    rmSync(folder, { recursive: true });
  });
  it.skipIf(fake === undefined)('tells its GPUs, and what is free of them only where that is asked for', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'microtome-driver-'));
    const driver = join(folder, 'libcuda.so.1');
    copyFileSync(fake ?? '', driver);
    const report = await reportOf(driver);
    expect(report).toMatchObject({ path: driver, cudaVersion: 12040, reason: '' });
    expect(report.gpus).toEqual([
      {
        ordinal: 0,
        name: 'Fake GPU',
        computeCapability: [9, 0],
        memoryBytes: 2 ** 30,
        freeMemoryBytes: null,
        uuid: expect.stringMatching(/^GPU-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      },
    ]);
    const [gpu] = (await reportOf(driver, true)).gpus;
    expect(gpu?.freeMemoryBytes).toBeGreaterThan(0);
    expect(gpu?.freeMemoryBytes).toBeLessThanOrEqual(2 ** 30);
    rmSync(folder, { recursive: true });
  });
});

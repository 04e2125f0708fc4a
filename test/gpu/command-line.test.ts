/** The device in what the command line prints, and in the journal and the summary of a run. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DeviceUse } from '../../lib/native/devices.js';
import { startRun, type RunDependencies } from '../../lib/runs/directory-run.js';
import { sourceOf } from '../../lib/runs/score-directory.js';
import { cli } from '../cli/support.js';
import { fakeScorer, temporaryFolder } from '../runs/support.js';

const use: DeviceUse = {
  id: 'cuda',
  kind: 'cuda',
  name: '2 × NVIDIA H200',
  precision: 'tf32',
  reproducible: false,
  identity: 'cuda on NVIDIA H200 9.0, driver of CUDA 13.0, ONNX Runtime 1.29.0, tf32',
  gpus: 2,
  gpusSeen: 2,
  asked: 'auto',
  reasons: [],
  notes: [],
};
const onCpu: DeviceUse = {
  id: 'cpu',
  kind: 'cpu',
  name: 'A processor',
  precision: 'float32',
  reproducible: true,
  identity: 'cpu',
  gpus: 0,
  gpusSeen: 1,
  asked: 'auto',
  reasons: ['no provider'],
  notes: [],
};
const withUse = (deviceUse: DeviceUse) => ({
  createScorer: async () => ({ ...fakeScorer(), device: deviceUse.id, deviceUse }),
});

async function oneSlide(): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'a.tif'), '');
  return folder;
}

describe('the command line', () => {
  it('score says which device it chose and why, and gives it with each slide', async () => {
    const folder = await oneSlide();
    const chosen = await cli(['score', folder, '--model', 'm', '--json'], { library: withUse(use) });
    expect(chosen.code).toBe(0);
    expect(chosen.stderr).toContain('device cuda: 2 × NVIDIA H200, tf32\n');
    expect(JSON.parse(chosen.stdout)).toMatchObject({ device: { id: 'cpu', precision: 'float32' } });
    const cpu = await cli(['score', folder, '--model', 'm'], { library: withUse(onCpu) });
    expect(cpu.stderr).toContain('device cpu: A processor; no other one: no provider\n');
    const without = await cli(['score', folder, '--model', 'm'], { library: withUse({ ...onCpu, gpusSeen: 0 }) });
    expect(without.stderr).not.toContain('device cpu');
    const quiet = await cli(['score', folder, '--model', 'm', '--progress', 'percent'], { library: withUse(use) });
    expect(quiet.stderr).not.toContain('device');
  });
  it('bench prints the device with driver and libraries, and slides per hour by their tiles', async () => {
    const folder = await oneSlide();
    const { stdout } = await cli(['bench', folder, '--repetitions', '1'], { library: withUse(use) });
    expect(stdout).toMatch(/device +cuda: 2 × NVIDIA H200; cuda on NVIDIA H200 9\.0, driver of CUDA 13\.0/);
    expect(stdout).toMatch(/slides of 256 tiles +[\d,]+ an hour\n/);
    const json = JSON.parse(
      (await cli(['bench', folder, '--repetitions', '1', '--json'], { library: withUse(use) })).stdout,
    );
    expect(json.device).toEqual(use);
    const [few, many] = [json.projected[0], json.projected[2]];
    expect([few.tiles, many.tiles]).toEqual([256, 4096]);
    expect(few.slidesPerHour / many.slidesPerHour).toBeCloseTo(16);
    expect(few.slidesPerHour).toBeCloseTo((3600 * json.tilesPerSecond.median) / 256);
  });
  it('takes the options of a GPU as flags', async () => {
    const folder = await oneSlide();
    const asked: unknown[] = [];
    const createScorer = async (options: unknown) => {
      asked.push(options);
      return fakeScorer();
    };
    const flags = ['--device', 'tensorrt:1', '--gpu-fp16', '--gpu-cache', '/engines', '--gpu-memory-limit', '2GiB'];
    await cli(['bench', folder, '--repetitions', '1', ...flags, '--no-reproducible'], { library: { createScorer } });
    const gpu = { fp16: true, cache: '/engines', memoryLimit: 2 ** 31 };
    expect(asked).toEqual([expect.objectContaining({ device: 'tensorrt:1', gpu, reproducible: false })]);
  });
});

describe('a run', () => {
  it('has the device in its summary, tells it once, and keeps no journal of another device', async () => {
    const folder = await oneSlide();
    await writeFile(join(folder, 'b.tif'), '');
    const output = join(folder, 'out.csv');
    const told: DeviceUse[] = [];
    const dependencies = (deviceUse: DeviceUse, failing = {}): RunDependencies => ({
      createScorer: async () => ({ ...fakeScorer({ failing }), device: deviceUse.id, deviceUse }),
      machine: async (scorer) => ({ 'the device': scorer.deviceUse?.identity ?? '' }),
      versions: async () => ({}),
    });
    const run = (of: RunDependencies, more = {}) =>
      startRun(
        sourceOf(folder),
        { model: 'm', output, onError: 'error', onDevice: (device: DeviceUse) => told.push(device), ...more },
        of,
      ).done;
    const failing = { 'b.tif': 'CORRUPT_TILE' } as const;
    await expect(run(dependencies(use, failing))).rejects.toMatchObject({ code: 'CORRUPT_TILE' });
    await expect(run(dependencies(onCpu), { resume: true })).rejects.toMatchObject({
      code: 'RESUME_REFUSED',
      message: expect.stringContaining('the device'),
    });
    const summary = await run(dependencies(use), { resume: true });
    expect(summary).toMatchObject({ device: use, counts: { resumed: 1, scored: 1 } });
    expect(told).toEqual([use, onCpu, use]);
  });
});

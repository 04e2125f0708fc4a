/** What doctor says of GPUs: rows of a table of two columns. */
import type { GpuDoctorReport, GpuStackReport } from '../index.js';
import { bytes } from './text.js';

type Row = [label: string, text: string];

/** What a person with a GPU needs; on a machine without one it is two lines. */
export function gpuRows(report: GpuDoctorReport): readonly Row[] {
  const { driver, driverCuda, reason, stacks, providers, nvjpeg, places } = report;
  const rows: Row[] = [];
  if (driver.reason !== '') rows.push(['GPU', `none: ${driver.reason}`]);
  for (const gpu of driver.gpus) {
    const free = gpu.freeMemoryBytes === null ? '' : `, ${bytes(gpu.freeMemoryBytes)} free`;
    const capability = gpu.computeCapability.join('.');
    rows.push([
      'GPU',
      `${gpu.ordinal}: ${gpu.name}, compute capability ${capability}, ${bytes(gpu.memoryBytes)}${free}`,
    ]);
    rows.push(['', gpu.uuid]);
  }
  if (driverCuda !== '') rows.push(['GPU driver', `knows CUDA ${driverCuda} and earlier (${driver.path})`]);
  for (const stack of stacks) rows.push(...stackRows(stack));
  // Without a GPU nobody needs to hear of a provider that is not there.
  if (driver.gpus.length > 0 || stacks.length > 0) {
    for (const [provider, why] of Object.entries(providers)) if (why !== '') rows.push([provider, `none: ${why}`]);
    rows.push(['nvJPEG', nvjpeg === '' ? 'not found: tiles are decoded on the CPU' : nvjpeg]);
    if (reason !== '') rows.push(...places.map(({ folder, origin }): Row => ['', `looked in ${folder} (${origin})`]));
  }
  rows.push(['auto', reason === '' ? 'cuda, where the model runs on it' : `cpu: ${reason}`]);
  return rows;
}

function stackRows(stack: GpuStackReport): readonly Row[] {
  const { provider, path, runtime, runtimeVersion, cudaMajor, code, notes, reason } = stack;
  const rows: Row[] = [[provider, reason === '' ? path : `${path}: cannot be used: ${reason}`]];
  if (runtime !== '') rows.push(['', `ONNX Runtime ${runtimeVersion || 'of an unknown version'}: ${runtime}`]);
  if (cudaMajor > 0) rows.push(['', `its libraries are of CUDA ${cudaMajor}`]);
  const assembly = code.assembly.map((each) => `${each} (PTX)`);
  rows.push([
    '',
    `code for ${code.reason === '' ? [...code.machineCode, ...assembly].join(' ') || 'no GPU' : `unknown GPUs: ${code.reason}`}`,
  ]);
  return [...rows, ...notes.map((note): Row => ['', `note: ${note}`])];
}

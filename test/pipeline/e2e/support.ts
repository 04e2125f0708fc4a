/** What the tests with Python share: programs, images, and the parameters of a small training. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { readImages, type LocalImages } from '../../../lib/pipeline/index.js';

export const root = resolve(import.meta.dirname, '../../..');
/** Set by scripts/test-pipeline.mjs. */
export const python = process.env['MICROTOME_TRAIN_PYTHON'] ?? '/usr/bin/python3';
export const kfpPython = process.env['MICROTOME_KFP_PYTHON'] ?? 'python3';
export const program = [process.execPath, join(root, 'dist/cli/main.js')];

export const scratch = (): string => mkdtempSync(join(tmpdir(), 'microtome-pipeline-'));
export const run = promisify(execFile);
export const microtome = (...words: readonly string[]) =>
  run(program[0] ?? '', [...program.slice(1), ...words], { cwd: root });
export const train = (...words: readonly string[]) => run(python, ['-m', 'train.lesions', ...words], { cwd: root });

export const trainer = 'r.example.org/trainer:1';
export const tools = 'r.example.org/tools:1';

/** One thread for each process: two of them train on two cores. torchrun of PyTorch 1.13 needs the other two. */
const env = { OMP_NUM_THREADS: '1', PYTHON: python, PET_REDIRECTS: '1', PET_TEE: '1' };

export function images(folder: string): LocalImages {
  const path = join(folder, 'images.json');
  const words = { python3: [python], torchrun: [python, '-m', 'torch.distributed.run'] };
  const map = {
    images: {
      [tools]: { programs: { microtome: program } },
      [trainer]: { programs: words, folder: root, env },
      'r.example.org/server:1': { programs: { microtome: program } },
      'r.example.org/download:1': {
        programs: { 'fetch-data': ['bash', join(root, 'test/pipeline/e2e/fetch-data.sh')] },
        folder: root,
        env,
      },
    },
  };
  writeFileSync(path, JSON.stringify(map));
  return readImages(map, path);
}

/** Variables that a step needs of this machine. */
export const machine = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/tmp' };

/** A training that ends in seconds. */
export const small = { backbone: 'small', sizePx: 32, epochs: 2, batch: 32, rate: 4e-3, folds: 4, bestBy: 'log_loss' };

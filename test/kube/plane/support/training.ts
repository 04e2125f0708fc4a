/** A training on generated lesions that ends within seconds, as an image of this machine and as the words of a manifest. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeImage, root, type Image } from './image.js';

const run = promisify(execFile);
const python = process.env['MICROTOME_TRAIN_PYTHON'] ?? '/usr/bin/python3';

/** With this PyTorch and Python 3.11 torchrun needs the last two, and an image is the place to say so: PET_* may not be in a TrainJob. */
const env = { OMP_NUM_THREADS: '1', PYTHONUNBUFFERED: '1', PET_REDIRECTS: '1', PET_TEE: '1' };

export interface HeldImage extends Image {
  /** The file that is there as soon as a rank is held. */
  readonly heldFile: string;
}

/** @param hold rank 1 waits once, after the first epoch, until it is ended */
export function trainerImage(hold: boolean): HeldImage {
  const held = hold ? [join(root, 'test/kube/plane/support/held_rank.py')] : [];
  const programs = { python3: [python, ...held], torchrun: [python, '-m', 'torch.distributed.run', ...held] };
  const image = makeImage(programs);
  const heldFile = join(image.folder, 'held');
  return { ...image, env: { ...env, HELD_FILE: heldFile }, heldFile };
}

/** Images, index, table and folds. */
export async function writeLesions(folder: string): Promise<void> {
  const lesions = (...words: string[]): Promise<unknown> =>
    run(python, ['-m', 'train.lesions', ...words], { cwd: root });
  const file = (name: string): string => join(folder, name);
  await lesions('generate', folder, '--lesions', '300', '--seed', '1', '--positive-share', '0.25');
  const index = join(root, 'train/lesions/export-index.mjs');
  await run(process.execPath, [index, file('images.hdf5'), file('index.json')], { cwd: root });
  await lesions('folds', file('train-metadata.csv'), file('folds.json'), '--count', '4', '--seed', '1');
}

/** What follows `python3` or `torchrun` in a container that has the data in /data. */
export const trainWords = (out: string): readonly string[] => [
  ...['-m', 'train.lesions', 'train', '--images', '/data/images.hdf5', '--index', '/data/index.json'],
  ...['--metadata', '/data/train-metadata.csv', '--folds', '/data/folds.json', '--out', out],
  ...['--backbone', 'small', '--size-px', '48', '--batch', '32', '--rate', '4e-3', '--epochs', '2', '--threads', '1'],
  ...['--device', 'cpu', '--best-by', 'log_loss'],
];

export interface RunCard {
  /** One for each rank. */
  readonly parametersSha256: readonly string[];
  readonly history: readonly unknown[];
}

export const cardOf = (folder: string): RunCard =>
  JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')) as RunCard;

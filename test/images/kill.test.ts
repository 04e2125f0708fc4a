/** A real run over images that is killed with SIGKILL when its first rows are on disk, and started again. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { encodePng } from '../../lib/core/png.js';
import { scoreImages } from '../../lib/index.js';
import { fileWith, temporaryFolder } from '../runs/support.js';
import { runChild } from '../support/child.js';
import { hdf5File } from './hdf5-writer.js';
import { isicName } from './support.js';

/** More than the batches (of 1024) that may be done before a loop takes the first one: some are left in any case. */
const kImages = 14_000;

const options = { model: 'demo-lesion', device: 'cpu', threads: 2 } as const;

/** Few pictures under many names, so that the file is made quickly. */
async function lesionFile(): Promise<string> {
  const pictures: Buffer[] = [];
  for (let i = 0; i < 20; ++i) {
    const data = Uint8Array.from({ length: 3 * 24 * 24 }, (_, k) => (k * (i + 3)) % 251);
    pictures.push(await encodePng({ data, width: 24, height: 24, channels: 3 }));
  }
  const entries = Array.from({ length: kImages }, (_, i) => ({
    name: isicName(i),
    content: pictures[i % pictures.length] as Buffer,
  }));
  return fileWith(hdf5File(entries), 'test-image.hdf5');
}

it('a run that is killed after its first rows goes on, and ends with the bytes of one that was not', async () => {
  const images = await lesionFile();
  const whole = join(await temporaryFolder(), 'whole.csv');
  await scoreImages(images, { ...options, output: whole }).done;

  const output = join(await temporaryFolder(), 'killed.csv');
  const body = `
    const run = scoreImages(images, { ...options, output });
    // Rows are told when they are on disk.
    for await (const _ of run) process.kill(process.pid, 'SIGKILL');`;
  expect((await runChild({ images, options, output }, body)).signal).toBe('SIGKILL');
  expect(await readdir(dirname(output))).not.toContain('killed.csv');
  const lines = (await readFile(`${output}.journal`, 'utf8')).split('\n');
  expect(lines.length).toBeGreaterThanOrEqual(3);

  const summary = await scoreImages(images, { ...options, output, resume: true }).done;
  expect(summary.counts.resumed).toBeGreaterThanOrEqual(1024);
  expect(summary.counts.resumed).toBeLessThan(kImages);
  expect(summary.counts.scored).toBe(kImages - summary.counts.resumed);
  expect(await readFile(output, 'utf8')).toBe(await readFile(whole, 'utf8'));
});

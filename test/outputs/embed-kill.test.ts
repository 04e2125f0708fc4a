/** microtome embed, killed with SIGKILL over and over and started again with --resume: the bytes of a run that nobody stopped. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { wideModel } from '../support/models/small-graphs.js';
import { makeSharedTileSlide } from '../support/slides.js';

const main = resolve(import.meta.dirname, '../../dist/cli/main.js');
const count = 5;
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'microtome-embed-kill-'));
  await mkdir(join(folder, 'slides'));
  await writeFile(join(folder, 'encoder.onnx'), wideModel(64, 32));
  for (let i = 0; i < count; ++i) {
    const path = join(folder, 'slides', `${i}.tif`);
    await makeSharedTileSlide(path, { width: 2048, height: 2048, seed: i, tissueShare: 0.8 });
    await utimes(path, 1_000_000, 1_000_000);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Ends the command once `isTime` says so of the files that are there; returns its exit code, null where it was killed. */
async function embed(out: string, isTime: (names: readonly string[]) => boolean): Promise<number | null> {
  const options = ['--model', join(folder, 'encoder.onnx'), '--out', out, '--level', '0', '--tile-size', '32'];
  const argv = [main, 'embed', join(folder, 'slides'), ...options, '--resume', '--slides-in-flight', '1'];
  const child = spawn(process.execPath, argv, { stdio: 'ignore' });
  const closed = once(child, 'close');
  const look = setInterval(() => {
    void readdir(out).then(
      (names) => isTime(names) && child.kill('SIGKILL'),
      () => false,
    );
  }, 2);
  const [code] = (await closed) as [number | null];
  clearInterval(look);
  return code;
}

async function contents(out: string): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(out)).sort();
  const read = async (name: string): Promise<string> => (await readFile(join(out, name))).toString('base64');
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await read(name)] as const)));
}

it('writes the same files as a run that was not stopped, and leaves nothing else', async () => {
  const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];
  expect(await embed(whole, () => false)).toBe(0);
  const expected = await contents(whole);
  expect(Object.keys(expected)).toEqual(Array.from({ length: count }, (_, i) => `${i}.h5`));
  let kills = 0;
  for (let files = 0; files < count; ++files) {
    // While a slide is being written: so many are whole, and one has its other name.
    const isTime = (names: readonly string[]): boolean =>
      names.filter((name) => name.endsWith('.h5')).length >= files && names.some((name) => name.endsWith('.tmp'));
    if ((await embed(killed, isTime)) === null) ++kills;
    for (const [name, bytes] of Object.entries(await contents(killed)))
      if (name.endsWith('.h5')) expect(bytes).toBe(expected[name]);
  }
  expect(kills).toBeGreaterThan(0);
  expect(await embed(killed, () => false)).toBe(0);
  expect(await contents(killed)).toEqual(expected);
});

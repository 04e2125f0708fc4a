// npm pack into the cache folder.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from './paths.mjs';
import { run } from './run.mjs';

/** Path of the tarball, made anew. */
export async function packTarball() {
  const folder = join(cacheDir, 'packed');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const { output } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    quiet: true,
  });
  const json = output.slice(output.indexOf('[\n'));
  const [{ filename }] = JSON.parse(json.slice(0, json.lastIndexOf(']') + 1));
  return join(folder, filename);
}

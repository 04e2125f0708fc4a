// What the tests of OpenSlide need: a Python environment with OpenSlide, and the slides that its scripts make, both in the cache.
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir, inRoot, jpegLibrary, testDataDir } from './paths.mjs';
import { programOf, pythonEnvironment } from './python-environment.mjs';
import { run, step } from './run.mjs';

const name = 'openslide';
const folder = inRoot('test', 'openslide');

/** libopenslide.so.1 of the package openslide-bin. */
async function libraryOf() {
  const lib = join(cacheDir, name, 'lib');
  const [python] = (await readdir(lib)).filter((entry) => entry.startsWith('python3.'));
  return join(lib, python, 'site-packages', 'openslide_bin', 'libopenslide.so.1');
}

/** What the slides are made from: the scripts, the packages, and whether there are real slides to convert. */
async function madeFrom(data) {
  const files = (await readdir(folder)).filter((file) => /\.(py|txt)$/.test(file)).sort();
  const hash = createHash('sha256').update(String(data !== null));
  for (const file of files) hash.update(file).update(await readFile(join(folder, file)));
  return hash.digest('hex');
}

async function slidesOf(python) {
  const out = join(cacheDir, 'openslide-slides');
  const stampFile = join(out, 'made-from');
  const data = testDataDir();
  const stamp = await madeFrom(data);
  if ((await readFile(stampFile, 'utf8').catch(() => null)) === stamp) return out;
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const slides = data === null ? '' : join(data, 'slides');
  const args = ['-B', '-E', '-s', join(folder, 'make.py'), out, slides];
  // -E keeps out PYTHON* variables alone: opentile looks for libjpeg-turbo in this one.
  await step('slides in the formats of scanners', () =>
    run(python, args, { quiet: true, env: { TURBOJPEG: jpegLibrary } }),
  );
  await writeFile(stampFile, stamp);
  return out;
}

/** The variables that the tests read: the Python, the library, the folder of slides. Throws where they cannot be had. */
export async function openslideTools() {
  await pythonEnvironment(name, 'test/openslide/requirements.txt');
  const python = programOf(name);
  return {
    MICROTOME_OPENSLIDE_PYTHON: python,
    MICROTOME_OPENSLIDE_LIBRARY: await libraryOf(),
    MICROTOME_OPENSLIDE_SLIDES: await slidesOf(python),
  };
}

// What comes as a Python wheel, pinned, in a private folder of the cache; nothing is installed for the machine.
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { cacheDir } from './paths.mjs';
import { outputOf, run, step } from './run.mjs';

/** A Python 3 that has pip, or else one whose `venv` brings pip; null where there is none. */
export async function findPython() {
  for (const name of ['python3', 'python']) {
    if ((await outputOf(name, ['-m', 'pip', '--version'])) !== null) return { program: name, venv: false };
    if ((await outputOf(name, ['-c', 'import venv, ensurepip'])) !== null) return { program: name, venv: true };
  }
  return null;
}

/** `pip install` of one wheel into `folder`; null, or the reason why it failed: then the folder is gone. */
async function install(folder, args) {
  const found = await findPython();
  if (found === null) return 'Python 3 with pip or venv is not there';
  let pip = found.program;
  try {
    if (found.venv) {
      await run(found.program, ['-m', 'venv', join(cacheDir, 'venv')], {
        quiet: true,
      });
      pip = join(cacheDir, 'venv', 'bin', 'python');
    }
    const options = ['--quiet', '--no-deps', '--only-binary=:all:', '--disable-pip-version-check', '--target', folder];
    await run(pip, ['-m', 'pip', 'install', ...options, ...args], { quiet: true });
    return null;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    return error.message;
  }
}

/**
 * Folder that holds the unpacked wheel, installed when it is not there yet.
 * @returns {Promise<{ folder: string } | { missing: string }>} `missing` says why it cannot be had.
 */
export async function pythonTool(name, version) {
  const folder = join(cacheDir, `${name}-${version}`);
  if (existsSync(folder)) return { folder };
  await mkdir(cacheDir, { recursive: true });
  const missing = await step(`pip install ${name} ${version}`, () => install(folder, [`${name}==${version}`]));
  return missing === null ? { folder } : { missing: `${name} ${version} could not be installed: ${missing}` };
}

/** A few files of a wheel that is not run here; the others are not kept. Null, or the reason why it failed. */
async function unpack({ name, version, sha256, tags, files }, folder) {
  const scratch = await mkdtemp(join(cacheDir, 'wheel-'));
  try {
    const list = join(scratch, 'requirements.txt');
    await writeFile(list, `${name}==${version} --hash=sha256:${sha256}\n`);
    const all = join(scratch, 'all');
    const missing = await install(all, ['--no-compile', '--require-hashes', ...tags, '--requirement', list]);
    if (missing !== null) return missing;
    const whole = join(scratch, 'files');
    await mkdir(whole);
    for (const file of files) await copyFile(join(all, file), join(whole, basename(file)));
    await rename(whole, folder);
    return null;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * Folder that holds `files` of one wheel, under their base names; downloaded and checked by hash when it is not there
 * yet. `tags` choose the wheel, whatever Python this machine has.
 * @param {{ name: string, version: string, sha256: string, tags: readonly string[], files: readonly string[] }} wheel
 * @returns {Promise<{ folder: string } | { missing: string }>} `missing` says why it cannot be had.
 */
export async function wheelFiles(wheel) {
  const { name, version, sha256 } = wheel;
  const folder = join(cacheDir, `${name}-${version}-${sha256.slice(0, 8)}`);
  if (existsSync(folder)) return { folder };
  await mkdir(cacheDir, { recursive: true });
  const missing = await step(`pip install ${name} ${version}`, () => unpack(wheel, folder));
  return missing === null ? { folder } : { missing: `${name} ${version} could not be downloaded: ${missing}` };
}

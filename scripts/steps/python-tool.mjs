// Tools that come as Python wheels, each pinned, in a private folder of the cache; nothing is installed for the machine.
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from './paths.mjs';
import { outputOf, run, step } from './run.mjs';

async function python() {
  for (const name of ['python3', 'python']) {
    if ((await outputOf(name, ['-m', 'pip', '--version'])) !== null) return { program: name, venv: false };
    if ((await outputOf(name, ['-c', 'import venv, ensurepip'])) !== null) return { program: name, venv: true };
  }
  return null;
}

async function install(name, version, folder) {
  const found = await python();
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
    await run(pip, ['-m', 'pip', 'install', ...options, `${name}==${version}`], { quiet: true });
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
  const missing = await step(`pip install ${name} ${version}`, () => install(name, version, folder));
  return missing === null ? { folder } : { missing: `${name} ${version} could not be installed: ${missing}` };
}

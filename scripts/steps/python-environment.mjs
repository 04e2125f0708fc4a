// A Python environment in a folder of the cache: the packages of one list of requirements, nothing else.
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir, inRoot } from './paths.mjs';
import { findPython } from './python-tool.mjs';
import { HelpPage, outputOf, run, step } from './run.mjs';

/** The Python of the environment of that name. */
export const programOf = (name) => join(cacheDir, name, 'bin', 'python');

async function make(folder, python, list) {
  await rm(folder, { recursive: true, force: true });
  // A Python that has pip need not have what `venv` installs pip from.
  await run(python.program, ['-m', 'venv', ...(python.venv ? [] : ['--without-pip']), folder], { quiet: true });
  const program = join(folder, 'bin', 'python');
  const pip = python.venv ? [program, '-m', 'pip'] : [python.program, '-m', 'pip', '--python', program];
  const options = ['--quiet', '--no-deps', '--only-binary=:all:', '--disable-pip-version-check'];
  const [pipProgram, ...words] = [...pip, 'install', ...options, '--requirement', list];
  await run(pipProgram, words, { quiet: true });
}

/**
 * Makes the environment where it is not there, or was made from another list. Throws where it cannot be had.
 * @param {string} name of its folder in the cache
 * @param {string} requirements path of the list from the root
 */
export async function pythonEnvironment(name, requirements) {
  const list = inRoot(requirements);
  const python = await findPython();
  if (python === null) throw new HelpPage(`Python 3 with pip or venv is needed for the packages of ${requirements}`);
  const folder = join(cacheDir, name);
  // Holds what the environment was made from; it is written last.
  const stampFile = join(folder, 'made-from');
  const version = await outputOf(python.program, ['--version']);
  const hash = createHash('sha256').update(await readFile(list));
  const stamp = `${hash.digest('hex')} ${version}\n`;
  const made = await readFile(stampFile, 'utf8').catch(() => null);
  if (made === stamp) return;
  await step(`pip install of ${requirements}`, () => make(folder, python, list));
  await writeFile(stampFile, stamp);
}

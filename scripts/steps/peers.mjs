// The Python environment of test/peers: packages of test/peers/requirements.txt in a folder of the cache, nothing else.
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir, inRoot } from './paths.mjs';
import { findPython } from './python-tool.mjs';
import { HelpPage, outputOf, run, step } from './run.mjs';

const folder = join(cacheDir, 'peers');
/** The Python of the environment. */
export const peersProgram = join(folder, 'bin', 'python');
/** Holds what the environment was made from; it is written last. */
const stampFile = join(folder, 'made-from');

async function make(python, list) {
  await rm(folder, { recursive: true, force: true });
  // A Python that has pip need not have what `venv` installs pip from.
  await run(python.program, ['-m', 'venv', ...(python.venv ? [] : ['--without-pip']), folder], { quiet: true });
  const pip = python.venv ? [peersProgram, '-m', 'pip'] : [python.program, '-m', 'pip', '--python', peersProgram];
  const options = ['--quiet', '--no-deps', '--only-binary=:all:', '--disable-pip-version-check'];
  const [pipProgram, ...words] = [...pip, 'install', ...options, '--requirement', list];
  await run(pipProgram, words, { quiet: true });
}

/** Makes the environment where it is not there, or was made from another list. Throws where it cannot be had. */
export async function peersEnvironment() {
  const list = inRoot('test/peers/requirements.txt');
  const python = await findPython();
  if (python === null) throw new HelpPage('Python 3 with pip or venv is needed for the tests against other programs');
  const version = await outputOf(python.program, ['--version']);
  const hash = createHash('sha256').update(await readFile(list));
  const stamp = `${hash.digest('hex')} ${version}\n`;
  const made = await readFile(stampFile, 'utf8').catch(() => null);
  if (made === stamp) return;
  await step('pip install of test/peers/requirements.txt', () => make(python, list));
  await writeFile(stampFile, stamp);
}

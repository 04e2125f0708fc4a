// What the tests of the contract with the challenge need: programs, roots to run in, the packed package as a user installs it.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bullseyeRoot } from './debian-root.mjs';
import { cacheDir, inRoot } from './paths.mjs';
import { HelpPage, outputOf, run, step } from './run.mjs';

/** Programs, and the Debian package of each. */
const programs = {
  debootstrap: 'debootstrap',
  unzip: 'unzip',
  zip: 'zip',
  unshare: 'util-linux',
  setpriv: 'util-linux',
  readelf: 'binutils',
  python3: 'python3',
};

/** Throws a help page that names everything that is missing: a test that cannot run here must not pass. */
export async function checkPrograms() {
  if (process.getuid?.() !== 0)
    throw new HelpPage(
      'npm run competition:test must run as root: it mounts folders and changes the root of a process',
    );
  const missing = [];
  for (const [name, pack] of Object.entries(programs)) {
    if ((await outputOf('sh', ['-c', `command -v ${name}`])) === null) missing.push(pack);
  }
  if (missing.length > 0) throw new HelpPage(`install first: apt-get install ${[...new Set(missing)].join(' ')}`);
  if ((await outputOf('unshare', ['--mount', '--net', '--pid', '--fork', 'true'])) === null)
    throw new HelpPage('this machine forbids namespaces (unshare --mount --net --pid), which the tests run in');
}

/** A folder into which this tarball is installed as npm does it; made anew when the tarball has changed. */
async function installed(tarball) {
  const hash = createHash('sha256')
    .update(await readFile(tarball))
    .digest('hex')
    .slice(0, 12);
  const folder = join(cacheDir, `installed-${hash}`);
  if (existsSync(folder)) return folder;
  const scratch = await mkdtemp(join(cacheDir, 'install-'));
  try {
    await writeFile(join(scratch, 'package.json'), JSON.stringify({ name: 'participant', private: true }));
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
    await run('npm', ['install', ...options, tarball], { cwd: scratch, quiet: true });
    await rename(scratch, folder);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return folder;
}

/**
 * Makes what is missing and says where all of it is, for MICROTOME_COMPETITION.
 * @returns {Promise<{ roots: Record<string, string>, installed: string, scratch: string }>} `scratch`: an empty folder
 */
export async function competitionTools(tarball) {
  if (!existsSync(inRoot('prebuilds/linux-x64/microtome.glibc.node')))
    throw new HelpPage('there is no packed binary: run npm run prebuilds first, or leave --no-build out');
  const bullseye = await bullseyeRoot();
  const packages = await step('npm install of the packed package', () => installed(tarball));
  const scratch = join(cacheDir, 'competition');
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true });
  return { roots: { 'Debian 11': bullseye, "this machine's own root": '/' }, installed: packages, scratch };
}

// The files of a Debian 11 (glibc 2.31, as in the container of the challenge), for tests that run a program there.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from './paths.mjs';
import { HelpPage, outputOf, run, step } from './run.mjs';

const release = 'bullseye';
/** What the runtime of the challenge has too: a Python, and the programs that unpack a submission. */
const packages = ['python3', 'unzip', 'zip'];

/** The archive that this machine's apt uses, so that no other host is named or asked. */
async function mirror() {
  const format = '$(COMPONENT) $(REPO_URI)';
  const lines = (await outputOf('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'])) ?? '';
  const uris = lines.split('\n').flatMap((line) => (line.startsWith('main ') ? [line.slice('main '.length)] : []));
  const found = uris.find((uri) => !uri.includes('security'));
  if (found === undefined) throw new HelpPage('apt names no Debian archive here: add one to /etc/apt/sources.list');
  return found;
}

async function make(folder) {
  const from = await mirror();
  const scratch = await mkdtemp(join(cacheDir, 'debian-'));
  // In a mount namespace of its own: what debootstrap mounts is gone with it, also where it fails.
  const command = ['debootstrap', '--variant=minbase', `--include=${packages.join(',')}`, release, scratch, from];
  const { code, output } = await run('unshare', ['--mount', ...command], { quiet: true, allowFailure: true });
  if (code === 0) return rename(scratch, folder);
  await rm(scratch, { recursive: true, force: true });
  throw new HelpPage(`debootstrap could not make a Debian ${release}; its last lines:\n${lastLines(output, 8)}`);
}

const lastLines = (text, count) => text.trimEnd().split('\n').slice(-count).join('\n');

/** Path of its root folder, made when it is not there yet. */
export async function bullseyeRoot() {
  const folder = join(cacheDir, `debian-${release}-${packages.join('-')}`);
  await mkdir(cacheDir, { recursive: true });
  if (!existsSync(folder)) await step(`debootstrap of Debian ${release}`, () => make(folder));
  return folder;
}

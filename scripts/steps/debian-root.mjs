// The files of a Debian 11 (glibc 2.31, as in the container of the challenge), for tests that run a program there.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from './paths.mjs';
import { HelpPage, outputOf, run, step } from './run.mjs';

const release = 'bullseye';
/** What the runtime of the challenge has too: a Python, and the programs that unpack a submission. */
const packages = ['python3', 'unzip', 'zip'];

/** Addresses of Debian's own archive that this machine's apt has lists of. Not the one of security updates: it has no whole release. */
async function archives() {
  const format = '$(ORIGIN)|$(COMPONENT)|$(REPO_URI)';
  const lines = (await outputOf('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'])) ?? '';
  const found = lines.split('\n').map((line) => line.split('|'));
  return found
    .filter(([origin, component, uri = '']) => origin === 'Debian' && component === 'main' && !uri.includes('security'))
    .map(([, , uri]) => uri)
    .filter((uri) => /^(?:https?|file):/.test(uri));
}

/** The archive that this machine's apt uses, so that no other host is named or asked. A fresh container has no lists yet. */
async function mirror() {
  const [known] = await archives();
  if (known !== undefined) return known;
  await run('apt-get', ['update', '-qq'], { quiet: true, allowFailure: true });
  const [found] = await archives();
  if (found !== undefined) return found;
  throw new HelpPage(
    'apt knows no archive of Debian by http, https or file: add one to /etc/apt, then run apt-get update',
  );
}

async function make(folder) {
  const from = await mirror();
  const scratch = await mkdtemp(join(cacheDir, 'debian-'));
  // In a mount namespace of its own: what debootstrap mounts is gone with it, also where it fails.
  const command = ['debootstrap', '--variant=minbase', `--include=${packages.join(',')}`, release, scratch, from];
  const { code, output } = await run('unshare', ['--mount', ...command], { quiet: true, allowFailure: true });
  // Another run may have made it meanwhile: then that one is taken.
  const isPlaced =
    code === 0 &&
    (await rename(scratch, folder).then(
      () => true,
      () => existsSync(folder),
    ));
  if (existsSync(scratch)) await rm(scratch, { recursive: true, force: true });
  if (isPlaced) return;
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

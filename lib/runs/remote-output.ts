/**
 * The output of a run at an s3 address. A journal and a lock need what a store does not have: appending, and names that one
 * process takes from another. So the run writes into a folder of this machine, and puts the finished table into the bucket
 * with one request, which is whole or not at all; then the journal goes.
 *
 *   is the object there?         without `resume` and `overwrite` that ends the run, before any work
 *   lock the address             in the folder: one run at a time looks for the table of an earlier one, scores, and puts
 *   the run, into the folder     as into any folder: lock, journal, table
 *   put the table                only if no object is there, unless `overwrite` was given
 *   remove the table             a run that is killed before this is completed by `resume` in the same folder
 *   remove the journal           so a table without a journal is no finished one: nobody knows which model wrote it
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import { isRemote, isS3, remoteRefused, shownAddress } from '../core/remote-address.js';
import { contradiction } from '../options/check.js';
import { isFolderAddress, parseAddress, type S3Address } from '../storage/address.js';
import type { StorageSettings } from '../storage/options.js';
import { mostPutBytes, objectBytes, putObject, sizeOfObject } from '../storage/s3/put.js';
import { storeOf } from '../storage/stores.js';
import { removeIfThere, syncFolderOf, writeWhole } from './durable.js';
import { ioFailure } from './failure.js';
import type { FileSystem } from './file-system.js';
import type { FolderRules } from './folder-walk.js';
import { defaultLockTimes, lockOutput, type LockTimes, type OutputLock } from './lock.js';
import { journalIsThere } from './output-files.js';

const kWorkFolder = 'microtome-work';

export interface RemoteOutputRules {
  readonly resume: boolean;
  readonly overwrite: boolean;
  readonly storage: StorageSettings | null;
  readonly signal: AbortSignal;
  readonly fs: FileSystem;
  readonly lockTimes: LockTimes;
}

/** Null: the output is a file, or there is none. Throws INVALID_OPTION, NETWORK for an address that cannot be written. */
export function remoteOutputOf(output: string | null): S3Address | null {
  if (output === null || !isRemote(output)) return null;
  if (!isS3(output)) {
    const shown = shownAddress(output);
    throw new MicrotomeError('INVALID_OPTION', 'options', `${optionMark('output')} ${shown} cannot be written to`, {
      path: shown,
      advice: 'pass a path, or an address such as s3://bucket/results.csv',
    });
  }
  const address = parseAddress(output);
  if (address.kind !== 's3') throw remoteRefused(output, 'an output');
  if (!isFolderAddress(address)) return address;
  throw new MicrotomeError('INVALID_OPTION', 'options', `${optionMark('output')} ${address.shown} is a folder`, {
    path: address.shown,
    advice: 'name an object, such as s3://bucket/results.csv',
  });
}

/** Null: the output is a file, or there is none. Throws INVALID_OPTION, OUTPUT_EXISTS, NETWORK, FILE_UNREADABLE, DISK_FULL. */
export async function openRemoteOutput(
  { output, folder, resume, overwrite, provisional = false }: RunsOutput,
  signal: AbortSignal,
  fs: FileSystem,
  lockTimes: LockTimes = defaultLockTimes,
): Promise<RemoteOutput | null> {
  const address = remoteOutputOf(output);
  if (address === null) return null;
  if (provisional) {
    const found = `${optionMark('provisional')} was given, but ${address.shown} is written once, at the end`;
    throw contradiction(found);
  }
  return RemoteOutput.open(address, { resume, overwrite, storage: folder.storage ?? null, signal, fs, lockTimes });
}

/** The options of a run that concern it. */
interface RunsOutput {
  readonly output: string | null;
  readonly folder: Pick<FolderRules, 'storage'>;
  readonly resume: boolean;
  readonly overwrite: boolean;
  readonly provisional?: boolean;
}

export class RemoteOutput {
  private constructor(
    readonly address: S3Address,
    /** Where the run writes: a file of the work folder. */
    readonly local: string,
    private readonly rules: RemoteOutputRules,
  ) {}

  /** Throws OUTPUT_EXISTS, NETWORK. Writes nothing. */
  static async open(address: S3Address, rules: RemoteOutputRules): Promise<RemoteOutput> {
    const output = new RemoteOutput(address, await localPlace(address, rules.storage), rules);
    await output.#refuseExisting();
    return output;
  }

  async #refuseExisting(): Promise<void> {
    const { overwrite, resume, storage } = this.rules;
    if (overwrite || resume) return;
    const { shown } = this.address;
    if ((await sizeOfObject(this.address, storeOf(storage), this.#request)) === null) return;
    throw new MicrotomeError('OUTPUT_EXISTS', 'csv', `${shown} is there already`, { path: shown });
  }

  /**
   * The work of the run, which writes into the folder and calls `publish` when its table is there; then its summary, with the
   * address in it. Throws what `work` throws, OUTPUT_LOCKED while another run in the same folder has this address, OUTPUT_EXISTS,
   * NETWORK, LIMIT_EXCEEDED, FILE_UNREADABLE, DISK_FULL.
   */
  async during<T extends RunSummary>(work: (publish: () => Promise<void>) => Promise<T>): Promise<T> {
    // It stays when the run is over: another run may have found it, and be about to write into it.
    const folder = dirname(this.local);
    await mkdir(folder, { recursive: true }).catch((error: unknown) => {
      throw ioFailure(error, 'make the folder', folder);
    });
    // The lock of the table is not enough: between the end of one run and the start of another, which has looked for an
    // earlier table before that end, nobody would hold it, and the other run would score all again.
    const { fs, lockTimes, signal } = this.rules;
    const lock = await lockOutput(`${this.local}.put`, fs, lockTimes, signal, this.address.shown);
    try {
      // Whoever held the lock until now may have put it.
      await this.#refuseExisting();
      return await this.#work(work, lock);
    } finally {
      await lock.release();
    }
  }

  async #work<T extends RunSummary>(work: (publish: () => Promise<void>) => Promise<T>, lock: OutputLock): Promise<T> {
    let fetched = false;
    try {
      fetched = await this.#fetchEarlier();
      const summary = await work(async () => {
        await lock.assertHeld();
        await this.#put();
        await removeIfThere(this.local, this.rules.fs);
        await syncFolderOf(this.local, this.rules.fs);
      });
      // It was compared with what was fetched a moment ago, and is in the bucket as it is.
      if (fetched) await rm(this.local, { force: true });
      return { ...summary, output: this.address.shown };
    } catch (error) {
      if (fetched) await rm(this.local, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  /**
   * The object of an earlier run as a file, so that the run can look whether it is its complete output. Not where a journal is:
   * then it goes on, for the process may have been killed between putting the table and removing the journal.
   */
  async #fetchEarlier(): Promise<boolean> {
    const { resume, overwrite, fs, storage } = this.rules;
    if (await journalIsThere(this.local, fs)) return false;
    // Left by a process that was killed: it may be of another model than this run's.
    await removeIfThere(this.local, fs);
    if (!resume || overwrite) return false;
    const bytes = await objectBytes(this.address, storeOf(storage), mostPutBytes, this.#request);
    if (bytes !== null) await writeWhole(this.local, bytes, fs);
    return bytes !== null;
  }

  get #request() {
    const { signal, storage } = this.rules;
    return { signal, retries: storage?.retries ?? null };
  }

  /** The table of the run as it lies in the folder. */
  async #put(): Promise<void> {
    const { overwrite, storage } = this.rules;
    const body = await readFile(this.local).catch((error: unknown) => {
      throw ioFailure(error, 'read', this.local);
    });
    await putObject(this.address, storeOf(storage), body, { overwrite, contentType: 'text/csv', ...this.#request });
  }
}

interface RunSummary {
  readonly output: string | null;
  readonly alreadyComplete: boolean;
}

/** The same for the same address, and another for every other one. */
async function localPlace({ bucket, key, shown }: S3Address, storage: StorageSettings | null): Promise<string> {
  const hash = createHash('sha256')
    .update(`${await storeOf(storage).place(shown)}\n${bucket}\n${key}`)
    .digest('hex')
    .slice(0, 16);
  const name = basename(key)
    .replace(/[^A-Za-z0-9._-]/g, '_')
    .slice(0, 100);
  return join(resolve(storage?.workFolder ?? kWorkFolder), `${hash}-${name}`);
}

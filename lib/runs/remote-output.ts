/**
 * The output of a run at an s3 address. A journal and a lock need what a store does not have: appending, and names that one
 * process takes from another. So the run writes into a folder of this machine, and puts the finished table into the bucket
 * with one request, which is whole or not at all; then the journal goes.
 *
 *   is the object there?         without `resume` and `overwrite` that ends the run, before any work
 *   the run, into the folder     as into any folder: lock, journal, table
 *   put the table                only if no object is there, unless `overwrite` was given
 *   remove journal and table     a run that is killed before this is completed by `resume` in the same folder
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, rmdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import { isRemote, isS3, remoteRefused, shownAddress } from '../core/remote-address.js';
import { contradiction } from '../options/check.js';
import { isFolderAddress, parseAddress, type S3Address } from '../storage/address.js';
import type { StorageSettings } from '../storage/options.js';
import { mostPutBytes, objectBytes, putObject, sizeOfObject } from '../storage/s3/put.js';
import { storeOf } from '../storage/stores.js';
import { writeWhole } from './durable.js';
import { ioFailure } from './failure.js';
import type { FileSystem } from './file-system.js';
import type { FolderRules } from './folder-walk.js';
import { isThere, journalIsThere } from './output-files.js';

const kWorkFolder = 'microtome-work';

export interface RemoteOutputRules {
  readonly resume: boolean;
  readonly overwrite: boolean;
  readonly storage: StorageSettings | null;
  readonly signal: AbortSignal;
  readonly fs: FileSystem;
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
): Promise<RemoteOutput | null> {
  const address = remoteOutputOf(output);
  if (address === null) return null;
  if (provisional) {
    const found = `${optionMark('provisional')} was given, but ${address.shown} is written once, at the end`;
    throw contradiction(found);
  }
  return RemoteOutput.open(address, { resume, overwrite, storage: folder.storage ?? null, signal, fs });
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

  /** Throws OUTPUT_EXISTS, NETWORK, FILE_UNREADABLE, DISK_FULL. */
  static async open(address: S3Address, rules: RemoteOutputRules): Promise<RemoteOutput> {
    const local = localPlace(address, rules.storage);
    const output = new RemoteOutput(address, local, rules);
    await mkdir(resolve(local, '..'), { recursive: true }).catch((error: unknown) => {
      throw ioFailure(error, 'make the folder', resolve(local, '..'));
    });
    await output.#lookFirst();
    return output;
  }

  async #lookFirst(): Promise<void> {
    const { address, local, rules } = this;
    const { resume, overwrite, fs, signal, storage } = rules;
    if (overwrite) return;
    const size = await sizeOfObject(address, storeOf(storage), this.#request);
    if (size === null) return;
    const { shown } = address;
    if (!resume) throw new MicrotomeError('OUTPUT_EXISTS', 'csv', `${shown} is there already`, { path: shown });
    // With a journal the run goes on: it was put, and the process was killed before the journal went.
    if ((await journalIsThere(local, fs)) || (await isThere(local, fs))) return;
    const bytes = await objectBytes(address, storeOf(storage), mostPutBytes, this.#request);
    signal.throwIfAborted();
    // The run looks whether this is its complete output, as it looks at a file.
    if (bytes !== null) await writeWhole(local, Buffer.from(bytes).toString('utf8'), fs);
  }

  get #request() {
    const { signal, storage } = this.rules;
    return { signal, retries: storage?.retries ?? null };
  }

  /** The table of the run as it lies in the folder. Throws OUTPUT_EXISTS, NETWORK, LIMIT_EXCEEDED. */
  async put(): Promise<void> {
    const { overwrite, storage } = this.rules;
    const body = await readFile(this.local).catch((error: unknown) => {
      throw ioFailure(error, 'read', this.local);
    });
    await putObject(this.address, storeOf(storage), body, { overwrite, contentType: 'text/csv', ...this.#request });
  }

  /** The summary of the run with the address in it. The table of an earlier run is put where it is not there any more. */
  async finished<T extends { readonly output: string | null; readonly alreadyComplete: boolean }>(
    summary: T,
  ): Promise<T> {
    if (summary.alreadyComplete) await this.put();
    await this.#clean();
    return { ...summary, output: this.address.shown };
  }

  /** The table is in the bucket; the folder goes where nothing else is in it. */
  async #clean(): Promise<void> {
    await rm(this.local, { force: true });
    await rmdir(resolve(this.local, '..')).catch(() => undefined);
  }
}

/** The same for the same address, and another for every other one. */
function localPlace({ bucket, key }: S3Address, storage: StorageSettings | null): string {
  const hash = createHash('sha256')
    .update(`${storage?.endpoint ?? ''}\n${bucket}\n${key}`)
    .digest('hex')
    .slice(0, 16);
  const name = basename(key)
    .replace(/[^A-Za-z0-9._-]/g, '_')
    .slice(0, 100);
  return join(resolve(storage?.workFolder ?? kWorkFolder), `${hash}-${name}`);
}

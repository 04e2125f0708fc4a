/** The record of a finished part: which run it is of, what its table is, and what the table does not say. */
import { isErrorCode, MicrotomeError } from '../core/errors.js';
import { asideOf, writeWhole } from '../runs/durable.js';
import type { FileSystem } from '../runs/file-system.js';
import type { PartFacts, WholeRow, WrittenFile } from '../runs/part.js';
import { noRows } from '../runs/run-summary.js';
import { isCount, isDigest, isObject, isText, isTexts, readJson } from './small-json.js';

const recordVersion = 1;
const kMaxBytes = 2 ** 29;

export interface PartRecord extends PartFacts {
  readonly version: typeof recordVersion;
  /** SHA-256 of `shards.json`. */
  readonly manifest: string;
  readonly index: number;
  readonly count: number;
  /** The table. */
  readonly table: WrittenFile;
  /** Slides that were changed after a failure, as they were when the part was scored: not as the list of rows says. Not there: none. */
  readonly repaired?: readonly WholeRow[];
}

export async function writePartRecord(
  path: string,
  record: Omit<PartRecord, 'version'>,
  fs: FileSystem,
): Promise<void> {
  const { failed, skipped, ...facts } = { version: recordVersion, ...record };
  // The lists last, a line for each of their items.
  const list = (name: string, items: readonly unknown[]): string =>
    `  ${JSON.stringify(name)}: [${items.map((item) => `\n    ${JSON.stringify(item)}`).join(',')}${items.length > 0 ? '\n  ' : ''}]`;
  const head = JSON.stringify(facts, null, 2).slice(0, -2);
  await writeWhole(
    path,
    `${head},\n${list('failed', failed)},\n${list('skipped', skipped)}\n}\n`,
    fs,
    undefined,
    asideOf(path),
  );
}

/** Null: it is not there. Throws SHARD_CONFLICT where it is no record of a part. */
export async function readPartRecord(path: string, fs: FileSystem): Promise<PartRecord | null> {
  const refuse = (found: string): MicrotomeError => damagedPart(path, found);
  const read = await readJson(path, kMaxBytes, refuse, fs);
  if (read === null) return null;
  if (!isRecord(read.value)) throw refuse('it is no record of a part');
  return read.value as unknown as PartRecord;
}

function isRecord(value: { readonly [key: string]: unknown }): boolean {
  const { version, manifest, index, count, table, counts, skipped, failed, clipped, sampled, machine, repaired } =
    value;
  if (version !== recordVersion || !isDigest(manifest) || !isCount(index) || !isCount(count)) return false;
  if (!isObject(table) || !isCount(table['bytes']) || !isDigest(table['sha256'])) return false;
  if (!isObject(counts) || !Object.keys(noRows).every((source) => isCount(counts[source]))) return false;
  if (repaired !== undefined && !(Array.isArray(repaired) && repaired.every(isWholeRow))) return false;
  if (!isTexts(skipped) || !isCount(clipped) || !isCount(sampled)) return false;
  if (!isObject(machine) || !Object.values(machine).every(isText)) return false;
  return (
    Array.isArray(failed) &&
    failed.every((each) => isObject(each) && isText(each['name']) && isErrorCode(each['error']))
  );
}

function isWholeRow(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { name, bytes, modifiedNs, etagDigest, filesDigest } = value;
  const isTextOr = (one: unknown, other: unknown): boolean => one === other || isText(one);
  return (
    isText(name) &&
    (bytes === null || isCount(bytes)) &&
    isTextOr(modifiedNs, null) &&
    isTextOr(etagDigest, undefined) &&
    isTextOr(filesDigest, undefined)
  );
}

export function damagedPart(path: string, found: string): MicrotomeError {
  const advice = 'remove the files of this part, and run its shard again';
  return new MicrotomeError('SHARD_CONFLICT', 'csv', `the part ${path} is damaged: ${found}`, { path, advice });
}

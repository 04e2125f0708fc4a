/**
 * Slides that failed and were repaired: they are no longer as the list of rows says. All other rows keep their shards and their
 * scores. A slide that was changed after a part has scored it, or before any part has tried it, makes another run: nobody would
 * know which of its versions others have seen.
 */
import { join } from 'node:path';
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import type { FileSystem } from '../runs/file-system.js';
import { journalPathOf, readJournal, type ReadJournal } from '../runs/journal.js';
import type { WholeRow } from '../runs/part.js';
import { assignBySize } from './assignment.js';
import { readManifest } from './manifest-file.js';
import { conflict, isSameRun, rowDifferences, type ShardManifest } from './manifest.js';
import { manifestName, partFiles } from './names.js';
import { readPartRecord, type PartRecord } from './part-record.js';
import { readRows } from './row-list.js';

/** The run as it was begun, where that differs in repaired slides alone. */
export interface ListedRun {
  readonly manifest: ShardManifest;
  /** As they stand in the list. */
  readonly rows: readonly WholeRow[];
  /** By their places in the list: rows of this run that are not as listed. */
  readonly repaired: ReadonlyMap<number, WholeRow>;
}

export interface ThisShard {
  readonly folder: string;
  readonly index: number;
  readonly count: number;
  /** Its part is scored anew, with the slides as they are. */
  readonly overwrite: boolean;
  readonly fs: FileSystem;
  readonly signal: AbortSignal;
}

/**
 * Null: there is no list yet, or it differs from this run in nothing, or in more than files that were changed: then the manifests are to
 * be compared. Throws SHARD_CONFLICT where a slide was changed that had not failed.
 */
export async function listedRun(
  shard: ThisShard,
  own: ShardManifest,
  rows: readonly WholeRow[],
): Promise<ListedRun | null> {
  const { folder, fs, signal } = shard;
  const there = await readManifest(folder, fs);
  if (there === null || own.kind !== 'slides' || there.manifest.rows.sha256 === own.rows.sha256) return null;
  const { manifest, sha256 } = there;
  if (!isSameRun({ ...manifest, rows: own.rows }, own) || manifest.rows.count !== rows.length) return null;
  const listed = await readRows(join(folder, manifest.rows.file), fs, signal);
  if (listed.sha256 !== manifest.rows.sha256) return null;
  const repaired = new Map<number, WholeRow>();
  for (const [place, row] of rows.entries()) {
    const was = listed.rows[place];
    if (was === undefined || was.name !== row.name) return null;
    if (!isSameFile(was, row)) repaired.set(place, row);
  }
  await requireFailed(shard, listed.rows, repaired, sha256);
  return { manifest, rows: listed.rows, repaired };
}

export function isSameFile(a: WholeRow, b: WholeRow): boolean {
  return (
    a.bytes === b.bytes &&
    a.modifiedNs === b.modifiedNs &&
    a.etagDigest === b.etagDigest &&
    a.filesDigest === b.filesDigest
  );
}

async function requireFailed(
  shard: ThisShard,
  listed: readonly WholeRow[],
  repaired: ReadonlyMap<number, WholeRow>,
  sha256: string,
): Promise<void> {
  const { folder, count, signal } = shard;
  const shardOf = await assignBySize(
    listed.map(({ bytes }) => bytes),
    count,
    signal,
  );
  const states = new Map<number, PartState>();
  const problems: string[] = [];
  for (const [place, row] of repaired) {
    const index = shardOf[place] ?? 0;
    if (index === shard.index && shard.overwrite) continue;
    const state = states.get(index) ?? (await partState(shard, index, sha256));
    states.set(index, state);
    const found = verdict(state, row);
    if (found === 'may change') continue;
    const [difference] = rowDifferences([listed[place] as WholeRow], [row]);
    problems.push(`${difference} (shard ${index} ${found})`);
  }
  if (problems.length === 0) return;
  const path = join(folder, manifestName);
  throw conflict(
    path,
    problems,
    `put the slides back as they were, or run the shards that are named with ${optionMark('overwrite', 'true')} first`,
  );
}

interface PartState {
  readonly journal: ReadJournal | null;
  readonly record: PartRecord | null;
}

/** The journal first: when a part is finished its record is there before its journal goes. */
async function partState({ folder, count, fs }: ThisShard, index: number, sha256: string): Promise<PartState> {
  const files = partFiles(folder, index, count);
  // One that is damaged stops its own shard, by name.
  const journal = await readJournal(journalPathOf(files.table), fs).catch(unlessOurs);
  const record = await readPartRecord(files.record, fs).catch(unlessOurs);
  return { journal, record: record?.manifest === sha256 ? record : null };
}

function unlessOurs(error: unknown): null {
  if (error instanceof MicrotomeError) return null;
  throw error;
}

/** What the part has made of the row so far. */
function verdict(
  { journal, record }: PartState,
  row: WholeRow,
): 'may change' | 'has scored it' | 'has not tried it yet' {
  const line = journal?.rows.get(row.name);
  if (line !== undefined) {
    const { size, mtimeNs, etagDigest, filesDigest } = line.identity;
    const digests = { ...(etagDigest && { etagDigest }), ...(filesDigest && { filesDigest }) };
    const scored = { name: row.name, bytes: Number(size), modifiedNs: mtimeNs, ...digests };
    return line.score === null || isSameFile(scored, row) ? 'may change' : 'has scored it';
  }
  if (record === null) return 'has not tried it yet';
  const isKnown = record.repaired?.some((one) => one.name === row.name && isSameFile(one, row)) === true;
  return isKnown || record.failed.some(({ name }) => name === row.name) ? 'may change' : 'has scored it';
}

/** A finished part holds what stood in for slides that are repaired by now. Throws OUTPUT_EXISTS. */
export function requireScoredAgain(table: string, record: PartRecord, repaired: readonly WholeRow[]): void {
  const known = record.repaired ?? [];
  const since = repaired.filter((row) => !known.some((one) => one.name === row.name && isSameFile(one, row)));
  if (since.length === 0) return;
  const names = since.slice(0, 10).map(({ name }) => JSON.stringify(name));
  const more = since.length > names.length ? ` and ${since.length - names.length} more` : '';
  const found = `${table} is finished, and slides that failed in it have changed since: ${names.join(', ')}${more}`;
  const advice = `pass ${optionMark('overwrite', 'true')} to score the part again, or merge the parts as they are`;
  throw new MicrotomeError('OUTPUT_EXISTS', 'csv', found, { path: table, advice });
}

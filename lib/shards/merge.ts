/**
 * mergeShards: the one table of the parts. Nothing is written before it is known that every row of the run is in exactly one
 * part, that each part is of this run, and that its bytes are those that its shard wrote.
 */
import { createHash } from 'node:crypto';
import { basename, dirname, join, resolve } from 'node:path';
import { MicrotomeError, type ErrorCode } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import { piecesOf } from '../core/regular-file.js';
import { Turns } from '../core/turns.js';
import { contradiction, record, signal as signalOption } from '../options/check.js';
import { headerLine } from '../runs/csv-write.js';
import { ioFailure } from '../runs/failure.js';
import { realFileSystem, type FileSystem } from '../runs/file-system.js';
import { Counts } from '../runs/images/counts.js';
import { defaultLockTimes } from '../runs/lock.js';
import { isThere } from '../runs/output-files.js';
import { withLockedOutput, writeOutput } from '../runs/run-output.js';
import { noRows } from '../runs/run-summary.js';
import type { RowSource } from '../runs/types.js';
import { localPath } from './local-place.js';
import { readManifest } from './manifest-file.js';
import { notAManifest } from './manifest.js';
import { joinParts, type JoinedParts } from './join-parts.js';
import { manifestName } from './names.js';
import type { PartRecord } from './part-record.js';
import { findParts } from './read-parts.js';
import { damaged, readRows } from './row-list.js';
import type { MergeOptions, MergeSummary, ShardMachine } from './types.js';

interface ParsedMerge {
  readonly output: string;
  readonly overwrite: boolean;
  readonly signal: AbortSignal | null;
}

function parseMerge(options: unknown): ParsedMerge {
  const { output, overwrite, signal } = record('options', options, ['output', 'overwrite', 'signal']) as Partial<
    Record<keyof MergeOptions, unknown>
  >;
  if (output === undefined) throw contradiction(`${optionMark('output')} is missing: expected the CSV to write`);
  return {
    output: localPath('output', output),
    overwrite: overwrite === true,
    signal: signal === undefined ? null : signalOption('signal', signal),
  };
}

/**
 * Makes the table of a run of the parts that its shards have written, in the order of the run: the bytes that one process
 * would have written. Writes nothing unless every row is there exactly once. An output that has these bytes already is
 * left as it is. Files that shards write for each slide are where they are; records of runs are not merged.
 *
 * @param folder - What the shards had as `output`.
 * @throws SHARD_MISSING (parts that are not there, or not finished), SHARD_CONFLICT (a part of another run or of another number
 * of shards, or a damaged one), ROWS_MISMATCH (rows that are missing, there twice, or unknown), FILE_NOT_FOUND, OUTPUT_EXISTS,
 * OUTPUT_LOCKED, DISK_FULL, INVALID_OPTION
 * @example
 * ```ts
 * const { rows, counts } = await mergeShards('parts', { output: 'submission.csv' });
 * ```
 */
export async function mergeShards(folder: string | URL, options: MergeOptions): Promise<MergeSummary> {
  const { output, overwrite, signal } = parseMerge(options);
  const fs = realFileSystem;
  const parts = localPath('folder', folder);
  const read = await readManifest(parts, fs);
  const path = join(parts, manifestName);
  if (read === null) throw await noManifest(parts, path, fs);
  const { manifest, sha256 } = read;
  await refuseOwnFile(output, parts, fs);
  const list = await readRows(join(parts, manifest.rows.file), fs, signal);
  if (list.sha256 !== manifest.rows.sha256 || list.rows.length !== manifest.rows.count)
    throw damaged(join(parts, manifest.rows.file), `its digest is not that of ${manifestName}`);
  const found = await findParts(parts, manifest, sha256, fs);
  const joined = await joinParts(parts, manifest, list.rows, found, signal);
  const summary = summaryOf(found, { output, manifest, rows: list.rows.length });
  if (!overwrite && (await hasContent(output, tableOf(joined), fs))) return { ...summary, alreadyComplete: true };
  const rules = {
    output,
    inputs: [path, join(parts, manifest.rows.file), ...found.flatMap(({ files }) => Object.values(files))],
    resume: false,
    overwrite,
    fs,
    lockTimes: defaultLockTimes,
    signal: signal ?? new AbortController().signal,
  };
  await withLockedOutput(
    rules,
    async () => null,
    (target) => writeOutput(target, tableOf(joined), fs),
  );
  return summary;
}

/** Also through links: a folder has many names. What is a link to a file of the parts is an input of the merge. */
async function refuseOwnFile(output: string, parts: string, fs: FileSystem): Promise<void> {
  if (!/^(?:part-|rows-|shards\.json)/.test(basename(output))) return;
  const real = (folder: string): Promise<string> => fs.realpath(folder).catch(() => resolve(folder));
  if ((await real(dirname(output))) === (await real(parts)))
    throw contradiction(`${optionMark('output')} ${output} has the name of a file of the parts`);
}

async function noManifest(folder: string, path: string, fs: FileSystem): Promise<MicrotomeError> {
  const entries = await fs.readdir(folder).catch((error: unknown) => {
    throw ioFailure(error, 'read the folder', folder);
  });
  if (entries.some((name) => name.startsWith('part-'))) return notAManifest(path, 'it is not there');
  const found = `${folder} has no ${manifestName}: no shard has begun`;
  const advice = 'name the folder that the shards were given, and run them first';
  return new MicrotomeError('SHARD_MISSING', 'csv', found, { path: folder, advice });
}

/** Lines that are joined and written at once. */
const kLinesAtOnce = 4096;

async function* tableOf({ columns, lines }: JoinedParts): AsyncGenerator<string> {
  yield headerLine(columns);
  const turns = new Turns();
  for (let from = 0; from < lines.length; from += kLinesAtOnce) {
    yield lines.slice(from, from + kLinesAtOnce).join('');
    if (turns.isOver) await turns.next();
  }
}

async function hasContent(path: string, content: AsyncIterable<string>, fs: FileSystem): Promise<boolean> {
  if (!(await isThere(path, fs))) return false;
  const [wanted, there] = [createHash('sha256'), createHash('sha256')];
  for await (const piece of content) wanted.update(piece);
  const refuse = (found: string): MicrotomeError =>
    new MicrotomeError('OUTPUT_EXISTS', 'csv', `${path} is ${found}`, { path });
  try {
    for await (const piece of piecesOf(path, { maxBytes: 2 ** 40, refuse, fs })) there.update(piece);
  } catch (error) {
    throw ioFailure(error, 'read', path);
  }
  return wanted.digest('hex') === there.digest('hex');
}

function summaryOf(
  parts: readonly { readonly record: PartRecord }[],
  { output, manifest, rows }: Pick<MergeSummary, 'output' | 'rows'> & { readonly manifest: ManifestFacts },
): MergeSummary {
  const counts: Record<RowSource, number> = { ...noRows };
  const failures = new Counts();
  for (const { record: part } of parts) {
    for (const source of Object.keys(noRows) as RowSource[]) counts[source] += part.counts[source];
    for (const { name, error } of part.failed) failures.add(error, name);
  }
  return {
    output,
    alreadyComplete: false,
    kind: manifest.kind,
    rows,
    shards: manifest.count,
    // A row that was taken from a journal has been scored by the same run.
    counts: { ...counts, scored: counts.scored + counts.resumed, resumed: 0 },
    failures: failures.all as Partial<Record<ErrorCode, (typeof failures.all)[string]>>,
    clipped: parts.reduce((sum, { record: { clipped } }) => sum + clipped, 0),
    repaired: parts.flatMap(({ record: part }) => (part.repaired ?? []).map(({ name }) => name)),
    sampled: parts.reduce((sum, { record: { sampled } }) => sum + sampled, 0),
    model: manifest.model,
    machines: machinesOf(parts),
  };
}

type ManifestFacts = Pick<MergeSummary, 'kind' | 'model'> & { readonly count: number };

function machinesOf(parts: readonly { readonly record: PartRecord }[]): ShardMachine[] {
  const byText = new Map<string, { machine: PartRecord['machine']; shards: number[] }>();
  for (const { record: part } of parts) {
    const key = JSON.stringify(Object.entries(part.machine).sort());
    const known = byText.get(key) ?? { machine: part.machine, shards: [] };
    known.shards.push(part.index);
    byText.set(key, known);
  }
  return [...byText.values()];
}

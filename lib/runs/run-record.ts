/** The record of a run over many slides: what lib/outputs/run-record needs to know of it. */
import { RunRecord, type LibraryVersions } from '../outputs/run-record.js';
import type { RunOptions } from './directory-options.js';
import type { FileSystem } from './file-system.js';
import type { JournalRow } from './journal-format.js';
import type { PreparedRun } from './prepare.js';
import type { RowScorer } from './score-rows.js';

/** Null: none is wanted. Throws DISK_FULL, FILE_UNREADABLE, FILE_NOT_FOUND. */
export async function beginRecord(
  options: RunOptions,
  prepared: PreparedRun,
  scorer: RowScorer,
  resumed: ReadonlyMap<number, JournalRow>,
  versions: LibraryVersions | undefined,
  fs: FileSystem,
): Promise<RunRecord | null> {
  const path = options.files.runRecord;
  if (path === null) return null;
  const { format, metadata } = options;
  const inputs = {
    ...(format === null ? {} : { format: { path: format, sha256: prepared.formatSha256 ?? '' } }),
    ...(metadata === null ? {} : { metadata: { path: metadata, sha256: prepared.metadataSha256 ?? '' } }),
  };
  const facts = {
    model: scorer.model,
    call: 'run',
    options: options.given,
    device: scorer.device ?? 'cpu',
    deviceUse: scorer.deviceUse ?? null,
    inputs,
  } as const;
  const slides = prepared.rows.map(({ name, slide }) => ({ name, path: slide?.path ?? null }));
  const record = await RunRecord.begin(path, facts, slides, versions, fs);
  for (const [index, { score, files }] of resumed)
    if (score !== null) record.slide(index, { state: 'resumed', score, files: files ?? [] }, null);
  return record;
}

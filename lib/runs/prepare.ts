/** Reads and joins everything a run needs to know before any model is loaded and before anything is written. */
import { optionMark } from '../core/option-names.js';
import { contradiction } from '../options/check.js';
import type { RunOptions } from './directory-options.js';
import type { FileSystem } from './file-system.js';
import { readFormat } from './format.js';
import { readMetadata } from './metadata.js';
import { layoutOf } from './presets.js';
import { rowsMismatch, rowsOfFiles, rowsOfFolder, rowsOfFormat, type JoinedRows, type RunRow } from './rows.js';

/** What is scored: a folder's slides, or slides named one by one. */
export type RunSource =
  | { readonly kind: 'folder'; readonly dir: string }
  | { readonly kind: 'files'; readonly paths: readonly string[] };

export interface PreparedRun {
  readonly header: readonly [string, string];
  readonly rows: readonly RunRow[];
  /** Disagreements that `onMissing: 'fallback'` lets pass. */
  readonly problems: readonly string[];
  readonly formatSha256: string | null;
  readonly metadataSha256: string | null;
  /** Files that the output must not replace. */
  readonly inputs: readonly string[];
}

/** Throws CSV_INVALID, ROWS_MISMATCH, FILE_NOT_FOUND, FILE_UNREADABLE, INVALID_OPTION or NOT_A_SLIDE. */
export async function prepareRun(source: RunSource, options: RunOptions, fs: FileSystem): Promise<PreparedRun> {
  const layout = layoutOf(options.preset);
  if (source.kind === 'files' && options.format !== null) {
    throw contradiction(`${optionMark('format')} was given with single slides; it names the slides of a folder`);
  }
  const format = options.format === null ? null : await readFormat(options.format, options.preset, undefined, fs);
  const metadata =
    options.metadata === null ? null : await readMetadata(options.metadata, options.preset, undefined, fs);
  let joined: JoinedRows;
  if (source.kind === 'files') joined = await rowsOfFiles(source.paths, metadata, layout.stems, fs);
  else if (format === null) joined = await rowsOfFolder(source.dir, metadata, layout.stems, fs);
  else joined = await rowsOfFormat(source.dir, format, metadata, layout.stems, fs);
  if (joined.problems.length > 0 && options.onMissing === 'error') throw rowsMismatch(joined.problems);
  const files = [options.format, options.metadata, ...joined.rows.map((row) => row.slide?.path ?? null)];
  return {
    header: [layout.idColumn, layout.valueColumn],
    rows: joined.rows,
    problems: joined.problems,
    formatSha256: format?.sha256 ?? null,
    metadataSha256: metadata?.sha256 ?? null,
    inputs: files.filter((path) => path !== null),
  };
}

/** Reads and joins everything a run needs to know before any model is loaded and before anything is written. */
import { pathOrAddress } from '../core/file-url.js';
import { optionMark } from '../core/option-names.js';
import { contradiction, text } from '../options/check.js';
import type { RunOptions } from './directory-options.js';
import type { FileSystem } from './file-system.js';
import { readFormat } from './format.js';
import { isFolder } from './listed-slides.js';
import { readMetadata } from './metadata.js';
import { layoutOf } from './presets.js';
import { rowsMismatch, rowsOfFiles, rowsOfFolder, rowsOfFormat, type JoinedRows, type RunRow } from './rows.js';
import { tablePlace } from './table-place.js';
import type { NotRead } from './types.js';

/** What is scored: a folder's slides, or slides and folders named one by one. */
export type RunSource =
  | { readonly kind: 'folder'; readonly dir: string | URL }
  | { readonly kind: 'files'; readonly paths: readonly (string | URL)[] };

export interface PreparedRun {
  readonly header: readonly [string, string];
  readonly rows: readonly RunRow[];
  /** Disagreements that `onMissing: 'fallback'` lets pass. */
  readonly problems: readonly string[];
  readonly formatSha256: string | null;
  readonly metadataSha256: string | null;
  /** Of the metadata; null, or not there: there are none. */
  readonly metadataColumns?: readonly string[] | null;
  /** Files that the output must not replace. */
  readonly inputs: readonly string[];
  /** What of a folder is not read; not there where the rows do not come from a folder. */
  readonly notRead?: readonly NotRead[];
}

type LocalSource =
  | { readonly kind: 'folder'; readonly dir: string }
  | { readonly kind: 'files'; readonly paths: readonly string[] };

/** With paths for URLs. A list of one folder is that folder. Throws INVALID_OPTION, FILE_NOT_FOUND. */
async function localSource(source: RunSource, fs: FileSystem): Promise<LocalSource> {
  const local = (given: string | URL): string => pathOrAddress(given instanceof URL ? given : text('slides', given));
  if (source.kind === 'folder') return { kind: 'folder', dir: local(source.dir) };
  const paths = source.paths.map(local);
  const [first] = paths;
  if (first === undefined) throw contradiction('The list of slides is empty');
  return paths.length === 1 && (await isFolder(first, fs)) ? { kind: 'folder', dir: first } : { kind: 'files', paths };
}

/** Throws CSV_INVALID, ROWS_MISMATCH, FILE_NOT_FOUND, FILE_UNREADABLE, INVALID_OPTION or NOT_A_SLIDE. */
export async function prepareRun(given: RunSource, options: RunOptions, fs: FileSystem): Promise<PreparedRun> {
  const source = await localSource(given, fs);
  if (source.kind === 'files' && options.format !== null) {
    throw contradiction(`${optionMark('format')} was given with single slides; it names the slides of one folder`);
  }
  const { preset, folder } = options;
  // A list may need paths to tell its slides apart.
  const rules = { ...options.columns, paths: folder.recursive || source.kind === 'files' };
  const layout = layoutOf(preset, rules);
  const { storage = null, signal = null } = folder;
  const place = (option: 'format' | 'metadata') => tablePlace(option, options.tables[option], storage, signal);
  const [formatPlace, metadataPlace] = [place('format'), place('metadata')];
  const format = formatPlace === null ? null : await readFormat(formatPlace, preset, undefined, fs, rules);
  const metadata = metadataPlace === null ? null : await readMetadata(metadataPlace, preset, undefined, fs, rules);
  let joined: JoinedRows;
  if (source.kind === 'files') joined = await rowsOfFiles(source.paths, metadata, layout.stems, fs, folder);
  else if (format === null) joined = await rowsOfFolder(source.dir, metadata, layout.stems, fs, folder);
  else joined = await rowsOfFormat(source.dir, format, metadata, layout.stems, fs, folder);
  if (joined.problems.length > 0 && options.onMissing === 'error') {
    throw rowsMismatch(joined.problems, undefined, options.format ?? options.metadata);
  }
  const files = [
    ...[formatPlace, metadataPlace].filter((one) => typeof one === 'string'),
    ...joined.rows.flatMap((row) => row.slide?.parts ?? row.slide?.path ?? null),
  ];
  return {
    header: [layout.idColumn, layout.valueColumn],
    rows: joined.rows,
    problems: joined.problems,
    formatSha256: format?.sha256 ?? null,
    metadataSha256: metadata?.sha256 ?? null,
    metadataColumns: metadata?.columns ?? null,
    inputs: files.filter((path) => path !== null),
    ...(joined.notRead === undefined ? {} : { notRead: joined.notRead }),
  };
}

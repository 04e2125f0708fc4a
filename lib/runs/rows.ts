/**
 * Joins the format file, the metadata and the slides of the folder into the rows of a run. Whatever does not agree is
 * collected and refused together, so that one look at the message is enough to repair all of it.
 */
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import { csvInvalid } from './failure.js';
import { realFileSystem, type FileSystem } from './file-system.js';
import type { SubmissionFormat } from './format.js';
import { defaultFolderRules, walk, walkFolder, type FolderRules, type WalkedSlide } from './folder-walk.js';
import { listedSlides, type ListedSlide } from './listed-slides.js';
import type { Metadata, MetadataRow } from './metadata.js';
import { shown, unsafeName } from './names.js';
import { remoteOf } from './remote-slides.js';
import { findSlide, folderOf, type FoundSlide, type NameSource, type UnreadableSlide } from './slide-files.js';
import { isImageName, stemOf } from './slide-names.js';
import { SlideParts } from './slide-parts.js';
import type { NotRead } from './types.js';

/** One row of the output. */
export interface RunRow {
  readonly index: number;
  readonly name: string;
  /** Null: there is nothing to score; `problem` says why. */
  readonly slide: FoundSlide | null;
  readonly problem: string | null;
  readonly metadata: MetadataRow | null;
  /** The slide is there and cannot be scored: this row fails, and no other. */
  readonly failure?: MicrotomeError;
}

export interface JoinedRows {
  readonly rows: readonly RunRow[];
  /** Empty: everything agrees. */
  readonly problems: readonly string[];
  /** What of a folder is not read; not there where the rows do not come from a folder. */
  readonly notRead?: readonly NotRead[];
}

/** The rows of the format file; `stems`: they name slides without the file-name extension. */
export async function rowsOfFormat(
  dir: string,
  format: SubmissionFormat,
  metadata: Metadata | null,
  stems: boolean,
  fs: FileSystem = realFileSystem,
  rules: FolderRules = defaultFolderRules,
): Promise<JoinedRows> {
  const remote = remoteOf(dir);
  const finder = remote === null ? await localFinder(dir, stems, rules, fs) : await remoteFinder(dir, stems, rules, fs);
  const rows: RunRow[] = [];
  const problems: string[] = [];
  const once = new NamedOnce(format.path);
  for (const [index, { name, line }] of format.rows.entries()) {
    const source = { path: format.path, line };
    const found = await finder(name, source);
    if (typeof found !== 'string') once.add(found, name, line);
    const row = metadata?.rows.get(name) ?? null;
    const reasons = typeof found === 'string' ? [found] : [];
    if (metadata !== null && row === null) reasons.push(`no row in ${metadata.path}`);
    const problem = reasons.length === 0 ? null : reasons.join(', ');
    if (problem !== null) problems.push(`${shown(name)} (${format.path}:${line}): ${problem}`);
    if (problem !== null || typeof found === 'string') rows.push({ index, name, slide: null, problem, metadata: row });
    else {
      const { failure, ...slide } = { failure: undefined, ...found };
      const failed = failure === undefined ? {} : { failure };
      rows.push({ index, name, slide, problem, metadata: row, ...failed });
    }
  }
  problems.push(...strangers(metadata, new Set(format.rows.map((row) => row.name)), format.path));
  return { rows, problems };
}

/** A slide of several files has a row by one of their names. */
class NamedOnce {
  readonly #seen = new Map<string, { readonly name: string; readonly line: number }>();

  constructor(private readonly path: string) {}

  /** Throws CSV_INVALID where another row names a file of the same slide. */
  add({ parts }: FoundSlide, name: string, line: number): void {
    const [first] = parts ?? [];
    if (first === undefined) return;
    const other = this.#seen.get(first);
    if (other !== undefined) {
      const found = `${shown(name)} is of the slide that ${shown(other.name)} of line ${other.line} names`;
      throw csvInvalid(this.path, line, found, 'leave one of the two rows out');
    }
    this.#seen.set(first, { name, line });
  }
}

/** Every slide of the folder, in name order. */
export async function rowsOfFolder(
  dir: string,
  metadata: Metadata | null,
  stems: boolean,
  fs: FileSystem = realFileSystem,
  rules: FolderRules = defaultFolderRules,
): Promise<JoinedRows> {
  const { slides, notRead } = await walk(dir, rules, fs);
  if (slides.length === 0) throw await noSlide(dir, notRead, fs);
  const listed = slides.map((slide) => ({ ...slide, name: stems ? stemOf(slide.name) : slide.name }));
  const seen = new Set<string>();
  for (const { name } of listed) {
    if (seen.has(name)) throw csvInvalid(dir, null, `two slides named ${shown(name)}`);
    seen.add(name);
  }
  const { rows, problems } = joined(listed, metadata);
  return { rows, problems: [...problems, ...strangers(metadata, seen, dir)], notRead };
}

/** What is there instead is said: it may be what was meant. */
async function noSlide(dir: string, notRead: readonly NotRead[], fs: FileSystem): Promise<MicrotomeError> {
  const few = notRead.slice(0, 5).map(({ path, reason }) => `${shown(path)}: ${reason}`);
  const more = notRead.length > few.length ? [`and ${notRead.length - few.length} more`] : [];
  const others = few.length === 0 ? '' : `; not read: ${[...few, ...more].join('; ')}`;
  const image = (await fs.readdir(dir).catch((): string[] => [])).find(isImageName);
  const images =
    image === undefined ? '' : `; ${shown(image)} is an image: scoreImages scores those (microtome score --images)`;
  const found = `no slide in ${dir}; expected .tif, .tiff or .svs files${others}${images}`;
  const hasFolder = notRead.some(({ reason }) => reason.includes('not recursive'));
  const advice = hasFolder ? `check the path, or pass ${optionMark('recursive', 'true')}` : undefined;
  return new MicrotomeError('FILE_NOT_FOUND', 'slide', found, { path: dir, advice });
}

/**
 * Slides and folders that were named one by one, in this order. Rows carry the file names, or paths where these are not
 * enough (see listed-slides.ts); other rows of the metadata are nobody's business here.
 */
export async function rowsOfFiles(
  paths: readonly string[],
  metadata: Metadata | null,
  stems: boolean,
  fs: FileSystem = realFileSystem,
  rules: FolderRules = defaultFolderRules,
): Promise<JoinedRows> {
  const { slides, notRead } = await listedSlides(paths, stems ? stemOf : (name) => name, rules, fs);
  if (slides.length === 0) throw await noSlide(paths.join(', '), notRead, fs);
  return { ...joined(slides, metadata), notRead };
}

/** A row for each slide, with its row of the metadata. A slide whose name no table can carry needs none: it fails alone. */
function joined(slides: readonly ListedSlide[], metadata: Metadata | null): JoinedRows {
  const problems: string[] = [];
  const rows = slides.map(({ problem: unsafe, failure, ...slide }, index): RunRow => {
    const { name, path } = slide;
    if (unsafe !== null) {
      return { index, name, slide, problem: null, metadata: null, failure: unsafeName(unsafe, path, name) };
    }
    const row = metadata?.rows.get(name) ?? null;
    const problem = metadata !== null && row === null ? `no row in ${metadata.path}` : null;
    if (problem !== null) problems.push(`${shown(name)}: ${problem}`);
    const failed = failure === undefined || problem !== null ? {} : { failure };
    return { index, name, slide: problem === null ? slide : null, problem, metadata: row, ...failed };
  });
  return { rows, problems };
}

/** One error with every problem in it. `path` is the table whose rows do not agree. */
export function rowsMismatch(problems: readonly string[], advice?: string, path: string | null = null): MicrotomeError {
  const count = problems.length === 1 ? '1 row does not agree' : `${problems.length} rows do not agree`;
  return new MicrotomeError('ROWS_MISMATCH', 'csv', `${count}: ${problems.join('; ')}`, {
    path: path ?? undefined,
    advice,
  });
}

function strangers(metadata: Metadata | null, known: ReadonlySet<string>, where: string): string[] {
  if (metadata === null) return [];
  const extra = [...metadata.rows.values()].filter((row) => !known.has(row.name));
  return extra.map((row) => `${shown(row.name)} (${metadata.path}:${row.line}): not in ${where}`);
}

/** The slide that a row names; or why there is none. */
type Finder = (name: string, source: NameSource) => Promise<FoundSlide | UnreadableSlide | string>;

async function localFinder(dir: string, stems: boolean, rules: FolderRules, fs: FileSystem): Promise<Finder> {
  const folder = await folderOf(dir, fs);
  const parts = new SlideParts(fs, rules.signal ?? null);
  const fileNames = stems ? await namesByStem(folder, rules, fs) : null;
  return async (name, source) => {
    const fileName = fileNames === null ? [name] : (fileNames.get(name) ?? []);
    if (fileName.length !== 1) return stemProblem(fileName);
    return findSlide(folder, fileName[0] ?? '', source, parts, fs, rules.followLinks);
  };
}

/** The folder is listed once: to look at each name alone would be a request for each row. */
async function remoteFinder(dir: string, stems: boolean, rules: FolderRules, fs: FileSystem): Promise<Finder> {
  const { slides } = await walk(dir, rules, fs);
  const known = new Map<string, WalkedSlide[]>();
  for (const slide of slides.filter(({ problem }) => problem === null)) {
    const name = stems ? stemOf(slide.name) : slide.name;
    known.set(name, [...(known.get(name) ?? []), slide]);
  }
  return async (name) => {
    const found = known.get(name) ?? [];
    const [slide] = found;
    return found.length === 1 && slide !== undefined ? slide : stemProblem(found.map((one) => one.name));
  };
}

/** Links are looked at where a row names one. */
async function namesByStem(folder: string, rules: FolderRules, fs: FileSystem): Promise<Map<string, string[]>> {
  const { slides } = await walkFolder(folder, { ...rules, followLinks: true }, fs);
  const byStem = new Map<string, string[]>();
  for (const { name, problem } of slides) {
    if (problem !== null) continue;
    const stem = stemOf(name);
    byStem.set(stem, [...(byStem.get(stem) ?? []), name]);
  }
  return byStem;
}

function stemProblem(fileNames: readonly string[]): string {
  return fileNames.length === 0 ? 'no such slide' : `several slides: ${fileNames.map(shown).join(', ')}`;
}

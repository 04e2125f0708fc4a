/**
 * Joins the format file, the metadata and the images into the rows of a run. What does not agree is collected and refused
 * together; what a filter on licenses leaves out, and images that no row names, are counted.
 */
import { MicrotomeError, type Stage } from '../../core/errors.js';
import { Turns } from '../../core/turns.js';
import { csvInvalid } from '../failure.js';
import type { SubmissionFormat } from '../format.js';
import { shown } from '../names.js';
import { Counts, noImages } from './counts.js';
import type { FoundImages } from './found-images.js';
import type { ImageTable } from './image-table.js';
import { Problems } from './problems.js';
import type { ImageCount } from './types.js';

/** The rows of the output, in its order. */
export interface ImageRowList {
  readonly names: readonly string[];
  /** By row: the place of its image in those that were found; -1: there is nothing to score. */
  readonly images: Int32Array;
  /** By row: why there is nothing to score. */
  readonly without: ReadonlyMap<number, string>;
  /** What `onMissing: 'fallback'` lets pass. */
  readonly problems: Problems;
  readonly filtered: Readonly<Record<string, ImageCount>>;
  readonly withoutRow: ImageCount;
  /** Rows of the metadata that are of none of the rows, or images. */
  readonly strangers: ImageCount;
}

export interface ImageJoin {
  readonly found: FoundImages;
  readonly format: SubmissionFormat | null;
  readonly table: ImageTable | null;
  readonly licenses: readonly string[] | null;
  readonly signal: AbortSignal | null;
}

/** Throws CSV_INVALID for images that share a name, and ROWS_MISMATCH where a filter leaves nothing. */
export async function joinImages(join: ImageJoin): Promise<ImageRowList> {
  const rows = join.format === null ? await rowsOfImages(join) : await rowsOfFormat(join, join.format);
  if (join.licenses !== null && !rows.images.some((image) => image >= 0)) throw nothingLeft(join, rows.filtered);
  return rows;
}

/** Whether the license of an image is one of those that are asked for. */
function filterOf({ licenses, table }: ImageJoin): (name: string) => string | null {
  if (licenses === null || table === null) return () => null;
  const wanted = new Set(licenses);
  return (name) => {
    const license = table.licenses.get(name);
    // Without a row nothing is known of it: that is a problem of its own.
    return license === undefined || wanted.has(license) ? null : license;
  };
}

/** Every image, in the order in which they were found; those of another license have no row. */
async function rowsOfImages(join: ImageJoin): Promise<ImageRowList> {
  const { found, table } = join;
  const [shared] = found.twice;
  if (shared !== undefined)
    throw csvInvalid(
      found.from,
      null,
      `several images named ${shown(shared[0])}: ${shared[1]}`,
      'name each image once',
    );
  const names: string[] = [];
  const images: number[] = [];
  const without = new Map<number, string>();
  const problems = new Problems();
  const filtered = new Counts();
  const otherLicense = filterOf(join);
  const known = new Set<string>();
  const turns = new Turns(join.signal);
  for (const [image, name] of found.names.entries()) {
    if (turns.isOver) await turns.next();
    if (table !== null) known.add(name);
    const license = otherLicense(name);
    if (license !== null) {
      filtered.add(license, name);
      continue;
    }
    const problem =
      table === null || table.licenses.has(name) || found.unsafe.has(image) ? null : `no row in ${table.path}`;
    if (problem !== null) {
      without.set(names.length, problem);
      problems.add(`${shown(name)}: ${problem}`);
    }
    names.push(name);
    images.push(problem === null ? image : -1);
  }
  const strangers = await addStrangers(join, known, found.from, problems);
  const withoutRow = noImages;
  return { names, images: Int32Array.from(images), without, problems, filtered: filtered.all, withoutRow, strangers };
}

async function rowsOfFormat(join: ImageJoin, format: SubmissionFormat): Promise<ImageRowList> {
  const { found, table } = join;
  const turns = new Turns(join.signal);
  const places = new Map<string, number>();
  for (const [image, name] of found.names.entries()) {
    if (turns.isOver) await turns.next();
    places.set(name, image);
  }
  const names: string[] = [];
  const images = new Int32Array(format.rows.length).fill(-1);
  const without = new Map<number, string>();
  const problems = new Problems();
  const filtered = new Counts();
  const known = new Set<string>();
  const otherLicense = filterOf(join);
  for (const [row, { name, line }] of format.rows.entries()) {
    if (turns.isOver) await turns.next();
    names.push(name);
    known.add(name);
    const image = places.get(name);
    const reasons = image === undefined ? [missing(found, name)] : [];
    const shared = found.twice.get(name);
    if (shared !== undefined) reasons.push(`several images: ${shared}`);
    if (table !== null && !table.licenses.has(name)) reasons.push(`no row in ${table.path}`);
    const license = otherLicense(name);
    if (license !== null) {
      filtered.add(license, name);
      reasons.push(license === '' ? 'it has no license' : `its license is ${shown(license)}`);
    }
    if (reasons.length === 0) images[row] = image ?? -1;
    else {
      without.set(row, reasons.join(', '));
      problems.add(`${shown(name)} (${format.path}:${line}): ${reasons.join(', ')}`);
    }
  }
  const strangers = await addStrangers(join, known, format.path, problems);
  const left = new Counts();
  for (const name of found.names) {
    if (turns.isOver) await turns.next();
    if (!known.has(name)) left.add('', name);
  }
  return { names, images, without, problems, filtered: filtered.all, withoutRow: left.of(''), strangers };
}

function missing({ notImages }: FoundImages, name: string): string {
  const reason = notImages.get(name);
  return reason === undefined ? 'no such image' : `no image but ${reason}`;
}

/** Rows of the metadata that are of nothing here. */
async function addStrangers(
  { table, signal }: ImageJoin,
  known: ReadonlySet<string>,
  where: string,
  problems: Problems,
): Promise<ImageCount> {
  if (table === null) return noImages;
  const strangers = new Counts();
  const turns = new Turns(signal);
  for (const name of table.licenses.keys()) {
    if (turns.isOver) await turns.next();
    if (known.has(name)) continue;
    problems.add(`${shown(name)} (${table.path}): not in ${where}`);
    strangers.add('', name);
  }
  return strangers.of('');
}

function nothingLeft({ licenses, table }: ImageJoin, filtered: ImageRowList['filtered']): MicrotomeError {
  const there = Object.entries(filtered).map(([license, { count }]) => `${shown(license)} (${count})`);
  const stage: Stage = 'csv';
  const found = `no image has one of the licenses ${(licenses ?? []).map(shown).join(', ')}; found ${there.join(', ') || 'none'}`;
  return new MicrotomeError('ROWS_MISMATCH', stage, found, {
    path: table?.path,
    advice: 'write the licenses as they stand in the metadata',
  });
}

/**
 * The journal's lines. Each is one JSON object `{"sum":"<16 hex>","head":{…}}`, and so with `row` for a slide and `group` for
 * lesion images; the sum is the start of the SHA-256 of what follows the first comma, so that a damaged line is told from a whole one without
 * trusting its content. Numbers survive exactly: JSON writes the shortest text that reads back to the same double.
 *
 * The head says what all scores depend on; each row says what its own score depends on beyond that. Which rows there are
 * and in which order is not part of either: a row is found by its name.
 */
import type { ErrorCode } from '../core/errors.js';
import { isErrorCode } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import type { TileSample } from '../scoring/result.js';
import { sha256, type Json } from './canonical.js';
import type { SlideIdentity } from './slide-files.js';

/** Of the lines. Journals of earlier versions had one key for all rows, and no such number. */
export const journalVersion = 2;

/** What all scores of a journal depend on. A resumed run must agree in all of it. */
export interface JournalKey {
  readonly version: typeof journalVersion;
  readonly tool: string;
  readonly model: { readonly name: string; readonly sha256: string };
  /** Libraries, instructions and the device, by what they are called in messages. */
  readonly machine: { readonly [name: string]: string };
  /** Whether there was a metadata file. What it says of a slide is the row's own. */
  readonly metadata: boolean;
  /** Options that change every score, by name. */
  readonly options: { readonly [name: string]: Json };
  /** Of lesion images: the file that they lie in; null where they are files of their own. Not there: the rows are slides. */
  readonly images?: SlideIdentity | null;
  /** Of lesion images whose model reads the metadata: the SHA-256 of that file. One row may change the numbers of others. */
  readonly clinical?: string;
}

/** What the score of one row depends on beyond the key of the journal; see row-key.ts. */
export interface RowKey {
  /** From the metadata; null: from the slide itself, or from the option, which is in the key of the journal. */
  readonly slideMpp: number | null;
  /** Of a model that reads values of the metadata: those, by column; empty where there is no value. */
  readonly clinical?: { readonly [column: string]: string };
  /** Only of a slide that OpenSlide reads: which build of it did. */
  readonly openslide?: string;
  /** Whether the slide had warnings: something of it may have been left out. */
  readonly warned: boolean;
  /** Options that mattered to this score, by name. */
  readonly options: { readonly [name: string]: Json };
}

export interface JournalRow {
  readonly name: string;
  readonly identity: SlideIdentity;
  /** As in the result of the slide; null where the slide failed. */
  readonly score: number | null;
  readonly error: ErrorCode | null;
  /** Only where the deadline left the slide a part of its tiles. */
  readonly sampled?: TileSample;
  readonly own: RowKey;
  /** Only on a row with a score of a model with several outputs: the value of each, in its order. */
  readonly outputs?: readonly number[];
  /** Only where the range made another number of the score: what it was before. */
  readonly clippedFrom?: number;
  /** Only where files were written for the slide: their absolute paths. */
  readonly files?: readonly string[];
}

/** Lesion images that were scored together. Lists have one value for each name; `at` is a place in them. */
export interface JournalGroup {
  readonly names: readonly string[];
  /** After the range that the model declares; null where the image failed. */
  readonly scores: readonly (number | null)[];
  readonly errors: readonly (readonly [at: number, code: ErrorCode])[];
  /** Only of images that are files of their own: what must not change of each; see lib/runs/images/found-images.ts. */
  readonly files?: readonly string[];
  /** Only of a model with several outputs: the values of each but the first, null where there is none. */
  readonly outputs?: readonly (readonly (number | null)[])[];
  /** Where the range of the model made another number, by more than rounding. */
  readonly clipped: readonly number[];
  readonly notes: readonly (readonly [at: number, note: string])[];
}

export type JournalLine =
  | { readonly head: JournalKey }
  | { readonly row: JournalRow }
  | { readonly group: JournalGroup };

const kSumChars = 16;
const kPrefix = '{"sum":"';
const kBodyAt = kPrefix.length + kSumChars + 2;

/** With its line feed. */
export function formatLine(line: JournalLine): string {
  const body = JSON.stringify(line).slice(1);
  return `${kPrefix}${sha256(body).slice(0, kSumChars)}",${body}\n`;
}

/** `text` without its line feed; null for anything but a whole line of ours. */
export function parseLine(text: string): JournalLine | null {
  const body = text.slice(kBodyAt);
  if (!text.startsWith(kPrefix) || text.slice(kBodyAt - 2, kBodyAt) !== '",') return null;
  if (text.slice(kPrefix.length, kPrefix.length + kSumChars) !== sha256(body).slice(0, kSumChars)) return null;
  let value: unknown;
  try {
    value = JSON.parse(`{${body}`);
  } catch {
    return null;
  }
  const { head, row, group } = value as { head?: unknown; row?: unknown; group?: unknown };
  if (isKey(head)) return { head };
  if (isGroup(group)) return { group };
  return isRow(row) ? { row } : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isText = (value: unknown): boolean => typeof value === 'string';

function isKey(value: unknown): value is JournalKey {
  if (!isObject(value)) return false;
  const { version, tool, model, machine, metadata, options, images, clinical } = value;
  if (clinical !== undefined && typeof clinical !== 'string') return false;
  if (images !== undefined && images !== null && !isIdentity(images)) return false;
  if (version !== journalVersion || !isText(tool) || typeof metadata !== 'boolean') return false;
  if (!isObject(model) || ![model['name'], model['sha256']].every(isText)) return false;
  return isObject(machine) && Object.values(machine).every(isText) && isObject(options);
}

function isRow(value: unknown): value is JournalRow {
  if (!isObject(value)) return false;
  const { name, identity, score, error, sampled, own, outputs, clippedFrom, files } = value;
  if (!isText(name) || !isIdentity(identity) || !isRowKey(own)) return false;
  if (sampled !== undefined && !isSample(sampled)) return false;
  if (outputs !== undefined && !(Array.isArray(outputs) && outputs.every(Number.isFinite))) return false;
  if (files !== undefined && !(Array.isArray(files) && files.every(isText))) return false;
  if (clippedFrom !== undefined && typeof clippedFrom !== 'number') return false;
  const scored = typeof score === 'number' && error === null;
  return scored || (score === null && isErrorCode(error));
}

function isIdentity(value: unknown): boolean {
  if (!isObject(value) || ![value['size'], value['mtimeNs'], value['inode']].every(isText)) return false;
  return value['filesDigest'] === undefined || isText(value['filesDigest']);
}

const isListOf = (value: unknown, length: number, isOne: (one: unknown) => boolean): boolean =>
  Array.isArray(value) && value.length === length && value.every(isOne);
const isNumberOrNull = (value: unknown): boolean => value === null || Number.isFinite(value);

function isGroup(value: unknown): value is JournalGroup {
  if (!isObject(value)) return false;
  const { names, scores, errors, files, outputs, clipped, notes } = value;
  if (!Array.isArray(names) || ![names, errors, clipped, notes].every(Array.isArray)) return false;
  const count = names.length;
  const isPlace = (at: unknown): boolean => Number.isSafeInteger(at) && Number(at) >= 0 && Number(at) < count;
  const isNoted = (one: unknown, holds: (what: unknown) => boolean): boolean =>
    Array.isArray(one) && one.length === 2 && isPlace(one[0]) && holds(one[1]);
  if (!isListOf(names, count, isText) || !isListOf(scores, count, isNumberOrNull)) return false;
  if (files !== undefined && !isListOf(files, count, isText)) return false;
  const isColumn = (each: unknown): boolean => isListOf(each, count, isNumberOrNull);
  if (outputs !== undefined && !(Array.isArray(outputs) && outputs.every(isColumn))) return false;
  if (!(clipped as unknown[]).every(isPlace)) return false;
  if (!(notes as unknown[]).every((one) => isNoted(one, isText))) return false;
  if (!(errors as unknown[]).every((one) => isNoted(one, isErrorCode))) return false;
  // A failure has its code, and nothing else has one.
  const failed = new Set((errors as JournalGroup['errors']).map(([at]) => at));
  return (scores as JournalGroup['scores']).every((score, at) => (score === null) === failed.has(at));
}

function isRowKey(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { slideMpp, clinical, openslide, warned, options } = value;
  if (openslide !== undefined && !isText(openslide)) return false;
  if (clinical !== undefined && !(isObject(clinical) && Object.values(clinical).every(isText))) return false;
  return (slideMpp === null || typeof slideMpp === 'number') && typeof warned === 'boolean' && isObject(options);
}

function isSample(value: unknown): boolean {
  if (!isObject(value)) return false;
  return [value['tiles'], value['of'], value['seed']].every(Number.isSafeInteger) && isText(value['reason']);
}

/** One text per difference, each naming both sides. Empty: the same. */
export function keyDifferences(was: JournalKey, now: JournalKey): string[] {
  const found: string[] = [];
  const compare = (what: string, before: string, after: string): void => {
    if (before !== after) found.push(`${what} was ${before} and is ${after}`);
  };
  compare('the version of microtome', was.tool, now.tool);
  if (was.model.sha256 !== now.model.sha256) compare('the model', modelText(was), modelText(now));
  for (const name of namesOf(was.machine, now.machine)) {
    compare(name, was.machine[name] ?? 'unknown', now.machine[name] ?? 'unknown');
  }
  // One that is given for the first time changes the rows that it says something of; one that is gone was forgotten.
  if (was.metadata && !now.metadata) compare('the metadata file', 'given', `not given (${optionMark('metadata')})`);
  compare('what is scored', imagesText(was), imagesText(now));
  const clinicalText = ({ clinical }: JournalKey): string => (clinical === undefined ? 'none' : `SHA-256 ${clinical}`);
  compare('the metadata that the model reads', clinicalText(was), clinicalText(now));
  for (const name of namesOf(was.options, now.options)) {
    const [before, after] = [was.options[name], now.options[name]];
    const isOtherContent = isDigest(before) && isDigest(after) && before !== after;
    if (isOtherContent) found.push(`the content of ${optionMark(name)} is not what it was`);
    else compare(`the option ${optionMark(name)}`, valueText(before), valueText(after));
  }
  return found;
}

/** A file that was written to since may have the size that it had. */
function imagesText({ images }: JournalKey): string {
  if (images === undefined) return 'slides';
  if (images === null) return 'image files';
  return `a file of ${images.size} bytes of images (modified at ${images.mtimeNs} ns, inode ${images.inode})`;
}

function namesOf(was: object, now: object): string[] {
  return [...new Set([...Object.keys(was), ...Object.keys(now)])].sort();
}

/** The name tells most models apart; of the same name, the files do. */
function modelText({ model: { name, sha256: hash } }: JournalKey): string {
  return `${JSON.stringify(name)} (sha256 ${hash.slice(0, 12)}…)`;
}

function isDigest(value: Json | undefined): boolean {
  return typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value);
}

/** The value of an option in a message. */
export function valueText(value: Json | undefined): string {
  if (value === undefined) return 'not given';
  if (isDigest(value)) return 'given';
  const text = JSON.stringify(value);
  return text.length <= 80 ? text : `${text.slice(0, 60)}…`;
}

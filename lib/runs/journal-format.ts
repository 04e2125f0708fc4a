/**
 * The journal's lines. Each is one JSON object `{"sum":"<16 hex>","head":{…}}` or `{"sum":"<16 hex>","row":{…}}`; the sum
 * is the start of the SHA-256 of what follows the first comma, so that a damaged line is told from a whole one without
 * trusting its content. Numbers survive exactly: JSON writes the shortest text that reads back to the same double.
 */
import type { ErrorCode } from '../core/errors.js';
import { isErrorCode } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import type { TileSample } from '../scoring/result.js';
import { sha256, type Json } from './canonical.js';
import type { SlideIdentity } from './slide-files.js';

/** What a journal belongs to. A resumed run must agree in all of it. */
export interface JournalKey {
  readonly tool: string;
  readonly model: string;
  /** Of the format file; null where the folder's names are the rows. */
  readonly format: string | null;
  readonly metadata: string | null;
  /** Of the names of all rows, in order. */
  readonly rows: string;
  /** Whatever else can change a score, by option name. */
  readonly options: { readonly [name: string]: Json };
}

export interface JournalRow {
  /** 0-based row of the output. */
  readonly index: number;
  readonly name: string;
  readonly identity: SlideIdentity;
  /** As in the result of the slide; null where the slide failed. */
  readonly score: number | null;
  readonly error: ErrorCode | null;
  /** Only where the deadline left the slide a part of its tiles. */
  readonly sampled?: TileSample;
  /** Only where the range made another number of the score: what it was before. */
  readonly clippedFrom?: number;
}

export type JournalLine = { readonly head: JournalKey } | { readonly row: JournalRow };

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
  const { head, row } = value as { head?: unknown; row?: unknown };
  if (isKey(head)) return { head };
  return isRow(row) ? { row } : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isTextOrNull = (value: unknown): boolean => value === null || isText(value);

function isKey(value: unknown): value is JournalKey {
  if (!isObject(value)) return false;
  const { tool, model, format, metadata, rows, options } = value;
  return [tool, model, rows].every(isText) && [format, metadata].every(isTextOrNull) && isObject(options);
}

function isRow(value: unknown): value is JournalRow {
  if (!isObject(value)) return false;
  const { index, name, identity, score, error, sampled, clippedFrom } = value;
  if (!Number.isSafeInteger(index) || !isText(name) || !isObject(identity)) return false;
  if (![identity['size'], identity['mtimeNs'], identity['inode']].every(isText)) return false;
  if (sampled !== undefined && !isSample(sampled)) return false;
  if (clippedFrom !== undefined && typeof clippedFrom !== 'number') return false;
  const scored = typeof score === 'number' && error === null;
  return scored || (score === null && isErrorCode(error));
}

function isSample(value: unknown): boolean {
  if (!isObject(value)) return false;
  return [value['tiles'], value['of'], value['seed']].every(Number.isSafeInteger) && isText(value['reason']);
}

/** One text per difference, each naming both sides. Empty: the same. */
export function keyDifferences(was: JournalKey, now: JournalKey): string[] {
  const found: string[] = [];
  const compare = (what: string, a: Json, b: Json): void => {
    const text = (value: Json): string => (value === notGiven ? notGiven : JSON.stringify(value));
    const [before, after] = [text(a), text(b)];
    if (before !== after) found.push(`${what} was ${shortened(before)} and is ${shortened(after)}`);
  };
  compare('the version of microtome', was.tool, now.tool);
  compare('the model', was.model, now.model);
  compare('the format file', was.format, now.format);
  compare('the metadata file', was.metadata, now.metadata);
  compare('the list of rows', was.rows, now.rows);
  const names = new Set([...Object.keys(was.options), ...Object.keys(now.options)]);
  for (const name of [...names].sort()) {
    compare(`the option ${optionMark(name)}`, was.options[name] ?? notGiven, now.options[name] ?? notGiven);
  }
  return found;
}

const notGiven = 'not given';

function shortened(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 60)}…`;
}

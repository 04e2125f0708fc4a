/**
 * What the whole run is, as each of its shards finds out for itself: the rows, the model, the options, the number of shards.
 * The first shard writes it to `shards.json`; every other one must find the same there, but for the name of the model. Neither a path nor the name of a
 * machine is in it: shards may see the files under different paths.
 */
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import { toolVersion } from '../core/version.js';
import type { Model } from '../model/model.js';
import { optionsOfModel } from '../model/told-options.js';
import { fixedDefault } from '../options/describe.js';
import { optionRows } from '../options/table.js';
import { canonical, sha256, toJson, type Json } from '../runs/canonical.js';
import { outputHeader } from '../runs/columns.js';
import { valueText } from '../runs/journal-format.js';
import type { WholeRow, WholeRun } from '../runs/part.js';
import { keyOptions, partialValues } from '../runs/run-key.js';
import { rowsName } from './names.js';
import { rowsDigest } from './row-list.js';
import { isCount, isDigest, isObject, isText, isTexts } from './small-json.js';

export const manifestVersion = 1;

/** How rows are given to shards. */
const kAssignment = 'bytes, the largest first';

export interface ShardManifest {
  readonly version: typeof manifestVersion;
  readonly tool: string;
  readonly kind: WholeRun['kind'];
  /** Number of shards. */
  readonly count: number;
  readonly assignment: string;
  readonly rows: { readonly count: number; readonly file: string; readonly sha256: string };
  /** Of the table. */
  readonly columns: readonly string[];
  readonly model: { readonly name: string; readonly sha256: string };
  /** Options that scores or the table depend on, with other values than their defaults. */
  readonly options: { readonly [name: string]: Json };
  readonly metadataSha256: string | null;
  readonly imageFile: WholeRun['imageFile'];
}

/** Options that no score depends on, and the table does. */
export const tableOptions: readonly string[] = [
  'preset',
  'idColumn',
  'valueColumn',
  'allOutputs',
  'statusColumn',
  'onMissing',
  'onError',
  'fallback',
  'licenses',
];

/** Members of `gpu` that scores depend on: what the shards ask for, whatever each one's device then does. */
export const precisionOptions: readonly string[] = ['tf32', 'fp16'];

type Known = Readonly<Record<string, unknown>>;

function askedPrecision({ gpu }: Known): Record<string, Json> {
  const asked = typeof gpu === 'object' && gpu !== null ? (gpu as Known) : {};
  return Object.fromEntries(
    precisionOptions.filter((name) => asked[name] === true).map((name) => [`gpu.${name}`, true]),
  );
}

function givenTableOptions(given: Known): Record<string, Json> {
  const options: Record<string, Json> = {};
  for (const name of tableOptions) {
    const value = toJson(given[name] ?? null);
    const row = optionRows.find(
      (each) => each.name === name && each.in.some((in_) => in_ === 'run' || in_ === 'images'),
    );
    const isDefault = canonical(value) === canonical(row === undefined ? null : (fixedDefault(row.default) ?? null));
    if (value !== null && !isDefault) options[name] = value;
  }
  return options;
}

export async function makeManifest(
  whole: WholeRun,
  model: Model,
  count: number,
  signal: AbortSignal,
): Promise<ShardManifest> {
  const rowsSha256 = await rowsDigest(whole.rows, signal);
  const given: Known = { ...optionsOfModel(model), ...whole.given };
  const { name, sha256: modelSha256 } = model;
  return {
    version: manifestVersion,
    tool: toolVersion,
    kind: whole.kind,
    count,
    assignment: kAssignment,
    rows: { count: whole.rows.length, file: rowsName(rowsSha256), sha256: rowsSha256 },
    columns: outputHeader(whole.header, whole.columns, model),
    model: { name, sha256: modelSha256 },
    options: {
      ...(await keyOptions(given, optionRows, signal)),
      ...partialValues(given),
      ...givenTableOptions(given),
      ...askedPrecision(given),
    },
    metadataSha256: whole.metadataSha256,
    imageFile: whole.imageFile,
  };
}

/** The file. Equal manifests have equal text. */
export function manifestText(manifest: ShardManifest): string {
  return `${JSON.stringify(toJson(manifest), null, 2)}\n`;
}

export function manifestDigest(manifest: ShardManifest): string {
  return sha256(manifestText(manifest));
}

/** Whether they describe the same run. The name of a model comes of its file, and decides nothing. */
export function isSameRun(a: ShardManifest, b: ShardManifest): boolean {
  const text = (of: ShardManifest): string => canonical(toJson({ ...of, model: of.model.sha256 }));
  return text(a) === text(b);
}

/** Null: it is none of this version. */
export function manifestOf(value: Known): ShardManifest | null {
  const { version, tool, kind, count, assignment, rows, columns, model, options, metadataSha256, imageFile } = value;
  if (version !== manifestVersion || !isText(tool) || (kind !== 'slides' && kind !== 'images')) return null;
  if (!isCount(count) || count < 1 || count > 99999 || assignment !== kAssignment) return null;
  if (!isObject(rows) || !isCount(rows['count']) || !isDigest(rows['sha256'])) return null;
  // The name follows from the digest: no path is taken from a file.
  if (rows['file'] !== rowsName(rows['sha256'])) return null;
  if (!isTexts(columns) || columns.length < 2 || !isObject(options)) return null;
  if (!isObject(model) || !isText(model['name']) || !isDigest(model['sha256'])) return null;
  if (metadataSha256 !== null && !isDigest(metadataSha256)) return null;
  if (imageFile !== null && !(isObject(imageFile) && isText(imageFile['bytes']) && isText(imageFile['modifiedNs'])))
    return null;
  return value as unknown as ShardManifest;
}

/** What two manifests do not have in common, each text naming both sides; of the rows that alone that they differ. */
export function manifestDifferences(was: ShardManifest, now: ShardManifest): string[] {
  const found: string[] = [];
  const compare = (what: string, before: string, after: string): void => {
    if (before !== after) found.push(`${what} was ${before} and is ${after}`);
  };
  compare('the version of microtome', was.tool, now.tool);
  compare('the number of shards', String(was.count), String(now.count));
  compare('what is scored', was.kind, now.kind);
  if (was.model.sha256 !== now.model.sha256) compare('the model', modelText(was), modelText(now));
  for (const name of [...new Set([...Object.keys(was.options), ...Object.keys(now.options)])].sort()) {
    const [before, after] = [was.options[name], now.options[name]];
    if (canonical(before) === canonical(after)) continue;
    const texts = [valueText(before), valueText(after)] as const;
    // Two digests are both called "given".
    if (texts[0] === texts[1]) found.push(`the content of ${optionMark(name)} is not what it was`);
    else found.push(`the option ${optionMark(name)} was ${texts[0]} and is ${texts[1]}`);
  }
  if (was.metadataSha256 !== now.metadataSha256)
    found.push(fileText('metadata', was.metadataSha256, now.metadataSha256));
  if (canonical(was.imageFile) !== canonical(now.imageFile))
    found.push('the file of the images was written to, or is another');
  compare('the columns of the table', JSON.stringify(was.columns), JSON.stringify(now.columns));
  if (was.rows.sha256 !== now.rows.sha256)
    found.push(`the list of ${was.kind} is another (${was.rows.count} rows, now ${now.rows.count})`);
  return found.length > 0 ? found : ['it is written in another way'];
}

function modelText({ model }: ShardManifest): string {
  return `${JSON.stringify(model.name)} (sha256 ${model.sha256.slice(0, 12)}…)`;
}

function fileText(option: string, was: string | null, now: string | null): string {
  if (was === null) return `${optionMark(option)} was not given`;
  return now === null ? `${optionMark(option)} was given` : `the content of ${optionMark(option)} is not what it was`;
}

/** In a message; the others are counted. */
const kMostNamed = 10;

/** How two lists of rows differ, in words. */
export function rowDifferences(was: readonly WholeRow[], now: readonly WholeRow[]): string[] {
  const before = new Map(was.map((row) => [row.name, row]));
  const names = new Set(now.map(({ name }) => name));
  const found: string[] = [];
  for (const row of now) {
    const old = before.get(row.name);
    const shown = JSON.stringify(row.name);
    if (old === undefined) found.push(`${shown} is new`);
    else if (old.bytes !== row.bytes) found.push(`${shown} had ${sizeText(old)} and has ${sizeText(row)}`);
    else if (old.etagDigest !== row.etagDigest) found.push(`${shown} was replaced (its ETag is another one)`);
    else if (old.modifiedNs !== row.modifiedNs || old.filesDigest !== row.filesDigest)
      found.push(`${shown} was modified since`);
  }
  for (const { name } of was) if (!names.has(name)) found.push(`${JSON.stringify(name)} is not there any more`);
  if (found.length === 0) return ['the rows are in another order'];
  const more = found.length - kMostNamed;
  return more > 0 ? [...found.slice(0, kMostNamed), `and ${more} more`] : found;
}

function sizeText({ bytes }: WholeRow): string {
  return bytes === null ? 'no file' : `${bytes} bytes`;
}

const kSameForAll = `give all shards of a run the same files, model and options, or choose another ${optionMark('output')}`;

export function conflict(path: string, differences: readonly string[], advice: string = kSameForAll): MicrotomeError {
  const more = differences.length - kMostNamed;
  const named = more > 0 ? [...differences.slice(0, kMostNamed), `and ${more} more`] : differences;
  const found = `${path} is of another run: ${named.join('; ')}`;
  return new MicrotomeError('SHARD_CONFLICT', 'csv', found, { path, advice });
}

export function notAManifest(path: string, found: string): MicrotomeError {
  const whole = `${path} does not describe a run of this version of microtome: ${found}`;
  const advice = `choose another ${optionMark('output')}, or remove the folder`;
  return new MicrotomeError('SHARD_CONFLICT', 'csv', whole, { path, advice });
}

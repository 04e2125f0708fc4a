/** The rows of the parts in the order of the run, each exactly once. */
import { MicrotomeError } from '../core/errors.js';
import { Turns } from '../core/turns.js';
import { headerLine, quotedCell } from '../runs/csv-write.js';
import { readCsv } from '../runs/csv-read.js';
import { shown } from '../runs/names.js';
import type { WholeRow } from '../runs/part.js';
import { assignBySize } from './assignment.js';
import type { ShardManifest } from './manifest.js';
import { partName } from './names.js';
import { damagedPart } from './part-record.js';
import type { FoundPart } from './read-parts.js';

export interface JoinedParts {
  readonly columns: readonly string[];
  /** With their line ends; those that were left out are not there. */
  readonly lines: readonly string[];
}

/** In a message; the others are counted. */
const kMostNamed = 20;

/** Throws SHARD_CONFLICT, ROWS_MISMATCH, CSV_INVALID. */
export async function joinParts(
  folder: string,
  manifest: ShardManifest,
  rows: readonly WholeRow[],
  parts: readonly FoundPart[],
  signal: AbortSignal | null,
): Promise<JoinedParts> {
  const turns = new Turns(signal);
  const shardOf = await assignBySize(
    rows.map(({ bytes }) => bytes),
    manifest.count,
    signal,
  );
  const places = new Map<string, number>();
  for (const [place, { name }] of rows.entries()) {
    places.set(name, place);
    if (turns.isOver) await turns.next();
  }
  /** By row: its line; empty: it was left out. */
  const lines = new Array<string | undefined>(rows.length);
  const problems: string[] = [];
  for (const part of parts) {
    const take = (name: string, line: string): void => {
      const place = places.get(name);
      if (place === undefined) problems.push(`${shown(name)} is unknown (${label(part)})`);
      else if (lines[place] !== undefined) problems.push(`${shown(name)} is there twice (${label(part)})`);
      else if (shardOf[place] !== part.index)
        problems.push(`${shown(name)} is a row of shard ${shardOf[place]} (${label(part)})`);
      else lines[place] = line;
    };
    for (const cells of await cellsOf(part, manifest)) {
      take(cells[0] ?? '', `${cells.map(quotedCell).join(',')}\n`);
      if (turns.isOver) await turns.next();
    }
    for (const name of part.record.skipped) take(name, '');
  }
  for (const [place, { name }] of rows.entries()) {
    if (lines[place] === undefined) problems.push(`${shown(name)} is missing`);
    if (turns.isOver) await turns.next();
  }
  if (problems.length > 0) throw mismatch(folder, problems);
  return { columns: manifest.columns, lines: lines.filter((line) => line !== undefined && line !== '') as string[] };
}

function label({ index, record }: FoundPart): string {
  return partName(index, record.count);
}

/** Throws SHARD_CONFLICT where the table is not the one that the shard wrote. */
async function cellsOf(
  { files, record }: FoundPart,
  { columns }: ShardManifest,
): Promise<readonly (readonly string[])[]> {
  const table = await readCsv(files.table).catch((error: unknown) => {
    if (error instanceof MicrotomeError && error.code === 'CSV_INVALID')
      throw damagedPart(files.table, `it is no table any more (${error.message})`);
    throw error;
  });
  if (table.sha256 !== record.table.sha256) throw damagedPart(files.table, 'its digest is not that of its record');
  if (headerLine(table.header) !== headerLine(columns)) throw damagedPart(files.table, 'its columns are others');
  return table.rows.map(({ cells }) => cells);
}

function mismatch(folder: string, problems: readonly string[]): MicrotomeError {
  const more = problems.length > kMostNamed ? `; and ${problems.length - kMostNamed} more` : '';
  const found = `the parts in ${folder} are not the rows of the run: ${problems.slice(0, kMostNamed).join('; ')}${more}`;
  const advice = 'remove the files of the parts that are named, and run their shards again';
  return new MicrotomeError('ROWS_MISMATCH', 'csv', found, { path: folder, advice });
}

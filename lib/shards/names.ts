/** Names of the files in the folder of the parts. */
import { join } from 'node:path';

/** What the whole run is; see manifest.ts. */
export const manifestName = 'shards.json';

/** As many as the largest count has, so that names sort as numbers do. */
const kDigits = 5;

const padded = (value: number): string => String(value).padStart(kDigits, '0');

/** Without an ending. */
export function partName(index: number, count: number): string {
  return `part-${padded(index)}-of-${padded(count)}`;
}

/** The files of one part. */
export interface PartFiles {
  /** The rows. */
  readonly table: string;
  /** What the table is: its digest, and what it does not say; see part-record.ts. */
  readonly record: string;
  /** How it was made: lib/outputs/run-record.ts. */
  readonly runRecord: string;
}

export function partFiles(folder: string, index: number, count: number): PartFiles {
  const path = join(folder, partName(index, count));
  return { table: `${path}.csv`, record: `${path}.json`, runRecord: `${path}.run.json` };
}

const kPart = /^part-(\d{5})-of-(\d{5})\.(csv|json|csv\.journal|csv\.lock)$/;

export interface NamedPart {
  readonly index: number;
  readonly count: number;
  readonly kind: 'csv' | 'json' | 'csv.journal' | 'csv.lock';
}

/** What a file in the folder is, by its name; null: none of a part's files, or its run record. */
export function namedPart(file: string): NamedPart | null {
  const [, index, count, kind] = kPart.exec(file) ?? [];
  return kind === undefined ? null : { index: Number(index), count: Number(count), kind: kind as NamedPart['kind'] };
}

/** The rows of the whole run, by the digest of the file: whoever writes it writes the same bytes. */
export function rowsName(sha256: string): string {
  return `rows-${sha256.slice(0, 16)}.jsonl`;
}

/** "0, 3, 5 to 9"; at most some of them. */
export function indexText(indices: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const index of indices) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] === index - 1) run[1] = index;
    else runs.push([index, index]);
  }
  const kMost = 20;
  const texts = runs.slice(0, kMost).map(([first, last]) => {
    if (first === last) return `${first}`;
    return last === first + 1 ? `${first}, ${last}` : `${first} to ${last}`;
  });
  return runs.length > kMost ? `${texts.join(', ')} and more` : texts.join(', ');
}

/** The parts in a folder: that each is there, whole, finished, and of the run. */
import { MicrotomeError } from '../core/errors.js';
import { ioFailure } from '../runs/failure.js';
import type { FileSystem } from '../runs/file-system.js';
import type { ShardManifest } from './manifest.js';
import { indexText, namedPart, partFiles, partName, type NamedPart, type PartFiles } from './names.js';
import { damagedPart, readPartRecord, type PartRecord } from './part-record.js';

export interface FoundPart {
  readonly index: number;
  readonly files: PartFiles;
  readonly record: PartRecord;
}

/** In the order of their indices. Throws SHARD_MISSING, SHARD_CONFLICT. */
export async function findParts(
  folder: string,
  manifest: ShardManifest,
  sha256: string,
  fs: FileSystem,
): Promise<readonly FoundPart[]> {
  const names = await fs.readdir(folder).catch((error: unknown) => {
    throw ioFailure(error, 'read the folder', folder);
  });
  const { count } = manifest;
  const named = names.map(namedPart).filter((part) => part !== null);
  refuseOtherCounts(folder, named, count);
  const has = (kind: NamedPart['kind']): ReadonlySet<number> =>
    new Set(named.filter((part) => part.kind === kind).map(({ index }) => index));
  refuseMissing(folder, count, has('csv'), has('csv.journal'), has('csv.lock'));
  const found: FoundPart[] = [];
  for (let index = 0; index < count; ++index) {
    const files = partFiles(folder, index, count);
    const record = await readPartRecord(files.record, fs);
    if (record === null) throw damagedPart(files.table, `its record ${files.record} is not there`);
    if (record.manifest !== sha256) throw foreign(files.table, 'its record has the digest of another shards.json');
    if (record.index !== index || record.count !== count)
      throw foreign(files.table, `its record is of shard ${record.index} of ${record.count}`);
    found.push({ index, files, record });
  }
  return found;
}

export function foreign(path: string, found: string): MicrotomeError {
  const advice = 'remove the files of this part, and run its shard of this run again';
  return new MicrotomeError('SHARD_CONFLICT', 'csv', `the part ${path} is of another run: ${found}`, { path, advice });
}

function refuseOtherCounts(folder: string, named: readonly NamedPart[], count: number): void {
  const other = named.find((part) => part.count !== count || part.index >= count);
  if (other === undefined) return;
  const name = `${partName(other.index, other.count)}.${other.kind}`;
  const found = `${folder} has ${name}, of a run of ${other.count} shards, and shards.json says ${count}`;
  const advice = 'remove that file, or keep the parts of each run in a folder of its own';
  throw new MicrotomeError('SHARD_CONFLICT', 'csv', found, { path: folder, advice });
}

function refuseMissing(
  folder: string,
  count: number,
  tables: ReadonlySet<number>,
  journals: ReadonlySet<number>,
  locks: ReadonlySet<number>,
): void {
  const missing: number[] = [];
  const unfinished: number[] = [];
  for (let index = 0; index < count; ++index) {
    // A table beside a journal may be that of before.
    if (journals.has(index) || (locks.has(index) && !tables.has(index))) unfinished.push(index);
    else if (!tables.has(index)) missing.push(index);
  }
  if (missing.length + unfinished.length === 0) return;
  const found = [
    ...(missing.length > 0 ? [`${missing.length} of ${count} parts are missing: ${indexText(missing)}`] : []),
    ...(unfinished.length > 0 ? [`${unfinished.length} of ${count} are not finished: ${indexText(unfinished)}`] : []),
  ].join('; ');
  const advice = 'run the shards that are named, then merge again';
  throw new MicrotomeError('SHARD_MISSING', 'csv', `${folder}: ${found}`, { path: folder, advice });
}

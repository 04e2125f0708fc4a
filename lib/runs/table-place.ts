/** Where a table of a run is read: a file of this machine, or an object at an address. */
import { foundBy, MicrotomeError } from '../core/errors.js';
import { piecesOf } from '../core/regular-file.js';
import { isReadable, isS3, shownPath } from '../core/remote-address.js';
import { optionMark } from '../core/option-names.js';
import { contradiction } from '../options/check.js';
import { isFolderAddress, parseAddress } from '../storage/address.js';
import { piecesOfObject } from '../storage/object-pieces.js';
import type { StorageSettings } from '../storage/options.js';
import { RemoteSlide } from '../storage/remote-slide.js';
import { csvInvalid, ioFailure } from './failure.js';
import type { FileSystem } from './file-system.js';

/** An object that is read as a table. */
export interface RemoteTable {
  readonly object: RemoteSlide;
  readonly storage: StorageSettings | null;
  readonly signal: AbortSignal | null;
}

/** A path, or an object. */
export type TablePlace = string | RemoteTable;

/** What messages call it: without what may be secret in an address. */
export function shownPlace(place: TablePlace): string {
  return typeof place === 'string' ? place : place.object.name;
}

/** Null: there is none. `given`: a path, or an address. Throws INVALID_OPTION. */
export function tablePlace(
  option: 'format' | 'metadata',
  given: string | null,
  storage: StorageSettings | null,
  signal: AbortSignal | null,
): TablePlace | null {
  if (given === null || !isReadable(given)) return given;
  const address = parseAddress(given);
  if (address.kind === 's3' && isFolderAddress(address)) {
    const found = `${optionMark(option)} ${address.shown} is a bucket or a folder of one`;
    throw new MicrotomeError('INVALID_OPTION', 'options', found, {
      path: address.shown,
      advice: 'name an object, such as s3://bucket/format.csv',
    });
  }
  // Each reading is of the object as it is then: a copy of blocks would be of no use to the next run.
  return { object: new RemoteSlide(address), storage: withoutCache(storage), signal };
}

function withoutCache(storage: StorageSettings | null): StorageSettings | null {
  if (storage === null) return null;
  const { cacheFolder: _, cacheBytes: __, ...rest } = storage;
  return rest as StorageSettings;
}

/** The run would read a table at an address and then put its own there. Throws INVALID_OPTION. */
export function refuseOutputAsTable(
  output: string | null,
  tables: { readonly format: string | null; readonly metadata: string | null },
): void {
  if (output === null || !isS3(output)) return;
  const shown = shownPath(output);
  for (const [option, table] of Object.entries(tables)) {
    if (table !== null && isS3(table) && shownPath(table) === shown)
      throw contradiction(`${optionMark('output')} and ${optionMark(option)} are both ${shown}`);
  }
}

/** The bytes in pieces, which are worth something only when the generator has ended. Throws CSV_INVALID, and what reading throws. */
export async function* piecesOfTable(
  place: TablePlace,
  maxBytes: number,
  fs: FileSystem,
): AsyncGenerator<Uint8Array, void, undefined> {
  const path = shownPlace(place);
  const refuse = (found: string): MicrotomeError => csvInvalid(path, null, found);
  try {
    if (typeof place === 'string') yield* piecesOf(place, { maxBytes, refuse, fs });
    else yield* piecesOfObject(place.object, { maxBytes, refuse, settings: place.storage, signal: place.signal });
  } catch (error) {
    throw typeof place === 'string' ? ioFailure(error, 'read', path) : ofTable(error, path);
  }
}

/** The storage speaks of slides. */
function ofTable(error: unknown, path: string): unknown {
  if (!(error instanceof MicrotomeError) || error.stage !== 'slide') return error;
  const { code, advice } = error;
  if (code === 'NOT_A_SLIDE') return csvInvalid(path, 1, 'an empty file, expected a header line');
  return new MicrotomeError(code, 'csv', foundBy(error), { path, advice: advice.replaceAll('slide', 'file') });
}
